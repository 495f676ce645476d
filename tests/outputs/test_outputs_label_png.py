"""Label PNGs come back as they were."""

import zlib

import cv2
import numpy as np
import pytest
from made_predictions import CLASSES, draw_labels, make_prediction

from handbone.errors import HandboneError
from handbone.masks import pack
from handbone.outputs import WRITERS, read_label_png


def test_overlaps_and_ignored_pixels_come_back(tmp_path):
    prediction = make_prediction('ID001/hand', draw_labels(0))
    assert (prediction.labels < 0).any()
    WRITERS['label-png'](tmp_path, CLASSES, ()).write(prediction)
    labels, classes = read_label_png(tmp_path / 'label_png' / 'ID001' / 'hand.png')
    assert classes == CLASSES
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(labels, prediction.labels)


@pytest.mark.parametrize('count', [1, 31, 32, 93, 210])
def test_any_number_of_classes(tmp_path, count):
    masks = np.random.default_rng(count).random((count, 17, 23)) < 0.3
    names = tuple(f'Knöchel {index}' for index in range(count))
    packed = pack(masks, ignore=masks[0] & masks[-1])
    WRITERS['label-png'](tmp_path, names, ()).write(make_prediction('many', packed))
    labels, classes = read_label_png(tmp_path / 'label_png' / 'many.png')
    assert classes == names
    np.testing.assert_array_equal(labels, packed)


def test_other_readers_see_the_documented_channels(tmp_path):
    prediction = make_prediction('hand', draw_labels(1))
    WRITERS['label-png'](tmp_path, CLASSES, ()).write(prediction)
    picture = cv2.imread(str(tmp_path / 'label_png' / 'hand.png'), cv2.IMREAD_UNCHANGED)
    blue, green, red = (picture[..., channel].astype(np.int64) for channel in range(3))
    assert not blue.any()
    np.testing.assert_array_equal(red + 65536 * green, prediction.labels.view(np.uint32))


def test_pngs_of_other_programs(tmp_path):
    cv2.imwrite(str(tmp_path / 'grey.png'), np.zeros((4, 4), np.uint8))
    cv2.imwrite(str(tmp_path / 'deep.png'), np.zeros((4, 4, 3), np.uint16))
    (tmp_path / 'text.png').write_text('no picture')
    (tmp_path / 'empty.png').touch()
    for name in ('grey', 'deep', 'text', 'empty'):
        with pytest.raises(ValueError, match=f'{name}.png is not a label PNG'):
            read_label_png(tmp_path / f'{name}.png')


@pytest.mark.parametrize(
    'names', ['[[', '["a", 7]', '{"a": 1}', '[' * 5000, '["a"' + ', "a"' * 80 + ']']
)
def test_damaged_class_lists(tmp_path, names):
    """A text chunk that is not a list of names, or has more names than the picture has planes."""
    path = tmp_path / 'label_png' / 'hand.png'
    WRITERS['label-png'](tmp_path, CLASSES, ()).write(make_prediction('hand', draw_labels(1)))
    data = path.read_bytes()
    length = int.from_bytes(data[33:37], 'big')
    text = b'handbone classes\0' + names.encode()
    chunk = len(text).to_bytes(4, 'big') + b'tEXt' + text
    chunk += zlib.crc32(b'tEXt' + text).to_bytes(4, 'big')
    path.write_bytes(data[:33] + chunk + data[33 + 12 + length :])
    with pytest.raises(HandboneError, match=r'hand\.png') as caught:
        read_label_png(path)
    assert len(str(caught.value)) < 400


def test_labels_of_another_class_list(tmp_path):
    with pytest.raises(ValueError, match='40 classes need 2 planes'):
        WRITERS['label-png'](tmp_path, ['part'] * 40, ()).write(
            make_prediction('hand', draw_labels(1))
        )
