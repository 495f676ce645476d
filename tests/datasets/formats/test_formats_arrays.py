"""Arrays of one channel per class, written by NumPy."""

import numpy as np
import pytest
from made_images import CLASSES, made_images, masks_of, write_all

from handbone.datasets import DatasetError
from handbone.datasets.formats.channel_arrays import ChannelArraysReader, ChannelArraysWriter
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.errors import HandboneError


@pytest.mark.parametrize('kind', ['bool', 'uint8', 'float32'])
@pytest.mark.parametrize('suffix', ['npy', 'npz'])
def test_any_number(tmp_path, kind, suffix):
    masks = np.zeros((3, 4, 5), kind)
    masks[0, 1:, 2:] = masks[2, :3, :3] = 1
    (tmp_path / 'masks').mkdir()
    if suffix == 'npy':
        np.save(tmp_path / 'masks/a.npy', masks)
        np.save(tmp_path / 'masks/b.npy', np.asfortranarray(masks))
    else:
        np.savez_compressed(tmp_path / 'masks/a.npz', masks=masks)
    for found in masks_of(ChannelArraysReader(tmp_path, choice=ClassChoice(CLASSES))).values():
        np.testing.assert_array_equal(found, masks != 0)


def test_channels_last(tmp_path):
    masks = np.random.default_rng(0).random((4, 5, 3)) < 0.5
    np.save(tmp_path / 'a.npy', masks)
    reader = ChannelArraysReader(tmp_path, choice=ClassChoice(CLASSES), channels='last')
    np.testing.assert_array_equal(masks_of(reader)['a.png'], np.moveaxis(masks, 2, 0))


@pytest.mark.parametrize(
    ('array', 'fault'),
    [
        (np.zeros((2, 4, 5)), '2 channels for 3 classes'),
        (np.zeros((4, 5)), r'the shape \(4, 5\)'),
        (np.array([[[{}]]], object), 'cannot be read'),
        (np.array([[['a']]]), 'an array of <U1'),
    ],
)
def test_wrong_arrays_and_no_pickle(tmp_path, array, fault):
    np.save(tmp_path / 'a.npy', array, allow_pickle=True)
    with pytest.raises(DatasetError, match=f'a.npy: .*{fault}'):
        list(ChannelArraysReader(tmp_path, choice=ClassChoice(CLASSES)))


def test_cut_off_files(tmp_path):
    np.save(tmp_path / 'a.npy', np.zeros((3, 4, 5)))
    whole = (tmp_path / 'a.npy').read_bytes()
    for length in (0, 5, 60, 130, 300):
        (tmp_path / 'a.npy').write_bytes(whole[:length])
        with pytest.raises(DatasetError, match='a.npy: the array cannot be read'):
            masks_of(ChannelArraysReader(tmp_path, choice=ClassChoice(CLASSES)))


def test_numpy_reads_what_is_written(tmp_path):
    images = made_images()
    write_all(ChannelArraysWriter(tmp_path, CLASSES), images)
    masks = np.load(tmp_path / 'masks/ID0/hand1.npy')
    assert masks.dtype == np.uint8 and masks.shape == (3, 20, 28)
    packed = images[1].draw(3)
    np.testing.assert_array_equal(masks, [packed & 1, packed >> 1 & 1, packed >> 2 & 1])


def read(folder, **options):
    return ChannelArraysReader(folder, choice=ClassChoice(CLASSES), **options)


@pytest.mark.parametrize('value', [1, 255, -1, 0.25])
def test_any_two_values(tmp_path, value):
    masks = np.random.default_rng(1).random((3, 4, 5)) < 0.5
    masks[1:] = [[[True]], [[False]]]
    np.save(tmp_path / 'a.npy', masks * value)
    np.testing.assert_array_equal(masks_of(read(tmp_path))['a.png'], masks)


@pytest.mark.parametrize('suffix', ['npy', 'npz'])
def test_probabilities_need_a_threshold(tmp_path, suffix):
    """A probability of 0.01 is no label."""
    soft = np.zeros((3, 4, 5), np.float32)
    soft[1] = np.linspace(0, 1, 20, dtype=np.float32).reshape(4, 5)
    path = tmp_path / f'a.{suffix}'
    (np.save if suffix == 'npy' else np.savez)(path, soft)
    fault = f'{path}: channel 1: it has more than two values, .* Give a threshold .*threshold=0.5'
    with pytest.raises(DatasetError, match=fault):
        masks_of(read(tmp_path))
    found = masks_of(read(tmp_path, threshold=0.5))['a.png']
    np.testing.assert_array_equal(found, soft > 0.5)
    with pytest.raises(HandboneError, match='threshold must be a number, got nan'):
        read(tmp_path, threshold=float('nan'))


@pytest.mark.parametrize('threshold', [None, 0.5])
def test_what_is_no_number_is_no_label(tmp_path, threshold):
    masks = np.zeros((3, 4, 5))
    masks[2, 1, 1] = np.nan
    np.save(tmp_path / 'a.npy', masks)
    with pytest.raises(DatasetError, match=r'a.npy: channel 2: .*NaN.*[.] Write 0 in their place'):
        masks_of(read(tmp_path, threshold=threshold))


@pytest.mark.parametrize(('suffix', 'save'), [('npy', np.savez), ('npz', np.save)])
def test_a_suffix_of_the_other_kind(tmp_path, suffix, save):
    path = tmp_path / f'a.{suffix}'
    with path.open('wb') as file:
        save(file, np.zeros((3, 4, 5)))
    with pytest.raises(DatasetError, match=f'{path}: the array cannot be read .* Write it again'):
        list(read(tmp_path))
