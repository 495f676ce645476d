"""Datasets of tissue sections against their images and masks at full size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_sections import HEIGHT, TILE_PIPELINE, WIDTH, build, mask_of, write_sections

from handbone.datasets.errors import DatasetError
from handbone.datasets.mask_runs import crop_runs, pack_runs
from handbone.errors import HandboneError
from handbone.masks import encode, pack
from handbone.masks.rle import Order
from handbone.sections.area_average import area_average

tifffile = pytest.importorskip('tifffile')


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return write_sections(tmp_path_factory.mktemp('sections') / 'data')


def image_of(root, name):
    return tifffile.imread(root / 'images' / f'{name}.tiff')


masks_2_by_7_by_5 = st.lists(st.booleans(), min_size=70, max_size=70).map(
    lambda bits: np.array(bits).reshape(2, 7, 5)
)


@settings(max_examples=80, deadline=None)
@given(masks_2_by_7_by_5, st.sampled_from(['C', 'F']), st.data())
def test_cropped_runs_are_the_runs_of_the_crop(masks, order: Order, data):
    packed = pack(masks)
    runs = pack_runs(dict(enumerate(encode(packed, 2, order))), order)
    top, left = data.draw(st.integers(0, 6)), data.draw(st.integers(0, 4))
    height, width = data.draw(st.integers(1, 7 - top)), data.draw(st.integers(1, 5 - left))
    cropped = crop_runs(runs, (7, 5), (top, left, height, width))
    expected = packed[top : top + height, left : left + width]
    np.testing.assert_array_equal(cropped.draw(height, width, 2), expected)
    assert cropped.present() == [c for c in (0, 1) if (expected >> c & 1).any()]


def test_items_are_whole_sections(root):
    dataset = build('SectionDataset', root)
    assert len(dataset) == 2
    info = dataset.get_data_info(1)
    assert (info['height'], info['width'], info['patient']) == (HEIGHT, WIDTH, '8')
    drawn = info['masks'].draw(HEIGHT, WIDTH, 2)
    np.testing.assert_array_equal(drawn, mask_of(1).astype(np.int32) << 1)


def test_tiles_and_their_labels(root):
    dataset = build('SectionTiles', root, min_tissue=0)
    assert len(dataset) == 2 * 6 * 7
    seen = 0
    for item in (dataset[index] for index in range(len(dataset))):
        name, (top, left, size, reduce) = item['img_path'][-6], item['tile']
        full = image_of(root, name)[: HEIGHT // 2 * 2, : WIDTH // 2 * 2, ::-1]
        at_scale = area_average(full, reduce)
        np.testing.assert_array_equal(item['img'], at_scale[top : top + size, left : left + size])
        index = int(name) - 7
        part = mask_of(index)[2 * top : 2 * top + 80, 2 * left : 2 * left + 80]
        shares = part.reshape(40, 2, 40, 2).mean(axis=(1, 3))
        label = item['gt_seg_map'] >> index & 1
        assert (item['gt_seg_map'] & ~(1 << index) == 0).all()
        assert (label[shares == 1] == 1).all() and (label[shares == 0] == 0).all()
        seen += label.sum()
    assert seen > 1000


def test_tiles_of_background_are_left_out(root):
    dataset = build('SectionTiles', root, min_tissue=0.5)
    kept = {
        (item['img_path'][-6], item['tile'][:2])
        for item in map(dataset.get_data_info, range(len(dataset)))
    }
    expected = set()
    for index, name in enumerate('78'):
        for top in (0, 30, 60, 90, 120, 125):
            for left in (0, 30, 60, 90, 120, 150, 165):
                box = slice(2 * top, 2 * top + 80), slice(2 * left, 2 * left + 80)
                stained = max(0, min(WIDTH // 2 - 2 * left, 80)) / 80
                if stained >= 0.5 or mask_of(index)[box].any():
                    expected.add((name, (top, left)))
    assert kept == expected
    assert len(expected) < 50


def test_an_item_is_small(root):
    """Runs are cut for each tile, or every tile would carry those of its section."""
    dataset = build('SectionTiles', root, min_tissue=0)
    runs = [len(dataset.get_data_info(index)['masks'].runs) for index in range(len(dataset))]
    whole = sum(len(info['masks'].runs) for info in dataset.list_sections())
    assert sum(runs) < 4 * whole  # overlapping tiles share some
    assert min(runs) == 0


def test_frequencies_are_those_of_the_tiles_that_know_a_class(root):
    dataset = build('SectionTiles', root, min_tissue=0)
    shares = {0: [], 1: []}
    for info in map(dataset.get_data_info, range(len(dataset))):
        (known,) = {0, 1} - set(info['unknown'].classes)
        shares[known].append((info['masks'].draw(80, 80, 2) >> known & 1).mean())
    expected = [np.mean(shares[index]) for index in (0, 1)]
    np.testing.assert_allclose(dataset.class_frequencies(), expected)


def test_coarse_labels(root, monkeypatch):
    monkeypatch.setattr('handbone.datasets.section_dataset.STRIP', 7)
    dataset = build('SectionTiles', root, min_tissue=0)
    for index, info in enumerate(dataset.list_sections()):
        expected = mask_of(index).astype(np.int32)[::3, ::3] << index
        np.testing.assert_array_equal(dataset.coarse_labels(info, 3), expected)


def test_turned_tiles_keep_image_and_labels_together(root):
    turned = [
        dict(type='LoadTile'),
        dict(type='RandomAffine', degrees=30, scale=(0.9, 1.1), pad_val=240),
        dict(type='LoadPolygonAnnotations', frame='image'),
    ]
    drawn_first = [TILE_PIPELINE[0], TILE_PIPELINE[1], turned[1]]
    np.random.seed(0)
    one = build('SectionTiles', root, min_tissue=0, pipeline=turned)[8]
    np.random.seed(0)
    other = build('SectionTiles', root, min_tissue=0, pipeline=drawn_first)[8]
    np.testing.assert_array_equal(one['img'], other['img'])
    assert (one['gt_seg_map'] != other['gt_seg_map']).mean() < 0.01
    assert one['gt_seg_map'].any()


def test_no_tile_is_left(tmp_path):
    root = write_sections(tmp_path / 'data', rle='')
    with pytest.raises(DatasetError, match='no tile shows tissue or a label. Set a smaller'):
        build('SectionTiles', root, min_tissue=1.0, tile_size=160, overlap=0)


OTHER_SIZE = (
    r"train\.csv: line 2: image '7' has width 410 and height 331 there, but .*7\.tiff has width "
    r'410 and height 330\. Put the original image back'
)
TOO_SMALL = r'7\.tiff: its 330 x 410 pixels are 165 x 205 at reduce 2, less than one tile of 200'


@pytest.mark.parametrize(
    ('columns', 'options', 'message'),
    [
        (dict(img_height=HEIGHT + 1), {}, OTHER_SIZE),
        (dict(organ='liver'), {}, r"train\.csv.*'?liver'?"),
        ({}, dict(tile_size=200), TOO_SMALL),
    ],
)
def test_data_that_does_not_fit(tmp_path, columns, options, message):
    root = write_sections(tmp_path / 'data', **columns)
    with pytest.raises(DatasetError, match=message):
        build('SectionTiles', root, **options)


def test_a_section_that_is_cut_off(tmp_path):
    root = write_sections(tmp_path / 'data')
    path = root / 'images/7.tiff'
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(DatasetError, match=r'7\.tiff: the TIFF is cut off'):
        build('SectionDataset', root)
    report = tmp_path / 'report.txt'
    dataset = build('SectionTiles', root, bad_files='report', report_file=str(report))
    assert {info['patient'] for info in map(dataset.get_data_info, range(len(dataset)))} == {'8'}
    assert '7.tiff: the TIFF is cut off' in report.read_text()


def test_damage_that_shows_while_tissue_is_looked_for(tmp_path):
    root = write_sections(tmp_path / 'data')
    path = root / 'images/8.tiff'
    image = image_of(root, 8)
    tifffile.imwrite(path, image, photometric='rgb', tile=(64, 64), compression='zlib')
    with tifffile.TiffFile(path) as file:
        place = file.pages[0].dataoffsets[3]
    data = bytearray(path.read_bytes())
    data[place : place + 30] = b'?' * 30
    path.write_bytes(data)
    with pytest.raises(DatasetError, match=r'8\.tiff: tile 3 of the TIFF cannot be decoded'):
        build('SectionTiles', root)
    report = tmp_path / 'report.txt'
    dataset = build('SectionTiles', root, bad_files='report', report_file=str(report))
    assert {info['patient'] for info in map(dataset.get_data_info, range(len(dataset)))} == {'7'}
    assert 'tile 3 of the TIFF' in report.read_text()


@pytest.mark.parametrize(
    'options', [dict(overlap=40), dict(reduce=0), dict(min_tissue=2), dict(tile_size=0)]
)
def test_settings_that_are_none(root, options):
    with pytest.raises(HandboneError):
        build('SectionTiles', root, **options)


def test_loading_tiles_of_a_dataset_without_tiles(root):
    with pytest.raises(HandboneError, match='LoadTile loads tiles, which the dataset SectionTiles'):
        build('SectionDataset', root, pipeline=TILE_PIPELINE)[0]


def test_loading_a_section_leaves_it_in_its_file(root):
    pipeline = [
        dict(type='LoadSection', reduce=2, overview=100),
        dict(type='LoadPolygonAnnotations', frame='original'),
        dict(type='PackMultilabelInputs'),
    ]
    item = build('SectionDataset', root, pipeline=pipeline)[0]
    sample = item['data_samples']
    assert item['inputs'].shape == (3, 66, 82)
    assert sample.ori_shape == (HEIGHT, WIDTH)
    assert sample.section_reduce == 2
    np.testing.assert_array_equal(sample.gt_sem_seg.data[0].numpy(), mask_of(0))
    blue_first = area_average(image_of(root, 7), 5)[..., ::-1]
    np.testing.assert_array_equal(item['inputs'].numpy(), blue_first.transpose(2, 0, 1))
