"""Logits that an affine matrix places in an image, against a plain interpolation pixel by pixel."""

import math

import numpy as np
import pytest
import torch

from handbone.errors import HandboneError
from handbone.masks import (
    compose,
    inverse,
    logits_to_packed,
    pack,
    place_logits,
    placed_blocks,
    placed_to_packed,
    planes_last,
    scaling,
    unpack,
)


def similarity(angle, scale, shift, mirrored=False):
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    linear = np.array([[cosine, -sine], [sine, cosine]])
    if mirrored:
        linear = linear @ np.diag([-1.0, 1.0])
    return np.column_stack([linear, shift])


def interpolated(logits, matrix, size, content):
    """Full-size logits by four neighbours and their weights, in float64; -inf outside."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float64)
    place = [row[0] * x + row[1] * y + row[2] for row in matrix]
    kept = logits[:, : math.ceil(content[0]), : math.ceil(content[1])].astype(np.float64)
    inside = np.ones(size, bool)
    lower, upper, weight = [], [], []
    for where, length, extent in zip(place, kept.shape[:0:-1], content[::-1], strict=True):
        inside &= (where >= -0.5) & (where <= extent - 0.5)
        clamped = where.clip(0, length - 1)
        lower.append(np.floor(clamped).astype(int))
        upper.append(np.minimum(lower[-1] + 1, length - 1))
        weight.append(clamped - lower[-1])
    top = kept[:, lower[1], lower[0]] * (1 - weight[0]) + kept[:, lower[1], upper[0]] * weight[0]
    low = kept[:, upper[1], lower[0]] * (1 - weight[0]) + kept[:, upper[1], upper[0]] * weight[0]
    return np.where(inside, top * (1 - weight[1]) + low * weight[1], -np.inf)


def random_case(seed):
    generator = np.random.default_rng(seed)
    classes = int(generator.choice([1, 3, 33]))
    shape = (classes, *generator.integers(1, 24, 2))
    logits = generator.normal(scale=3, size=shape).astype(np.float32)
    size = tuple(generator.integers(1, 70, 2).tolist())
    content = tuple(float(side * generator.uniform(0.3, 1)) for side in shape[1:])
    matrix = similarity(
        generator.uniform(-math.pi, math.pi),
        math.exp(generator.uniform(-2, 1)),
        generator.uniform(-20, 30, 2),
        bool(generator.integers(2)),
    )
    return logits, matrix, size, content


@pytest.mark.parametrize('seed', range(25))
def test_labels_are_those_of_one_bilinear_interpolation(seed):
    logits, matrix, size, content = random_case(seed)
    expected = interpolated(logits, matrix, size, content)
    thresholds = np.random.default_rng(seed).uniform(0.1, 0.9, len(logits))
    packed = placed_to_packed(torch.from_numpy(logits), matrix, size, thresholds.tolist(), content)
    found = unpack(planes_last(packed), len(logits)).astype(bool)
    limits = np.log(thresholds / (1 - thresholds))[:, None, None]
    clear = np.abs(expected - limits) > 1e-3
    # whether a pixel on the very border of the logits is inside is a matter of rounding
    assert (found == (expected > limits))[clear].mean() > 0.999
    full = place_logits(torch.from_numpy(logits), matrix, size, -math.inf, content).numpy()
    seen = np.isfinite(expected) & np.isfinite(full)
    assert (np.isfinite(expected) == np.isfinite(full)).mean() > 0.999
    np.testing.assert_allclose(full[seen], expected[seen], atol=1e-3)


@pytest.mark.parametrize('seed', range(10))
def test_blocks_cover_every_pixel_above_the_threshold_once(seed):
    logits, matrix, size, content = random_case(100 + seed)
    logits = torch.from_numpy(logits)
    masks = np.zeros((len(logits), *size), int)
    for block in placed_blocks(logits, matrix, size, 0.5, content):
        masks[block.class_index, block.rows, block.columns] += block.values > 0
    assert masks.max(initial=0) <= 1
    packed = placed_to_packed(logits, matrix, size, 0.5, content)
    np.testing.assert_array_equal(planes_last(packed), pack(masks.astype(np.uint8)))


@pytest.mark.parametrize('seed', range(10))
def test_the_matrix_of_a_resize_is_the_plain_upsampling(seed):
    logits, _, size, content = random_case(200 + seed)
    logits = torch.from_numpy(logits)
    matrix = scaling(content[1] / size[1], content[0] / size[0])
    found = placed_to_packed(logits, matrix, size, 0.4, content)
    expected = logits_to_packed(logits, size, 0.4, content)
    # float32 against float64 places: pixels whose logit is within rounding of the threshold
    assert (found != expected).float().mean() < 2e-3


@pytest.mark.parametrize('mirrored', [False, True])
@pytest.mark.parametrize('angle', [0.0, 0.4, 1.6, 3.0, -2.2])
def test_a_disc_and_a_bar_come_back_where_they_were(angle, mirrored):
    y, x = np.mgrid[:200, :240]
    shapes = [
        (x - 140) ** 2 + (y - 90) ** 2 < 35.2**2,
        (abs(x - 100) < 12.5) & (abs(y - 110) < 60.5),
    ]
    to_part = similarity(angle, 0.6, (0, 0), mirrored)
    to_part[:, 2] = np.array([63.5, 63.5]) - to_part[:, :2] @ np.array([120, 100])
    back = inverse(to_part)
    v, u = np.mgrid[:128, :128]
    there = [row[0] * u + row[1] * v + row[2] for row in back]
    # signed distances, which are linear across a border, as logits
    disc = 35.2 - np.hypot(there[0] - 140, there[1] - 90)
    bar = np.minimum(12.5 - abs(there[0] - 100), 60.5 - abs(there[1] - 110))
    logits = torch.from_numpy(np.stack([disc, bar]).astype(np.float32))
    packed = placed_to_packed(logits, to_part, (200, 240))
    for found, shape in zip(unpack(planes_last(packed), 2), shapes, strict=True):
        dice = 2 * (found & shape).sum() / (found.sum() + shape.sum())
        assert dice > 0.99


def test_composing_and_inverting_are_those_of_maps():
    outer, inner = similarity(0.3, 2, (5, -1)), similarity(-1.2, 0.5, (1, 2), True)
    point = np.array([3.0, 4.0, 1.0])
    both = compose(outer, inner) @ point
    np.testing.assert_allclose(both, outer @ np.append(inner @ point, 1))
    np.testing.assert_allclose(inverse(outer) @ np.append(outer @ point, 1), point[:2])


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(logits=torch.zeros(2, 3)), 'shape'),
        (dict(matrix=np.zeros((2, 3))), 'no inverse'),
        (dict(matrix=np.full((2, 3), np.nan)), 'matrix of numbers'),
        (dict(content=(5, 2)), 'content'),
        (dict(thresholds=[0.5]), 'thresholds'),
    ],
)
def test_bad_arguments_are_refused(change, message):
    good = dict(
        logits=torch.zeros(2, 4, 4), matrix=similarity(0, 1, (0, 0)), size=(8, 8), thresholds=0.5
    )
    with pytest.raises(HandboneError, match=message):
        placed_to_packed(**good | change)
