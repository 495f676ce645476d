"""Mosaics of tiles against their definition, and that they depend on the sample alone."""

import numpy as np
import pytest
from mmengine.dataset import BaseDataset
from mmseg.registry import DATASETS, TRANSFORMS

from handbone.engine.seeded_samples import SeededSamples, StreamIndex
from handbone.errors import HandboneError

SIZE = 24
IGNORED = np.int32(-(2**31))


@pytest.fixture(scope='module', autouse=True)
def numbered():
    """A dataset whose image and map number ``index`` have all values derived from it."""

    @DATASETS.register_module(name='NumberedTiles', force=True)
    class NumberedTiles(BaseDataset):
        def load_data_list(self):
            return [dict(number=number) for number in range(20)]

        def prepare_data(self, idx):
            number = self.get_data_info(idx)['number']
            places = np.arange(SIZE * SIZE, dtype=np.int32).reshape(SIZE, SIZE)
            return dict(
                img=np.full((SIZE, SIZE, 3), number, np.uint8),
                gt_seg_map=np.stack([places, places | IGNORED, places ^ number], axis=-1),
                seg_fields=['gt_seg_map'],
            )

    yield
    DATASETS._module_dict.pop('NumberedTiles')


def mixed(seed=None, **options):
    settings = dict(
        type='MultiImageMixDataset',
        dataset=dict(type='NumberedTiles'),
        pipeline=[dict(type='TileMosaic', **options)],
    )
    return DATASETS.build(settings) if seed is None else SeededSamples(settings, seed)


def test_a_mosaic_has_a_quarter_of_each_tile_in_its_place():
    np.random.seed(0)
    result = mixed(prob=1.0)[7]
    image = result['img'][..., 0]
    corners = image[0, 0], image[0, -1], image[-1, 0], image[-1, -1]
    assert corners[0] == 7
    row = int(np.argmax(image[:, 0] != image[0, 0])) if corners[2] != 7 else None
    column = int(np.argmax(image[0] != image[0, 0]))
    assert SIZE / 4 <= row <= 3 * SIZE / 4 and SIZE / 4 <= column <= 3 * SIZE / 4
    expected = np.empty((SIZE, SIZE), np.uint8)
    expected[:row, :column], expected[:row, column:] = corners[:2]
    expected[row:, :column], expected[row:, column:] = corners[2:]
    np.testing.assert_array_equal(image, expected)
    places = np.arange(SIZE * SIZE, dtype=np.int32).reshape(SIZE, SIZE)
    np.testing.assert_array_equal(result['gt_seg_map'][..., 0], places)  # nothing moves
    np.testing.assert_array_equal(result['gt_seg_map'][..., 1], places | IGNORED)
    np.testing.assert_array_equal(result['gt_seg_map'][..., 2], places ^ expected)
    assert result['gt_seg_map'].dtype == np.int32


def test_the_share_of_mosaics():
    dataset = mixed(prob=0.3)
    np.random.seed(1)
    made = [len(np.unique(dataset[0]['img'])) > 1 for _ in range(400)]
    assert 0.2 < np.mean(made) < 0.4


def test_other_tiles_are_not_loaded_without_a_mosaic():
    transform = TRANSFORMS.build(dict(type='TileMosaic', prob=0.0))
    assert transform.get_indices(range(20)) == []
    image = np.zeros((4, 4, 3), np.uint8)
    results = dict(img=image, mix_results=[])
    assert transform(results)['img'] is image


def test_a_sample_is_the_same_whatever_came_before():
    dataset = mixed(seed=5, prob=1.0)
    first = [dataset[StreamIndex(index, 0, 10 + index)]['img'] for index in range(6)]
    again = [dataset[StreamIndex(index, 0, 10 + index)]['img'] for index in reversed(range(6))]
    for one, other in zip(first, reversed(again), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(first[0], dataset[StreamIndex(0, 0, 99)]['img'])


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(prob=1.5), 'prob must be between 0 and 1'),
        (dict(center=(0.0, 0.5)), 'center must be'),
        (dict(center=(0.6, 0.5)), 'center must be'),
    ],
)
def test_settings_that_are_none(options, message):
    with pytest.raises(HandboneError, match=message):
        TRANSFORMS.build(dict(type='TileMosaic', **options))


def test_tiles_of_several_sizes():
    transform = TRANSFORMS.build(dict(type='TileMosaic', prob=1.0))
    tile, other = (dict(img=np.zeros((side, 4, 3)), seg_fields=[]) for side in (4, 5))
    with pytest.raises(HandboneError, match=r'tiles of one size, but img is \(5, 4, 3\) in one'):
        transform(dict(tile, mix_results=[tile, other, tile]))


def test_tiles_that_know_all_classes_beside_one_that_does_not():
    labels = np.zeros((8, 8), np.int32)
    whole = dict(img=np.zeros((8, 8, 3), np.uint8), gt_seg_map=labels, seg_fields=['gt_seg_map'])
    partly = dict(whole, gt_unknown_map=labels + 5, seg_fields=['gt_seg_map', 'gt_unknown_map'])
    transform = TRANSFORMS.build(dict(type='TileMosaic', prob=1.0))
    result = transform(dict(whole, mix_results=[dict(partly), dict(whole), dict(whole)]))
    assert result['seg_fields'] == ['gt_seg_map', 'gt_unknown_map']
    corners = result['gt_unknown_map'][[0, 0, -1, -1], [0, -1, 0, -1]]
    assert corners.tolist() == [0, 5, 0, 0]
    assert whole['seg_fields'] == ['gt_seg_map'] and 'gt_unknown_map' not in whole
