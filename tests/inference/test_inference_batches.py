"""One image that fails, in the stream of files and in an archive's processes alike."""

import errno
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from stub_predictor import FailingPredictor, StubPredictor

from handbone.errors import HandboneError
from handbone.extras import MissingExtraError
from handbone.inference import ImageSources, Predictor, default_batch_size
from handbone.inference.run import predict_to_files
from handbone.inference.stream import predict_sources

BAD = 7  # the grey value at which the predictor fails


@pytest.fixture
def images(tmp_path):
    """Five images, the third one of which the predictor fails at."""
    folder = tmp_path / 'images'
    folder.mkdir()
    noise = np.random.default_rng(0)
    for index in range(5):
        image = noise.integers(10, 256, (20, 30 + index)).astype(np.uint8)
        if index == 2:
            image[0, 0] = BAD
        cv2.imwrite(str(folder / f'image{index}.png'), image)
    return folder


def by_stream(predictor, folder, batch_size):
    """Errors and masks of the first class, by name, as the stream of files gives them."""
    batches = predict_sources(predictor, ImageSources([folder]), batch_size)
    return {
        outcome.source.image_name: outcome.error or outcome.prediction.labels & 1
        for batch in batches
        for outcome in batch
    }


def by_archive(predictor, folder, batch_size):
    """The same as a process of an archive gives them."""
    pytest.importorskip('duckdb')
    pa = pytest.importorskip('pyarrow')
    parquet = pytest.importorskip('pyarrow.parquet')
    from handbone.archive.work_unit_predictor import WorkUnitPredictor, WorkUnitSettings
    from handbone.file_hash import file_hash
    from handbone.masks import decode

    paths = sorted(folder.iterdir())
    unit = pa.table(
        {'image': [str(path) for path in paths], 'image_hash': [file_hash(path) for path in paths]}
    )
    unfinished = folder.parent / 'unfinished'
    settings = WorkUnitSettings('.', str(unfinished), predictor.model_hash, batch_size)
    receipt = WorkUnitPredictor(lambda: predictor, settings)(unit)
    if receipt['stop'][0].as_py():
        raise RuntimeError(receipt['stop'][0].as_py())
    found = {Path(row['image']).name: row['error'] for row in receipt.to_pylist() if row['error']}
    file = receipt['file'][0].as_py()
    for row in parquet.read_table(unfinished / file).to_pylist() if file else ():
        if row['class'] == predictor.classes[0]:
            runs = np.array([row['starts'], row['lengths']], np.int64).T - (1, 0)
            found[Path(row['image']).name] = decode([runs], row['height'], row['width'])
    return dict(sorted(found.items()))


def masks(folder):
    return {
        path.name: (cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) > 100).astype(np.int32)
        for path in sorted(folder.iterdir())
    }


ENGINES = pytest.mark.parametrize('engine', [by_stream, by_archive])


@ENGINES
@pytest.mark.parametrize('batch_size', [1, 2, 5])
@pytest.mark.parametrize(
    'error',
    [
        ValueError('cannot\nbe  predicted'),
        cv2.error('dst is empty'),
        ZeroDivisionError('division by zero'),
        TypeError(),
        RuntimeError('Calculated padded input size per channel: (1 x 700)'),
    ],
)
def test_an_image_that_cannot_be_predicted(images, engine, batch_size, error):
    """Only that image fails, whatever was raised and whichever images it shared a batch with."""
    expected = masks(images)
    found = engine(FailingPredictor(error), images, batch_size)
    assert list(found) == list(expected)
    reason = ' '.join(f'{type(error).__name__}: {error}'.split()).removesuffix(':')
    place = images / 'image2.png'
    assert found.pop('image2.png') == f'{place}: the image cannot be predicted ({reason})'
    for name, labels in found.items():
        np.testing.assert_array_equal(labels, expected[name])


@ENGINES
def test_files_that_are_no_radiographs(images, engine):
    """Degenerate images, damaged ones and text, with one line each that names the file."""
    cv2.imwrite(str(images / 'strip.png'), np.zeros((1, 700), np.uint8))
    cv2.imwrite(str(images / 'column.png'), np.zeros((700, 1), np.uint8))
    (images / 'empty.png').touch()
    (images / 'text.jpg').write_text('no image')
    (images / 'cut.png').write_bytes((images / 'image0.png').read_bytes()[:100])
    (images / 'image2.png').unlink()
    found = engine(StubPredictor(), images, 3)
    failures = {name: text for name, text in found.items() if isinstance(text, str)}
    assert set(failures) == {'strip.png', 'column.png', 'empty.png', 'text.jpg', 'cut.png'}
    for name, text in failures.items():
        assert text.startswith(f'{images / name}: ') and '\n' not in text
    assert 'a strip of 1 x 700 pixels' in failures['strip.png']
    assert len(found) == 9


@ENGINES
def test_whatever_reading_raises(images, engine, monkeypatch):
    from handbone.radiographs import reading

    read = reading.read_radiograph

    def read_badly(path, *options):
        if Path(path).name == 'image1.png':
            raise KeyError('TransferSyntaxUID')
        if Path(path).name == 'image3.png':
            raise OSError('broken data stream')
        return read(path, *options)

    monkeypatch.setattr('handbone.inference.predictor.read_radiograph', read_badly)
    found = engine(StubPredictor(), images, 2)
    assert found['image1.png'].endswith(
        "image1.png: the image cannot be read (KeyError: 'TransferSyntaxUID')"
    )
    assert found['image3.png'].endswith('image3.png: the image cannot be read (broken data stream)')
    assert sum(isinstance(one, np.ndarray) for one in found.values()) == 3


class Cropping(StubPredictor):
    def predict(self, images):
        return [labels[:, :-1] for labels in super().predict(images)]


class Forgetting(StubPredictor):
    def predict(self, images):
        return super().predict(images)[:-1]


@ENGINES
@pytest.mark.parametrize('predictor', [Cropping(), Forgetting()])
def test_labels_that_do_not_fit_the_image_are_not_taken(images, engine, predictor):
    found = engine(predictor, images, 2)
    assert len(found) == 5
    for text in found.values():
        assert 'the predictor gave labels of the sizes [' in text


@ENGINES
@pytest.mark.parametrize(
    'error',
    [
        MemoryError('Unable to allocate 3 GiB'),
        torch.OutOfMemoryError('CUDA out of memory'),
        RuntimeError('CUDA error: device-side assert triggered'),
        OSError(errno.ENOSPC, 'No space left on device'),
        MissingExtraError('pydicom is not installed'),
    ],
)
def test_faults_of_the_machine_end_the_run(images, engine, error):
    wanted = type(error) if engine is by_stream else RuntimeError
    with pytest.raises(wanted, match=str(error.args[-1])):
        engine(FailingPredictor(error), images, 2)


@ENGINES
def test_a_batch_too_large_for_the_memory_is_predicted_one_by_one(images, engine):
    class Small(StubPredictor):
        def predict(self, images):
            if len(images) > 1:
                raise torch.OutOfMemoryError('CUDA out of memory')
            return super().predict(images)

    found = engine(Small(), images, 5)
    for name, mask in masks(images).items():
        np.testing.assert_array_equal(found[name], mask)


def test_the_run_continues_and_writes_what_it_would_have_without_the_image(images, tmp_path):
    from handbone.apis.inferencer import make_writers

    def run(out):
        predictor = FailingPredictor(ValueError('odd'))
        writers = make_writers(['csv'], out, predictor)
        return predict_to_files(predictor, ImageSources([images]), writers, out, 2, progress=False)

    assert run(tmp_path / 'with').failed == 1
    (images / 'image2.png').unlink()
    assert run(tmp_path / 'without').failed == 0
    files = [tmp_path / each / 'predictions.csv' for each in ('with', 'without')]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_default_batch_sizes():
    assert default_batch_size('cuda:1') == 8
    assert default_batch_size(torch.device('cpu')) == 1
    calls = StubPredictor()
    assert isinstance(calls, Predictor)
    assert not isinstance(object(), Predictor)


def test_numbers_below_one_are_refused(images):
    with pytest.raises(HandboneError, match='at least 1, got 0 and 2'):
        next(predict_sources(StubPredictor(), ImageSources([images]), 0))
