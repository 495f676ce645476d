"""Similarity transforms between a template and points, some of which are wrong."""

import math

import numpy as np
import pytest
import torch

import handbone.regions  # noqa: F401
from handbone.errors import HandboneError
from handbone.regions import Masses, TemplateRegion, fit_similarity, whole_image


def random_case(seed, count=12, mirrored=False):
    generator = np.random.default_rng(seed)
    template = generator.uniform(0, 200, (count, 2))
    angle, scale = generator.uniform(-math.pi, math.pi), math.exp(generator.uniform(-2, 2))
    linear = scale * np.array(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    )
    if mirrored:
        linear = linear @ np.diag([1.0, -1.0])
    matrix = np.column_stack([linear, generator.uniform(-500, 500, 2)])
    points = template @ linear.T + matrix[:, 2]
    return generator, *(torch.from_numpy(each).float() for each in (template, points, matrix))


@pytest.mark.parametrize('mirrored', [False, True])
@pytest.mark.parametrize('seed', range(8))
def test_exact_points_give_their_transform(seed, mirrored):
    _, template, points, matrix = random_case(seed, mirrored=mirrored)
    side = -1.0 if mirrored else 1.0
    fit = fit_similarity(template, points[None], torch.ones(1, len(points)), side)
    scale = matrix[:, :2].norm()
    torch.testing.assert_close(fit.matrices[0] / scale, matrix / scale, atol=1e-3, rtol=1e-3)
    assert (fit.support > 0.99).all()


@pytest.mark.parametrize('seed', range(20))
def test_a_quarter_of_wrong_points_does_not_matter(seed):
    generator, template, points, matrix = random_case(seed)
    wrong = generator.permutation(12)[:3]
    scale = float(matrix[:, :2].norm()) / math.sqrt(2)
    points[wrong] += scale * torch.from_numpy(generator.uniform(-250, 250, (3, 2))).float()
    fit = fit_similarity(template, points[None], torch.ones(1, 12))
    moved = template @ fit.matrices[0, :, :2].T + fit.matrices[0, :, 2]
    exact = template @ matrix[:, :2].T + matrix[:, 2]
    assert (moved - exact).norm(dim=1).max() / scale < 12  # of an extent of about 280


def test_points_without_weight_have_no_effect_and_no_support():
    _, template, points, matrix = random_case(5)
    weights = torch.ones(1, 12)
    weights[0, 3:6] = 0
    points[3:6] = 0
    fit = fit_similarity(template, points[None], weights)
    scale = matrix[:, :2].norm()
    torch.testing.assert_close(fit.matrices[0] / scale, matrix / scale, atol=1e-3, rtol=1e-3)
    assert (fit.support[0, 3:6] == 0).all()


def test_nothing_found_is_finite():
    _, template, points, _ = random_case(5)
    fit = fit_similarity(template, torch.zeros_like(points)[None], torch.zeros(1, 12))
    assert torch.isfinite(fit.matrices).all() and (fit.support == 0).all()


def test_transforms_of_a_batch_are_those_of_its_images():
    cases = [random_case(seed) for seed in (1, 2)]
    template = cases[0][1]
    points = torch.stack([case[2] for case in cases])
    weights = torch.rand(2, 12, generator=torch.Generator().manual_seed(0))
    together = fit_similarity(template, points, weights)
    for index in range(2):
        alone = fit_similarity(template, points[index : index + 1], weights[index : index + 1])
        torch.testing.assert_close(alone.matrices[0], together.matrices[index])


@pytest.mark.parametrize('content', [(100, 200), (300, 50)])
def test_the_whole_image_is_fitted_into_the_view(content):
    matrix = whole_image(torch.tensor(content), (128, 96))
    corners = torch.tensor([[-0.5, -0.5], [127.5, 95.5]]) @ matrix[:, :2].T + matrix[:, 2]
    middle = torch.tensor([content[1], content[0]]) / 2 - 0.5
    torch.testing.assert_close(corners.mean(dim=0), middle)
    sides = corners[1] - corners[0]
    assert (sides >= torch.tensor([content[1], content[0]]) - 1e-3).all()
    assert torch.isclose(sides, torch.tensor([content[1], content[0]]).float()).any()


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(template=[(0, 0), (1, 1)], size=8), 'min_classes'),
        (dict(template=[(0, 0), (1, 1), (0, 1), None], size=8), 'min_classes=4 is from 3 to the 3'),
        (dict(template=[(0, 0), (1, 1), (0, 'x'), (1, 0)], size=8), 'a place is'),
        (dict(template=[(0, 0), (1, 1), (0, 1), (1, 0)], size=(8, 0)), 'size of a region'),
    ],
)
def test_bad_regions_are_refused(settings, message):
    with pytest.raises(HandboneError, match=message):
        TemplateRegion(**settings)


def test_a_tiny_class_weighs_less_than_a_large_one():
    template = [(0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9), (0.5, 0.4)]
    region = TemplateRegion(template, size=100)
    points = region.template.clone()
    points[0] += 5
    for area, error in ((1.0, 0.1), (1e4, 0.5)):
        areas = torch.tensor([[area, 1e4, 1e4, 1e4, 1e4]])
        found = region.locate(
            Masses(points[None], areas, torch.zeros(1, len(points), 4)), torch.tensor([1000, 1000])
        )
        moved = region.template @ found.matrices[0, :, :2].T + found.matrices[0, :, 2]
        distance = float((moved - region.template)[1:].norm(dim=1).mean())
        assert (distance < error) == (area == 1.0)
