"""The view of a region by its labels: image, polygons and packed maps move together."""

import math

import cv2
import numpy as np
import pytest
import torch

from handbone.datasets.annotation_file import Polygons
from handbone.datasets.known_classes import Unknown
from handbone.datasets.transforms import (
    CropToRegion,
    LoadPolygonAnnotations,
    PackMultilabelInputs,
    UprightAffine,
)
from handbone.errors import HandboneError
from handbone.masks import compose, inverse, rasterize, unpack, warp
from handbone.regions import ClassRegion, sample_crops

CORNERS = np.array([[10, 20], [90, 30], [80, 110], [20, 100], [50, 60.0]])
REGION = dict(
    type='TemplateRegion',
    size=(128, 160),
    mirror=True,
    template=[((x + 14) / 128, (y + 15) / 160) for x, y in CORNERS],
)


def objects(angle, scale, shift, mirrored=False):
    """Five discs of 20 points, as polygons of an image, and the matrix from template to image."""
    linear = scale * np.array(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    )
    if mirrored:
        linear = linear @ np.diag([-1.0, 1.0])
    turn = np.linspace(0, 2 * math.pi, 20, endpoint=False)
    radius = np.array([12, 9, 11, 8, 14])[:, None, None]
    rings = CORNERS[:, None] + [14, 15] + radius * np.stack([np.cos(turn), np.sin(turn)], 1)
    # the middle of the template is at the shift
    matrix = np.column_stack([linear, np.array(shift) - linear @ [64, 75]])
    points = rings.reshape(-1, 2) @ linear.T + matrix[:, 2]
    ends = np.arange(20, 101, 20).astype(np.int32)
    return Polygons(points.astype(np.float32), ends, np.arange(5, dtype=np.int32)), matrix


def loaded(polygons, size=(300, 280)):
    """What the pipeline has after loading: each class as grey in the image."""
    packed = rasterize(polygons.split(), *size, 5)
    image = (40 * unpack(packed, 5)).sum(axis=0).astype(np.uint8)
    return dict(
        img=cv2.GaussianBlur(image, (0, 0), 1.0),
        img_path='image.png',
        ori_shape=size,
        img_shape=size,
        polygons=polygons,
        classes=tuple('abcde'),
        seg_fields=[],
    )


@pytest.mark.parametrize('mirrored', [False, True])
@pytest.mark.parametrize(('angle', 'scale'), [(0.0, 1.0), (0.8, 1.6), (-2.5, 0.7), (math.pi, 2.2)])
def test_the_region_is_upright_centred_and_at_one_scale(angle, scale, mirrored):
    polygons, matrix = objects(angle, scale, (140, 150), mirrored)
    results = CropToRegion(REGION)(loaded(polygons))
    assert results['img'].shape == results['img_shape'] == (160, 128)
    assert results['img'].dtype == np.uint8
    to_view = results['frame_matrix'][0]
    found = matrix[:, 2] + (CORNERS + [14, 15]) @ matrix[:, :2].T
    found = found @ to_view[:, :2].T + to_view[:, 2]
    assert np.abs(found - (CORNERS + [13.5, 14.5])).max() < 1.0


@pytest.mark.parametrize('seed', range(6))
def test_polygons_packed_maps_and_pixels_move_together(seed):
    np.random.seed(seed)
    polygons, _ = objects(0.6 * seed, 1.0 + 0.2 * seed, (150, 140), bool(seed % 2))
    random = dict(degrees=15, scale=(0.8, 1.2), translate=0.05, shear=5)
    results = CropToRegion(REGION, **random)(loaded(polygons))
    results = LoadPolygonAnnotations(frame='image')(results)
    matrix = results['frame_matrix'][0]
    full = rasterize(polygons.split(), 300, 280, 5)
    by_warp = unpack(warp(full, matrix, (160, 128)), 5)
    drawn = unpack(results['gt_seg_map'], 5)
    both = (by_warp & drawn).sum(axis=(1, 2))
    assert (2 * both / (by_warp.sum(axis=(1, 2)) + drawn.sum(axis=(1, 2))) > 0.9).all()
    # grey levels are those of the labels, apart from borders
    expected = (40 * drawn.astype(int)).sum(axis=0)
    assert np.median(np.abs(results['img'] - expected)) < 2
    assert (np.abs(results['img'] - expected) < 25).mean() > 0.9

    already = loaded(polygons)
    already.update(gt_seg_map=full.copy(), seg_fields=['gt_seg_map'])
    moved = CropToRegion(REGION)(already)
    exact = moved['frame_matrix'][0]
    np.testing.assert_array_equal(moved['gt_seg_map'], warp(full, exact, (160, 128)))


@pytest.mark.parametrize('kind', [np.uint8, np.float32])
@pytest.mark.parametrize('channels', [1, 3])
def test_pixels_are_those_that_the_cascade_samples(kind, channels):
    """Also where the view shows what lies outside of the image."""
    polygons, _ = objects(0.7, 1.7, (60, 90), True)
    grey = cv2.GaussianBlur(np.random.default_rng(0).random((300, 280)), (0, 0), 4)
    grey = cv2.normalize(grey, None, 0, 255, cv2.NORM_MINMAX)
    image = np.dstack([grey, grey[::-1], grey.T[:280].repeat(2, axis=0)[:300, :280]])[
        ..., :channels
    ]
    results = loaded(polygons) | dict(img=image.squeeze().astype(kind))
    view = CropToRegion(REGION)(dict(results))
    back = torch.from_numpy(inverse(view['frame_matrix'][0]))[None]
    planes = torch.from_numpy(image.astype(kind)).permute(2, 0, 1)[None].float()
    wanted = sample_crops(planes, back, REGION['size'], torch.tensor([300, 280]))[0]
    wanted = wanted.permute(1, 2, 0).squeeze().numpy()
    assert view['img'].dtype == kind and view['img'].shape == wanted.shape
    assert wanted.std() > 10
    difference = np.abs(view['img'] - wanted)
    assert difference.max() < 2 and difference.mean() < 0.5


def test_the_random_part_moves_about_the_middle_of_the_view():
    polygons, _ = objects(0.4, 1.3, (140, 150))
    plain = CropToRegion(REGION)(loaded(polygons))['frame_matrix'][0]
    np.random.seed(3)
    moved = CropToRegion(REGION, degrees=30)(loaded(polygons))['frame_matrix'][0]
    middle = inverse(plain) @ [63.5, 79.5, 1]
    np.testing.assert_allclose(moved @ np.append(middle, 1), [63.5, 79.5], atol=1e-6)
    turned = moved[:, :2] @ np.linalg.inv(plain[:, :2])
    angle = math.degrees(math.atan2(turned[1, 0], turned[0, 0]))
    assert 1 < abs(angle) <= 30


def test_an_image_without_labels_is_shown_as_a_whole():
    polygons, _ = objects(0.4, 1.3, (140, 150))
    results = loaded(polygons)
    results['polygons'] = None
    matrix = CropToRegion(REGION)(results)['frame_matrix'][0]
    corners = np.array([[-0.5, -0.5], [279.5, 299.5]]) @ matrix[:, :2].T + matrix[:, 2]
    assert corners.min() >= -0.5 - 1e-4 and (corners[1] <= [127.5 + 1e-4, 159.5 + 1e-4]).all()


def test_the_place_reaches_the_model():
    polygons, _ = objects(0.4, 1.3, (140, 150))
    results = PackMultilabelInputs()(CropToRegion(REGION)(loaded(polygons)))
    assert results['data_samples'].frame_matrix[1] == (160, 128)
    assert results['inputs'].dtype == torch.uint8


def test_a_region_of_other_classes_is_refused():
    polygons, _ = objects(0.4, 1.3, (140, 150))
    results = loaded(polygons)
    results['classes'] = tuple('abcdef')
    with pytest.raises(HandboneError, match='of 5 classes and the dataset has 6 classes'):
        CropToRegion(REGION)(results)


def test_masks_that_are_not_drawn_yet_are_refused():
    polygons, _ = objects(0.4, 1.3, (140, 150))
    results = loaded(polygons) | dict(polygons=None, masks=object())
    with pytest.raises(HandboneError, match='put LoadPolygonAnnotations before it'):
        CropToRegion(REGION)(results)


@pytest.mark.parametrize('mirrored', [False, True])
@pytest.mark.parametrize('degrees', [0, 40, 50, 95, 130, 180, -40, -60, -95, -140])
def test_the_nearest_quarter_turn_is_undone(degrees, mirrored):
    """What is left of the angle is at most half a quarter turn; pixels and polygons move alike."""
    polygons, matrix = objects(math.radians(degrees), 1.2, (150, 130), mirrored)
    results = UprightAffine(region=REGION, size=(300, 290), prob=0.0)(loaded(polygons))
    assert results['img'].shape == (290, 300)
    turned = compose(results['frame_matrix'][0], matrix)
    up = -turned[:, 1]
    assert -up[1] >= abs(up[0])
    # fitted as a whole, undistorted, and the pixels lie where the polygons say
    assert abs(np.linalg.norm(turned[:, 0]) - np.linalg.norm(turned[:, 1])) < 1e-9
    drawn = LoadPolygonAnnotations(frame='image')(results)['gt_seg_map']
    grey = (40 * unpack(drawn, 5)).sum(axis=0)
    inner = cv2.erode((drawn != 0).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert inner.sum() > 100
    assert np.abs(grey - results['img'].astype(int))[inner].max() < 12


def test_images_without_the_region_are_turned_at_random_in_training_only():
    nothing = Polygons(np.zeros((0, 2), np.float32), np.zeros(0, np.int32), np.zeros(0, np.int32))
    for prob, expected in ((0.0, 1), (1.0, 4)):
        transform = UprightAffine(region=REGION, prob=prob)
        shown = set()
        for _ in range(40):
            matrix = transform(loaded(nothing, (60, 60)))['frame_matrix'][0]
            shown.add(tuple(np.round(matrix[:, :2]).ravel()))
        assert len(shown) == expected


def test_transforms_after_a_flip_are_refused():
    polygons, _ = objects(0.3, 1.0, (140, 150))
    with pytest.raises(HandboneError, match='UprightAffine comes after a flip'):
        UprightAffine(region=REGION)(loaded(polygons) | dict(flip=True))


def box_of(classes, **settings):
    region = dict(type=ClassRegion, classes=classes, class_list='abcde', size=(96, 64), margin=0.3)
    return region | settings


def corners_of(results):
    """Corners of the view in the file."""
    back = inverse(results['frame_matrix'][0])
    return np.array([[-0.5, -0.5], [95.5, 63.5]]) @ back[:, :2].T + back[:, 2]


def test_the_box_around_classes_keeps_the_labels_of_all_others():
    polygons, _ = objects(0.4, 1.3, (140, 150))
    results = CropToRegion(box_of('bc'))(loaded(polygons))
    parts = [points for index, points in polygons.split() if index in (1, 2)]
    low, high = np.min([p.min(0) for p in parts], 0), np.max([p.max(0) for p in parts], 0)
    corners = corners_of(results)
    assert np.abs(corners.mean(axis=0) - (low + high) / 2).max() < 2
    wanted = ((high - low) * 1.6 / [96, 64]).max() * np.array([96, 64])
    np.testing.assert_allclose(corners[1] - corners[0], wanted, rtol=0.05)
    drawn = LoadPolygonAnnotations(frame='image')(results)['gt_seg_map']
    full = warp(rasterize(polygons.split(), 300, 280, 5), results['frame_matrix'][0], (64, 96))
    assert set(np.flatnonzero(unpack(full, 5).any(axis=(1, 2)))) > {1, 2}
    assert (drawn != full).mean() < 0.02


def test_one_of_several_regions_that_the_labels_have_is_drawn():
    polygons, _ = objects(0.4, 1.0, (140, 150))
    kept = [(index, points) for index, points in polygons.split() if index != 2]
    ends = np.cumsum([len(points) for _, points in kept]).astype(np.int32)
    classes = np.array([index for index, _ in kept], np.int32)
    fewer = Polygons(np.concatenate([points for _, points in kept]), ends, classes)
    transform = CropToRegion([box_of(name) for name in 'ace'])
    np.random.seed(0)
    shown = [tuple(corners_of(transform(loaded(fewer)))[0].round()) for _ in range(30)]
    assert len(set(shown)) == 2
    in_turn = CropToRegion([box_of(name) for name in 'ab'], score_view=True)
    images = [in_turn(loaded(polygons) | dict(sample_idx=index))['img'] for index in range(4)]
    assert (images[0] == images[2]).all() and (images[1] == images[3]).all()
    assert (images[0] != images[1]).any()


@pytest.mark.parametrize('drawn_before', [True, False])
def test_regions_that_look_alike_are_known_by_the_same_names(drawn_before):
    polygons, _ = objects(0.4, 1.3, (140, 150))
    views = []
    for known_as in ({}, {'b': 'e', 'c': 'c'}):
        results = loaded(polygons) | dict(unknown=Unknown((0, 1)))
        crop = CropToRegion(box_of('bc', known_as=known_as))
        steps = [LoadPolygonAnnotations(frame='image'), crop]
        for step in steps if drawn_before else steps[::-1]:
            results = step(results)
        views.append([unpack(results[key], 5) for key in ('gt_seg_map', 'gt_unknown_map')])
    assert views[0][0][1].any() and (views[0][0][1] != views[0][0][4]).any()
    order = [0, 4, 2, 3, 1]
    for plain, renamed in zip(*views, strict=True):
        assert (renamed == plain[order]).all()
    assert (polygons.classes == objects(0.4, 1.3, (140, 150))[0].classes).all()


@pytest.mark.parametrize('angle', [0.0, 0.9, math.pi])
def test_a_region_within_an_upright_one_is_upright(angle):
    polygons, matrix = objects(angle, 1.4, (140, 150))
    results = CropToRegion(box_of('bc'), within=REGION)(loaded(polygons))
    turned = compose(results['frame_matrix'][0], matrix)
    assert turned[0, 0] > 0.2 and np.abs(turned[:, :2] - turned[0, 0] * np.eye(2)).max() < 0.02


def test_predictions_can_be_scored_in_the_view():
    polygons, _ = objects(0.4, 1.3, (140, 150))
    results = CropToRegion(box_of('bc'), score_view=True)(loaded(polygons))
    assert results['ori_shape'] == results['img_shape'] == (64, 96)
    assert 'frame_matrix' not in results
    drawn = LoadPolygonAnnotations(frame='original')(results)['gt_seg_map']
    expected = LoadPolygonAnnotations(frame='image')(CropToRegion(box_of('bc'))(loaded(polygons)))
    assert (drawn != expected['gt_seg_map']).mean() < 0.01
    packed = PackMultilabelInputs()(results)
    assert packed['data_samples'].gt_sem_seg.shape == (64, 96)


def test_regions_of_other_class_lists_or_sizes_are_refused():
    polygons, _ = objects(0.4, 1.3, (140, 150))
    with pytest.raises(HandboneError, match="which has 'a for e', 'e for a'"):
        CropToRegion(box_of('bc', class_list='ebcda'))(loaded(polygons))
    with pytest.raises(HandboneError, match='regions of one size'):
        CropToRegion([box_of('a'), box_of('b', size=(64, 64))])
