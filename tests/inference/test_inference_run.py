"""Streams of images into files: order, bad files, interruptions and full disks."""

import csv
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from prediction_run import contents, run
from stub_predictor import StubPredictor

from handbone.errors import HandboneError
from handbone.masks import string_to_runs
from handbone.outputs import OutputWriter


class Choosy(OutputWriter):
    """Cannot hold the images of one patient."""

    def __init__(self, error):
        self.error = error
        self.written = []

    def encode(self, prediction):
        if 'hand4' in prediction.name:
            raise self.error
        return b'content'

    def put(self, prediction, content):
        assert content == b'content'
        self.written.append(prediction.name)


@pytest.mark.parametrize(('batch_size', 'workers'), [(1, 1), (4, 3), (100, 2)])
def test_outputs(images, tmp_path, whole, batch_size, workers):
    predictor = StubPredictor()
    summary = run(images, tmp_path / 'out', predictor, batch_size=batch_size, workers=workers)
    assert tuple(summary) == (6, 1, 0)
    assert sum(predictor.calls) == 5 and max(predictor.calls) <= batch_size
    assert contents(tmp_path / 'out') == whole
    assert set(whole) == {'predictions.csv', 'failures.csv'} | {
        f'overlays/ID{index // 2}/hand{index}.jpg' for index in (0, 1, 3, 4, 5)
    }


def test_csv_holds_the_masks(images, tmp_path, whole):
    rows = list(csv.DictReader(whole['predictions.csv'].decode().splitlines()))
    assert [row['image_name'] for row in rows] == [
        f'hand{index}.png' for index in (0, 1, 3, 4, 5) for _ in range(2)
    ]
    for row in rows:
        (path,) = images.rglob(row['image_name'])
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        mask = np.zeros(image.size, bool)
        for start, length in string_to_runs(row['rle']):
            mask[start : start + length] = True
        limit = 100 if row['class'] == 'bright' else 200
        np.testing.assert_array_equal(mask.reshape(image.shape), image > limit)


def test_failures_name_file_and_fault(images, whole):
    (row,) = csv.DictReader(whole['failures.csv'].decode().splitlines())
    assert row['file'] == str(images / 'ID1' / 'hand2.png')
    assert 'hand2.png: the file is not an image of a known format' in row['error']


def test_strips_are_failures(images, tmp_path):
    cv2.imwrite(str(images / 'strip.png'), np.zeros((1, 200), np.uint8))
    assert run(images, tmp_path / 'out').failed == 2
    assert 'a strip of 1 x 200 pixels' in (tmp_path / 'out' / 'failures.csv').read_text()


def test_failures_of_an_earlier_run_go(images, tmp_path):
    run(images, tmp_path / 'out')
    shutil.copy(images / 'ID0' / 'hand0.png', images / 'ID1' / 'hand2.png')
    assert run(images, tmp_path / 'out', restart=True).failed == 0
    assert not (tmp_path / 'out' / 'failures.csv').exists()


@pytest.mark.parametrize('pattern', ['', '**/*.png', '*/*.png'])
def test_outputs_among_the_images(images, pattern):
    with pytest.raises(ValueError, match='would be taken for radiographs'):
        run(images / pattern, images / 'out')
    assert not (images / 'out').exists()


@pytest.mark.parametrize(
    ('error', 'text'),
    [
        (HandboneError('not in this format'), 'hand4.png: not in this format'),
        (
            ValueError('Null bytes'),
            'hand4.png: the image cannot be written (ValueError: Null bytes)',
        ),
        (cv2.error('bad\n size'), 'hand4.png: the image cannot be written (error: bad size)'),
        (OSError('decoder'), 'hand4.png: the image cannot be written (OSError: decoder)'),
        (AttributeError(), 'hand4.png: the image cannot be written (AttributeError)'),
    ],
)
def test_nothing_is_left_of_an_image_that_a_format_cannot_hold(images, tmp_path, error, text):
    writer, out = Choosy(error), tmp_path / 'out'
    names = ('csv', 'polygons', 'overlays', 'coco', 'table', 'label-png')
    assert run(images, out, names=names, extra=writer).failed == 2
    assert writer.written == ['ID0/hand0', 'ID0/hand1', 'ID1/hand3', 'ID2/hand5']
    failures = list(csv.DictReader((out / 'failures.csv').read_text().splitlines()))
    assert [Path(row['file']).name for row in failures] == ['hand2.png', 'hand4.png']
    assert text in failures[1]['error']
    for path, content in contents(out).items():
        assert 'hand4' not in path
        assert path == 'failures.csv' or b'hand4' not in content
    whole = tmp_path / 'without'
    (images / 'ID2' / 'hand4.png').write_text('no image either')
    run(images, whole, names=names)
    (out / 'failures.csv').unlink(), (whole / 'failures.csv').unlink()
    assert contents(out) == contents(whole)


def test_names_too_long_for_outputs(images, tmp_path):
    long = 'x' * 248 + '.png'
    shutil.copy(images / 'ID0' / 'hand0.png', images / long)
    assert run(images, tmp_path / 'out').failed == 2
    assert 'the name is too long' in (tmp_path / 'out' / 'failures.csv').read_text()
    assert b'xxx' not in contents(tmp_path / 'out')['predictions.csv']


@pytest.mark.parametrize(
    'error', [MemoryError('of the machine'), torch.OutOfMemoryError('of the GPU')]
)
def test_lack_of_memory_while_writing_ends_the_run(images, tmp_path, error):
    with pytest.raises(type(error)):
        run(images, tmp_path / 'out', extra=Choosy(error))
    assert not (tmp_path / 'out' / 'predictions.csv').exists()
