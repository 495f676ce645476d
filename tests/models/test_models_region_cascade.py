"""A cascade whose networks are right: what is left is the way to the region and back."""

import math

import numpy as np
import pytest
import torch
from striped_object import (
    PARTS,
    build_cascade,
    dice_of,
    object_image,
    object_matrix,
    object_polygons,
    predict,
    view_error,
)

from handbone.errors import HandboneError
from handbone.masks import compose, pack, planes_last
from handbone.regions import masses_of_labels, masses_of_logits


@pytest.mark.parametrize('mirrored', [False, True])
@pytest.mark.parametrize('angle', [0.0, 0.5, 1.9, math.pi, -2.4])
def test_a_turned_object_is_seen_upright_and_its_labels_come_back(angle, mirrored):
    matrix = object_matrix(angle, 75, (130, 150), mirrored)
    image, packed = object_image(object_polygons(matrix), (300, 280))
    model = build_cascade()
    (sample,) = predict(model, image)
    assert sample.region_found
    assert view_error(sample, matrix, (192, 192)) < 2
    assert (dice_of(planes_last(sample.pred_sem_seg.data), packed) > 0.985).all()
    assert model.network.sizes == [(1, len(PARTS), 192, 192)]
    # the locator saw the padded image at a quarter of its size
    assert model.locator.sizes == [(1, len(PARTS), 80, 72)]


@pytest.mark.parametrize(
    ('size', 'batches'), [((260, 300), [(4, 72), (4, 80)]), ((300, 300), [(8, 80)])]
)
@pytest.mark.parametrize('angle', [0.3, 1.9, math.pi, -1.2])
def test_a_locator_that_knows_only_upright_objects_sees_them_in_four_positions(
    angle, size, batches
):
    upright = dict(locator=dict(type='UprightSegmentor', stride=2))
    matrices = [object_matrix(angle, 75, (150, 130)), object_matrix(0.1, 60, (120, 140), True)]
    parts = [object_image(object_polygons(matrix), size) for matrix in matrices]
    model = build_cascade(quarter_turns=True, **upright)
    samples = predict(model, *(image for image, _ in parts))
    for sample, matrix, (_, packed) in zip(samples, matrices, parts, strict=True):
        assert sample.region_found
        assert view_error(sample, matrix, (192, 192)) < 2
        assert (dice_of(planes_last(sample.pred_sem_seg.data), packed) > 0.98).all()
    assert [each[::2] for each in model.locator.sizes] == batches
    (sample, _) = predict(build_cascade(**upright), *(image for image, _ in parts))
    alone = sample.region_found and view_error(sample, matrices[0], (192, 192)) < 2
    assert alone == (abs(angle) < 0.7)


@pytest.mark.parametrize('seed', range(12))
def test_objects_of_any_place_and_size(seed):
    generator = np.random.default_rng(seed)
    size = tuple(generator.integers(180, 360, 2).tolist())
    pixels = generator.uniform(0.2, 0.45) * min(size)
    middle = generator.uniform(0.3, 0.7, 2) * size[::-1]
    angle, mirrored = generator.uniform(-math.pi, math.pi), bool(generator.integers(2))
    matrix = object_matrix(angle, pixels, middle, mirrored)
    image, packed = object_image(object_polygons(matrix), size)
    (sample,) = predict(build_cascade(), image)
    assert sample.region_found
    scores = dice_of(planes_last(sample.pred_sem_seg.data), packed)
    # at this size, a border that is half a pixel off costs some hundredths
    assert scores.min() > 0.96 and scores.mean() > 0.98, scores


def test_an_object_partly_outside():
    matrix = object_matrix(0.4, 90, (45, 140))
    image, packed = object_image(object_polygons(matrix), (280, 280))
    (sample,) = predict(build_cascade(), image)
    assert sample.region_found
    found = planes_last(sample.pred_sem_seg.data)
    large = [index for index in range(len(PARTS)) if (packed >> index & 1).sum() > 500]
    assert len(large) >= 4
    assert (dice_of(found, packed)[large] > 0.97).all()


def test_parts_in_the_wrong_place_do_not_move_the_view():
    matrix = object_matrix(-0.7, 70, (150, 160))
    image, _ = object_image(object_polygons(matrix, [0, 1, 3, 4, 5]), (300, 300))
    stray, _ = object_image([(2, np.array([[250, 250], [290, 250], [290, 290]]))], (300, 300))
    (sample,) = predict(build_cascade(), image + stray)
    assert sample.region_found
    assert view_error(sample, matrix, (192, 192)) < 6


@pytest.mark.parametrize('parts', [[], [1], [0, 3]])
def test_too_little_found_shows_the_whole_image_and_says_so(parts):
    matrix = object_matrix(0.3, 70, (120, 150))
    image, packed = object_image(object_polygons(matrix, parts), (320, 240))
    (sample,) = predict(build_cascade(view=(320, 320)), image)
    assert not sample.region_found
    # the image is in the middle of the view, at its own size
    np.testing.assert_allclose(sample.region_matrix[0], [[1, 0, 40], [0, 1, 0]], atol=1e-3)
    np.testing.assert_array_equal(planes_last(sample.pred_sem_seg.data), packed)


def test_a_locator_that_finds_nothing():
    image, packed = object_image(object_polygons(object_matrix(0, 70, (120, 150))), (320, 320))
    (sample,) = predict(build_cascade(view=(320, 320), blind=True), image)
    assert not sample.region_found
    np.testing.assert_array_equal(planes_last(sample.pred_sem_seg.data), packed)


def test_a_batch_of_several_sizes_is_as_the_images_alone():
    sizes = [(300, 280), (200, 320), (300, 280)]
    images = [
        object_image(object_polygons(object_matrix(turn, 60, (130, 110))), size)[0]
        for turn, size in enumerate(sizes)
    ]
    model = build_cascade()
    together = predict(model, *images)
    for image, sample in zip(images, together, strict=True):
        (alone,) = predict(model, image)
        found, wanted = sample.pred_sem_seg.data, alone.pred_sem_seg.data
        assert (found != wanted).float().mean() < 1e-4


def test_labels_are_at_the_size_of_the_original_image():
    matrix = object_matrix(0.8, 75, (140, 130))
    image, _ = object_image(object_polygons(matrix), (280, 280))
    doubled = compose(np.array([[2, 0, 0.5], [0, 2, 0.5]]), matrix)
    _, packed = object_image(object_polygons(doubled), (560, 560))
    (sample,) = predict(build_cascade(), image, originals=[(560, 560)])
    assert (dice_of(planes_last(sample.pred_sem_seg.data), packed) > 0.97).all()


def test_without_mirroring_the_view_keeps_the_sides():
    matrix = object_matrix(0.2, 75, (140, 150), mirrored=True)
    image, _ = object_image(object_polygons(matrix), (300, 280))
    for mirror in (False, True):
        (sample,) = predict(build_cascade(mirror=mirror), image)
        sides = np.linalg.det(sample.region_matrix[0][:, :2])
        assert (sides < 0) == mirror


def test_kept_logits_are_spread_over_the_image():
    matrix = object_matrix(0.5, 75, (130, 150))
    image, packed = object_image(object_polygons(matrix), (300, 280))
    model = build_cascade(test_cfg=dict(keep_logits=True))
    (sample,) = predict(model, image)
    logits = sample.seg_logits.data
    assert logits.shape[0] == len(PARTS)
    assert 0.5 < logits.shape[1] / 300 <= 1
    full = torch.nn.functional.interpolate(logits[None], (300, 280), mode='bilinear')[0]
    assert (dice_of(pack((full > 0).numpy()), packed) > 0.96).all()
    model.test_cfg['keep_logits'] = 'uncut'
    (sample,) = predict(model, image)
    assert sample.seg_logits.data.shape == (len(PARTS), 192, 192)
    assert sample.logit_matrix.shape == (2, 3)


def test_masses_of_logits_and_labels_agree():
    matrix = object_matrix(0.3, 60, (100, 120))
    image, packed = object_image(object_polygons(matrix), (256, 256))
    logits = (torch.nn.functional.avg_pool2d(image[None], 4) - 127.5) / 4
    of_logits = masses_of_logits(logits, (256, 256), torch.tensor([256, 256]))
    of_labels = masses_of_labels(packed, len(PARTS))
    np.testing.assert_allclose(of_logits.centroids, of_labels.centroids, atol=0.7)
    np.testing.assert_allclose(of_logits.areas, of_labels.areas, rtol=0.1)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(shrink=0), 'shrink'),
        (dict(data_preprocessor=dict(type='SegDataPreProcessor')), 'size_divisor=1 has to be'),
        (dict(test_cfg=dict(mode='slide', crop_size=8)), 'sliding windows'),
        (dict(network=dict(type='ChannelSegmentor', num_classes=4)), 'all need the same'),
        (dict(view=(100, 96)), 'multiple of the size_divisor'),
    ],
)
def test_parts_that_do_not_fit_are_refused(change, message):
    with pytest.raises(HandboneError, match=message):
        build_cascade(**change)


def test_a_cascade_is_not_trained_as_a_whole():
    with pytest.raises(HandboneError, match='handbone join'):
        build_cascade().loss(None, [])
