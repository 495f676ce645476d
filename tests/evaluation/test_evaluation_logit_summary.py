"""Confidence, margin and agreement against plain definitions."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from handbone.evaluation.logit_summary import Agreement, summarise_logits


def logits(seed, classes=3, size=(13, 17)):
    return 3 * torch.randn(classes, *size, generator=torch.Generator().manual_seed(seed)) - 1


@settings(max_examples=40, deadline=None)
@given(views=st.integers(2, 6), seed=st.integers(0, 10**6), threshold=st.floats(0.1, 0.9))
def test_agreement_is_the_dice_of_all_pairs(views, seed, threshold):
    given_views = [logits(seed + number) for number in range(views)]
    given_views[0][2] = -50
    agreement = Agreement(threshold)
    for each in given_views:
        agreement.add(each[None])
    masks = [each.sigmoid() > threshold for each in given_views]
    both = areas = 0
    for first, second in itertools.combinations(masks, 2):
        both = both + 2 * (first & second).sum(dim=(1, 2)).double()
        areas = areas + (first.sum(dim=(1, 2)) + second.sum(dim=(1, 2))).double()
    expected = torch.where(areas > 0, both / areas.clamp_min(1), 1.0)
    np.testing.assert_allclose(agreement.of_classes()[0], expected, rtol=1e-12)


def test_agreement_of_equal_masks_of_no_masks_and_of_one_view():
    agreement = Agreement()
    one = logits(1)
    one[1] = -9
    agreement.add(one)
    assert np.isnan(agreement.of_classes()).all()
    agreement.add(one)
    assert agreement.of_classes().tolist() == [1, 1, 1]


def test_only_pixels_that_all_views_see_count():
    agreement, inside = Agreement(), Agreement()
    seen = torch.zeros(13, 17)
    seen[2:9, 3:11] = 1
    for seed in range(3):
        agreement.add(logits(seed), seen if seed else None)
        inside.add(logits(seed)[:, 2:9, 3:11])
    np.testing.assert_array_equal(agreement.of_classes(), inside.of_classes())


def test_exclusive_classes_have_the_largest_logit_only():
    values = torch.tensor([[[3.0, 1.0]], [[2.0, 2.0]]])
    summary = summarise_logits(values, exclusive=True)
    np.testing.assert_allclose(summary.confidence, torch.tensor([3.0, 2.0]).sigmoid(), rtol=1e-6)
    agreement = Agreement(exclusive=True)
    agreement.add(values)
    agreement.add(values.flip(0))
    assert agreement.of_classes().tolist() == [0.0, 0.0]


@pytest.mark.parametrize('temperature', [1.0, 1.7])
def test_confidence_and_margin(temperature):
    values = logits(5)
    values[2] = -9
    summary = summarise_logits(values, [0.5, 0.3, 0.5], [temperature] * 3)
    for index, threshold in ((0, 0.5), (1, 0.3)):
        mask = values[index].sigmoid() > threshold
        warm = (values[index].double() / temperature).sigmoid()
        assert summary.confidence[index] == pytest.approx(warm[mask].mean().item())
        margin = ((warm > 0.1) & (warm < 0.9)).sum() / mask.sum()
        assert summary.margin[index] == pytest.approx(margin.item())
    assert np.isnan(summary.confidence[2]) and np.isnan(summary.margin[2])
    assert np.isnan(summary.agreement).all()
    assert summary.with_agreement(np.ones(3)).agreement.tolist() == [1, 1, 1]
