"""Which classes sections and their tiles know."""

import numpy as np
import pytest
from made_sections import HEIGHT, WIDTH, build, mask_of, write_sections

from handbone.csv_files import csv_bytes
from handbone.masks import encode, runs_to_string


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return write_sections(tmp_path_factory.mktemp('sections') / 'data')


def test_only_the_organ_of_a_section_is_known(root):
    """Nobody has looked for the units of other organs, so losses leave them out."""
    for kind in ('SectionDataset', 'SectionTiles'):
        dataset = build(kind, root, pipeline=[])
        for info in map(dataset.get_data_info, range(len(dataset))):
            organ = int(info['img_path'][-6]) - 7
            assert info['unknown'].classes == (1 - organ,)
    item = build('SectionTiles', root, min_tissue=0)[0]
    assert (item['gt_unknown_map'] == 0b10).all()


def test_the_plain_dataset_of_the_same_table_says_what_is_unknown(root, monkeypatch):
    said = []
    monkeypatch.setattr(
        'handbone.datasets.format_dataset.print_log', lambda text, **_: said.append(text)
    )
    dataset = build('FormatDataset', root, format='rle-csv')
    unknown = [dataset.get_data_info(index)['unknown'].classes for index in range(len(dataset))]
    assert unknown == [(1,), (0,)]
    assert any('its other classes are unknown in it' in text for text in said)


def test_tiles_of_sections_that_do_not_annotate_a_class(root):
    settings = dict(min_tissue=0, unknown_classes=['lung'], skip_labels=['lung'])
    dataset = build('SectionTiles', root, **settings)
    whole = build('SectionTiles', root, min_tissue=0)
    assert len(dataset) == len(whole) > 0
    for index in range(0, len(dataset), 5):
        item, expected = dataset[index], whole[index]
        np.testing.assert_array_equal(item['gt_seg_map'], expected['gt_seg_map'] & 0b01)
        np.testing.assert_array_equal(item['gt_unknown_map'], expected['gt_unknown_map'] | 0b10)


def test_places_of_tiles_that_a_label_calls_unknown(tmp_path):
    """They were drawn at the size of a tile as if it were the section."""
    write_sections(tmp_path / 'data')
    (runs,) = encode(mask_of(1).astype(np.int32), 1, 'F')
    row = ('7', 'unsure', HEIGHT, WIDTH, 0.4, runs_to_string(runs))
    with (tmp_path / 'data' / 'train.csv').open('ab') as file:
        file.write(csv_bytes([row]))
    settings = dict(min_tissue=0, unknown_labels=dict(unsure='kidney'))
    dataset = build('SectionTiles', tmp_path / 'data', **settings)
    seen = 0
    for item, info in ((dataset[index], dataset.get_data_info(index)) for index in range(42)):
        top, left, _, _ = info['tile']
        part = mask_of(1)[2 * top : 2 * top + 80, 2 * left : 2 * left + 80]
        shares = part.reshape(40, 2, 40, 2).mean(axis=(1, 3))
        unsure = item['gt_unknown_map'] & 1
        assert (unsure[shares == 1] == 1).all() and (unsure[shares == 0] == 0).all()
        assert (item['gt_unknown_map'] & ~1 == 0b10).all() and item['gt_seg_map'].max() <= 1
        seen += unsure.sum()
    assert seen > 1000
    assert dataset.get_data_info(42)['unknown'].classes == (0,)  # the section without the label
