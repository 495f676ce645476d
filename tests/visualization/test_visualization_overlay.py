"""Drawing packed maps, against plane-per-class definitions."""

import cv2
import numpy as np
import pytest

from handbone.masks import pack
from handbone.visualization import class_numbers, draw_masks
from handbone.visualization.outlines import FRACTION_BITS, fill_mask, trace_classes
from handbone.visualization.overlay import class_colors, fill_outlines
from handbone.visualization.picture import to_picture

RED, BLUE = (255, 0, 0), (0, 0, 255)
CLASSES = ('first', 'second')


def disc(center, radius, size=(90, 120)):
    y, x = np.mgrid[: size[0], : size[1]]
    return np.hypot(y - center[0], x - center[1]) <= radius


def blobs(seed, count=4, size=(90, 120)):
    """Smooth random masks, with holes and several parts."""
    generator = np.random.default_rng(seed)
    fields = (cv2.GaussianBlur(generator.normal(size=size), (0, 0), 5) for _ in range(count))
    return np.stack([field > field.std() for field in fields])


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (90, 120), dtype=np.uint8)


@pytest.fixture
def masks():
    return np.stack([disc((45, 45), 25), disc((45, 70), 25)])


def test_fills_are_blends_and_overlaps_blend_twice(image, masks):
    picture = draw_masks(image, pack(masks), CLASSES, [RED, BLUE], alpha=0.25, line_width=1)
    inner = [disc((45, 45), 22), disc((45, 70), 22)]
    near = [disc((45, 45), 28), disc((45, 70), 28)]
    gray = np.repeat(image[..., None].astype(float), 3, axis=2)
    once = 0.75 * gray + 0.25 * np.array(RED)
    twice = 0.75 * once + 0.25 * np.array(BLUE)
    np.testing.assert_array_equal(picture[~near[0] & ~near[1]], gray[~near[0] & ~near[1]])
    only_first = inner[0] & ~near[1]
    np.testing.assert_allclose(picture[only_first], once[only_first], atol=1)
    both = inner[0] & inner[1]
    np.testing.assert_allclose(picture[both], twice[both], atol=2)


@pytest.mark.parametrize('alpha', [0, 0.25, 0.7, 1])
def test_fills_are_the_weighted_sum_of_whole_pictures(alpha):
    """Every grey value, pixel by pixel as OpenCV rounds."""
    picture = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    picture[:, :, 1].flat[:256] = range(256)
    color = (250, 13, 77)
    expected = cv2.addWeighted(picture, 1 - alpha, np.full_like(picture, color), alpha, 0)
    corners = np.array([[[0, 0]], [[119, 0]], [[119, 89]], [[0, 89]]], np.int32) << FRACTION_BITS
    fill_outlines(picture, [[corners]], [color], alpha)
    np.testing.assert_array_equal(picture, expected)


def test_outlines_are_in_full_colour_where_masks_overlap(image, masks):
    picture = draw_masks(image, pack(masks), CLASSES, [RED, BLUE], line_width=3)
    assert tuple(picture[45, 70]) == tuple(RED)
    assert tuple(picture[45, 45]) == tuple(BLUE)
    assert tuple(picture[45, 20]) == tuple(RED)


def test_the_image_is_left_alone(image, masks):
    before = image.copy()
    draw_masks(image, pack(masks), CLASSES, numbers=True)
    rgb = np.repeat(image[..., None], 3, axis=2)
    draw_masks(rgb, pack(masks), CLASSES)
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(rgb[..., 0], before)


def test_an_empty_map_gives_the_image(image):
    picture = draw_masks(image, pack(np.zeros((2, 90, 120), bool)), CLASSES, numbers=True)
    np.testing.assert_array_equal(picture, np.repeat(image[..., None], 3, axis=2))


def test_ignored_pixels_are_not_drawn(image, masks):
    everywhere = np.ones(image.shape, bool)
    picture = draw_masks(image, pack(masks, everywhere), CLASSES)
    np.testing.assert_array_equal(picture, np.repeat(image[..., None], 3, axis=2))


@pytest.mark.parametrize('size', [None, 60, 240])
def test_size_is_that_of_the_longer_side(image, masks, size):
    picture = draw_masks(image, pack(masks), CLASSES, size=size)
    longer = size or 120
    assert picture.shape == (longer * 3 // 4, longer, 3)
    assert picture.dtype == np.uint8


def test_a_map_of_another_resolution_covers_the_same_field(image, masks):
    fine = pack(masks)
    coarse = np.ascontiguousarray(fine[1::3, 1::3])
    pictures = [draw_masks(image, packed, CLASSES, [RED, BLUE]) for packed in (fine, coarse)]
    differs = (pictures[0] != pictures[1]).any(axis=2)
    border = np.any([disc(c, 30) & ~disc(c, 20) for c in ((45, 45), (45, 70))], axis=0)
    assert not (differs & ~border).any()


@pytest.mark.parametrize('seed', range(5))
def test_traced_masks_fill_to_the_same_pixels(seed):
    masks = blobs(seed)
    traced = dict(trace_classes(pack(masks), len(masks), 90, 120))
    for index, mask in enumerate(masks):
        box, filled = fill_mask(traced[index], 90, 120)
        whole = np.zeros_like(mask)
        whole[box] = filled
        np.testing.assert_array_equal(whole, mask)


@pytest.mark.parametrize('pixels', [1, 2])
def test_the_smallest_masks_are_seen(pixels):
    masks = np.zeros((1, 90, 120), bool)
    masks[0, 40, 50 : 50 + pixels] = True
    black = np.zeros((90, 120), np.uint8)
    for size in (120, 60):
        picture = draw_masks(black, pack(masks), ['dot'], [RED], size=size)
        assert picture[..., 0].max() > 100


def test_numbers_of_masks_that_cover_each_other_stand_apart(monkeypatch):
    texts = []
    monkeypatch.setattr(class_numbers, 'draw_texts', lambda picture, drawn: texts.extend(drawn))
    masks = np.stack([disc((300, 300), 60, (600, 600))] * 3)
    draw_masks(np.zeros((600, 600), np.uint8), pack(masks), 'abc', numbers=True)
    places = [(text.x, text.y) for text in texts]
    assert len(set(places)) == 3
    for index, place in enumerate(places):
        assert masks[0][place[1], place[0]]
        for other in places[:index]:
            assert np.hypot(place[0] - other[0], place[1] - other[1]) > texts[0].size / 2


def test_each_number_is_inside_its_mask_and_apart_from_the_others(monkeypatch):
    masks = np.stack(
        [
            disc((300, 300), 200, (600, 600)),
            disc((300, 300), 40, (600, 600)),
            disc((310, 330), 45, (600, 600)),
        ]
    )
    placed = {}
    monkeypatch.setattr(
        class_numbers,
        'draw_texts',
        lambda picture, texts: placed.update({t.string: (t.x, t.y, t.size) for t in texts}),
    )
    draw_masks(np.zeros((600, 600), np.uint8), pack(masks), 'abc', numbers=True)
    assert sorted(placed) == ['1', '2', '3']
    for number, (x, y, _) in placed.items():
        assert masks[int(number) - 1][y, x]
    x, y, size = placed['1']
    assert not masks[1][y, x]
    assert not masks[2][y, x]
    distance = np.hypot(placed['2'][0] - placed['3'][0], placed['2'][1] - placed['3'][1])
    assert distance > size


@pytest.mark.parametrize(
    ('image', 'expected'),
    [
        (np.full((4, 4), 7, np.uint8), 7),
        (np.full((4, 4, 1), 7, np.uint8), 7),
        (np.full((4, 4, 3), 99.6, np.float32), 100),
        (np.full((4, 4), 300.0, np.float32), 255),
    ],
)
def test_images_become_8_bit_rgb(image, expected):
    picture = to_picture(image)
    assert picture.shape == (4, 4, 3)
    assert picture.dtype == np.uint8
    assert (picture == expected).all()


def test_16_bit_images_are_stretched():
    image = np.linspace(1000, 3000, 256, dtype=np.uint16).reshape(16, 16)
    picture = to_picture(image)
    assert picture.min() == 0
    assert picture.max() == 255


def test_gray_images_of_little_contrast_are_stretched_and_others_are_not():
    faint = np.linspace(200, 240, 400).astype(np.uint8).reshape(20, 20)
    assert to_picture(faint).min() < 10
    assert to_picture(faint).max() > 245
    clear = np.linspace(100, 200, 400).astype(np.uint8).reshape(20, 20)
    np.testing.assert_array_equal(to_picture(clear)[..., 0], clear)
    color = np.repeat(faint[..., None], 3, axis=2)
    np.testing.assert_array_equal(to_picture(color), color)


def test_colours_are_chosen_where_the_palette_is_missing_or_short():
    assert class_colors('ab', [[1, 2, 3], [4, 5, 6]]) == [(1, 2, 3), (4, 5, 6)]
    assert len(set(class_colors('abc', [[1, 2, 3]]))) == 3
    assert len(set(class_colors([str(index) for index in range(60)], None))) == 60
