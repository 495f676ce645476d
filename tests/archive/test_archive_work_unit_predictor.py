"""One process at work on one unit."""

import multiprocessing
import resource
import signal

import pytest
from marking_predictor import OpenStub, StubPredictor, write_images

for package in ('duckdb', 'pyarrow'):
    pytest.importorskip(package, reason='needs pip install "handbone[archive]"')

import cv2  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as parquet  # noqa: E402

from handbone.archive.work_unit_predictor import WorkUnitPredictor, WorkUnitSettings  # noqa: E402
from handbone.file_hash import file_hash  # noqa: E402


@pytest.fixture
def unit(tmp_path):
    """Five images and their hashes."""
    images = list(write_images(tmp_path / 'images', 5))
    return table(images, tmp_path)


def table(images, folder):
    return pa.table({'image': images, 'image_hash': [file_hash(folder / one) for one in images]})


def predictor(folder, batch_size=2, model_hash='a' * 64):
    settings = WorkUnitSettings(str(folder), str(folder / 'unfinished'), model_hash, batch_size)
    return WorkUnitPredictor(StubPredictor, settings)


def mark(path, value):
    image = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
    image[0, 0] = value
    cv2.imwrite(path, image)


def test_the_same_images_give_the_same_file(unit, tmp_path):
    first = predictor(tmp_path)(unit)
    path = tmp_path / 'unfinished' / first['file'][0].as_py()
    content = path.read_bytes()
    second = predictor(tmp_path, batch_size=3)(unit)
    assert second.equals(first)
    assert path.read_bytes() == content
    assert list(path.parent.glob('*.parquet')) == [path]
    assert parquet.read_metadata(path).num_rows == 15


def test_a_bad_image_leaves_its_batch_alone(unit, tmp_path):
    images = unit['image'].to_pylist()
    mark(images[1], 17)
    receipt = predictor(tmp_path)(table(images, tmp_path))
    errors = receipt['error'].to_pylist()
    assert errors.pop(1) == (
        f'{images[1]}: the image cannot be predicted (ValueError: this image has the wrong look)'
    )
    assert errors == [None] * 4
    written = parquet.read_table(tmp_path / 'unfinished' / receipt['file'][0].as_py())
    assert set(written['image'].to_pylist()) == set(images) - {images[1]}


def test_images_that_change_meanwhile_fail(unit, tmp_path):
    mark(unit['image'][2].as_py(), 3)
    errors = predictor(tmp_path)(unit)['error'].to_pylist()
    assert 'changed' in errors[2]
    assert errors.count(None) == 4


def test_an_image_that_kills_processes_is_given_up(unit, tmp_path):
    images = unit['image'].to_pylist()
    mark(images[3], 13)
    unit = table(images, tmp_path)
    context = multiprocessing.get_context('fork')

    def work(answers):
        answers.put(predictor(tmp_path)(unit)['error'].to_pylist())

    answers = context.Queue()
    for attempt in range(4):
        process = context.Process(target=work, args=(answers,))
        process.start()
        process.join(60)
        assert process.exitcode == (-signal.SIGKILL if attempt < 3 else 0)
    errors = answers.get(timeout=10)
    assert 'ended 3 times' in errors[3]
    assert errors.count(None) == 4


def test_a_full_disk_stops_the_run(unit, tmp_path):
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        receipt = predictor(tmp_path)(unit)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert '.parquet' in receipt['stop'][0].as_py()
    assert 'not written' in receipt['stop'][0].as_py()
    assert not list((tmp_path / 'unfinished').rglob('*.parquet*'))


def test_machines_with_another_model_stop_the_run(unit, tmp_path):
    receipt = predictor(tmp_path, model_hash='b' * 64)(unit)
    assert 'a different model' in receipt['stop'][0].as_py()
    settings = WorkUnitSettings(str(tmp_path), str(tmp_path), 'a' * 64, 1)

    def open_nothing():
        raise FileNotFoundError('there is no config')

    receipt = WorkUnitPredictor(open_nothing, settings)(unit)
    assert 'there is no config' in receipt['stop'][0].as_py()


def test_stub_opens_by_device():
    assert OpenStub()('cpu').model_hash == 'a' * 64
