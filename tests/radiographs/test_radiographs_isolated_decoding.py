"""Compressed images whose decoders crash: one file is lost, and nothing else."""

import multiprocessing
import os
import signal

import cv2
import numpy as np
import pytest
from PIL import Image

pytest.importorskip('gdcm', reason='needs pip install "handbone[dicom]"')
from dicom_file import write_dicom
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit

from handbone.datasets import DatasetError
from handbone.datasets.image_header import read_image_size
from handbone.radiographs import RadiographError, isolated_decoding, read_radiograph
from handbone.radiographs.dicom_decoding import declared_size
from handbone.radiographs.isolated_decoding import IsolatedDecodingError, decode_isolated

SMOOTH = np.add.outer(np.arange(60), np.arange(80)).astype(np.uint8)
JPEG = cv2.imencode('.jpg', SMOOTH)[1].tobytes()


def write_jpeg(path, *images, **elements):
    header = dcmread(write_dicom(path, SMOOTH))
    for keyword, value in elements.items():
        setattr(header, keyword, value)
    header.PixelData = encapsulate(list(images))
    header['PixelData'].is_undefined_length = True
    header.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    header.save_as(path)
    return path


def with_size(jpeg, height, width):
    place = jpeg.index(b'\xff\xc0') + 5
    return jpeg[:place] + height.to_bytes(2) + width.to_bytes(2) + jpeg[place + 4 :]


def read(path):
    return read_radiograph(path).image


def test_sizes_of_compressed_images_are_checked_before_decoding(tmp_path, monkeypatch):
    assert np.abs(read(write_jpeg(tmp_path / 'a.dcm', JPEG)) - SMOOTH.astype(int)).max() < 4
    huge = with_size(JPEG, 65500, 65500)
    monkeypatch.setattr('handbone.radiographs.dicom_decoding.decode_isolated', None)
    with pytest.raises(RadiographError, match=r'a\.dcm: .* 65500 x 65500 pixels, but .* 60 x 80'):
        read(write_jpeg(tmp_path / 'a.dcm', huge))
    path = write_jpeg(tmp_path / 'a.dcm', huge, Rows=65500, Columns=65500)
    with pytest.raises(RadiographError, match='declares 65500 x 65500 pixels'):
        read(path)
    with pytest.raises(DatasetError, match='declares 65500 x 65500 pixels'):
        read_image_size(path)


def test_several_images_of_one_frame(tmp_path):
    path = write_jpeg(tmp_path / 'a.dcm', JPEG, JPEG)
    with pytest.raises(RadiographError, match=r'a\.dcm: the DICOM file has 2 frames'):
        read(path)


@pytest.mark.parametrize('suffix', ['.jpg', '.jp2'])
def test_declared_sizes(suffix):
    for shape in ((60, 80), (40, 72)):
        data = cv2.imencode(suffix, SMOOTH[: shape[0], : shape[1]])[1].tobytes()
        data = data[max(data.find(b'\xff\x4f\xff\x51'), 0) :]
        assert declared_size(data) == shape
    assert declared_size(b'\xff\xd8\xff') is None


@pytest.fixture
def crashing(monkeypatch):
    """Workers of this test alone, whose decoders abort at files that begin as told."""
    monkeypatch.setattr(isolated_decoding, '_workers', isolated_decoding._Workers())
    crash = (
        'import os, handbone.radiographs.isolated_decoding as module; inner = module._decode; '
        "module._decode = lambda kind, data, options: os.abort() if data[:5] == b'crash' "
        "else __import__('time').sleep(99) if data[:4] == b'hang' else inner(kind, data, options);"
    )
    start = isolated_decoding.START.replace('from handbone', f'{crash} from handbone')
    monkeypatch.setattr(isolated_decoding, 'START', start)
    yield isolated_decoding._workers
    isolated_decoding._workers.stop()


def test_a_crash_costs_one_file(crashing, tmp_path):
    Image.fromarray(SMOOTH).save(tmp_path / 'a.jp2')
    sound = (tmp_path / 'a.jp2').read_bytes()
    for _ in range(2):
        with pytest.raises(IsolatedDecodingError, match='crashes'):
            decode_isolated('picture', b'crash', flags=0)
        np.testing.assert_array_equal(decode_isolated('picture', sound, flags=0), SMOOTH)


def test_workers_are_reused_and_one_that_was_killed_is_replaced(crashing, tmp_path):
    Image.fromarray(SMOOTH).save(tmp_path / 'a.jp2')
    read(tmp_path / 'a.jp2')
    (worker,) = crashing._idle
    read(tmp_path / 'a.jp2')
    assert crashing._idle == [worker]
    os.kill(worker._process.pid, signal.SIGKILL)
    np.testing.assert_array_equal(read(tmp_path / 'a.jp2'), SMOOTH)
    assert worker not in crashing._idle


def test_a_decoder_that_does_not_end_is_ended(crashing, monkeypatch):
    monkeypatch.setattr(isolated_decoding, 'MAX_SECONDS', 0.5)
    with pytest.raises(IsolatedDecodingError, match='does not come to an end'):
        decode_isolated('picture', b'hang', flags=0)


def test_ordinary_files_need_no_process(crashing, tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), SMOOTH)
    cv2.imwrite(str(tmp_path / 'a.jpg'), SMOOTH)
    for path in (tmp_path / 'a.png', tmp_path / 'a.jpg', write_dicom(tmp_path / 'a.dcm', SMOOTH)):
        read(path)
    assert not crashing._idle


def test_missing_decoders_are_named(tmp_path, monkeypatch):
    def decode(kind, data):
        raise IsolatedDecodingError('Unable to decompress: all plugins are missing dependencies')

    monkeypatch.setattr('handbone.radiographs.dicom_decoding.decode_isolated', decode)
    path = write_jpeg(tmp_path / 'a.dcm', JPEG)
    with pytest.raises(RadiographError, match=r'\(JPEG Baseline.*pip install "handbone\[dicom\]"'):
        read(path)


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='processes are not forked here')
def test_forked_processes_have_workers_of_their_own(crashing, tmp_path):
    Image.fromarray(SMOOTH).save(tmp_path / 'a.jp2')
    read(tmp_path / 'a.jp2')
    context = multiprocessing.get_context('fork')
    with context.Pool(2) as pool:
        images = pool.map(read, [tmp_path / 'a.jp2'] * 4)
    for image in [*images, read(tmp_path / 'a.jp2')]:
        np.testing.assert_array_equal(image, SMOOTH)
