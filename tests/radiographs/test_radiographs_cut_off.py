"""Pictures and DICOM files that are cut off are known by their headers, not by their pixels."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from handbone.radiographs import RadiographError
from handbone.radiographs.reading import read_image_size

SMOOTH = np.add.outer(np.arange(40), np.arange(60) * 3).astype(np.uint8)
FEW = SMOOTH // 80


def pillow(kind, image=FEW, mode='L', **settings):
    content = io.BytesIO()
    Image.fromarray(image).convert(mode).save(content, kind, **settings)
    return content.getvalue()


def opencv(suffix, image=SMOOTH):
    return cv2.imencode(suffix, image)[1].tobytes()


def tiled():
    tifffile = pytest.importorskip('tifffile', reason='needs pip install "handbone[tissue]"')
    content = io.BytesIO()
    tifffile.imwrite(content, SMOOTH, tile=(16, 16), compression='zlib')
    return content.getvalue()


def big_tiff():
    tifffile = pytest.importorskip('tifffile', reason='needs pip install "handbone[tissue]"')
    content = io.BytesIO()
    tifffile.imwrite(content, SMOOTH, bigtiff=True)
    return content.getvalue()


FILES = {
    'png': lambda: pillow('PNG'),
    'png of 16 bits': lambda: opencv('.png', SMOOTH.astype(np.uint16) * 256),
    'jpeg': lambda: pillow('JPEG', SMOOTH),
    'progressive jpeg': lambda: pillow('JPEG', SMOOTH, progressive=True),
    'bmp': lambda: pillow('BMP'),
    'colour bmp': lambda: pillow('BMP', mode='RGB'),
    'gif': lambda: pillow('GIF'),
    'gif with a palette': lambda: pillow('GIF', mode='P'),
    'webp': lambda: pillow('WEBP', SMOOTH),
    'jpeg 2000': lambda: opencv('.jp2'),
    'tiff': lambda: pillow('TIFF'),
    'tiff by OpenCV': lambda: opencv('.tif'),
    'compressed tiff': lambda: pillow('TIFF', compression='tiff_deflate'),
    'tiled tiff': tiled,
    'big tiff': big_tiff,
    'pbm': lambda: opencv('.pbm', FEW * 255),
    'pgm': lambda: opencv('.pgm'),
    'pgm of 16 bits': lambda: opencv('.pgm', SMOOTH.astype(np.uint16) * 256),
    'ppm': lambda: opencv('.ppm', np.dstack([SMOOTH] * 3)),
}


@pytest.mark.filterwarnings('ignore:Truncated File Read')
@pytest.mark.parametrize('kind', FILES)
def test_pictures(tmp_path, kind):
    data, path = FILES[kind](), tmp_path / 'image'
    for more in (b'', b'more'):  # what follows on the end of a picture does not matter
        path.write_bytes(data + more if kind != 'webp' else data)
        assert read_image_size(path) == (40, 60)
    for length in {*range(len(data) - 30, len(data)), *range(0, len(data), len(data) // 30)}:
        path.write_bytes(data[:length])
        with pytest.raises(RadiographError, match='image: .*Copy the file again'):
            read_image_size(path)


def test_run_lengths_in_a_bmp(tmp_path):
    """Eight bits in run lengths, by the definition of the format: 4 x 2 pixels of the value 1."""
    palette = bytes(4) + b'\xff\xff\xff\0' + bytes(254 * 4)
    pixels = b'\x04\x01\0\0\x04\x01\0\x01'
    sizes = (40, 4, 2, 1 | 8 << 16, 1, len(pixels), 0, 0, 256, 0)
    header = b''.join(number.to_bytes(4, 'little') for number in sizes)
    start = 14 + len(header) + len(palette)
    length = (start + len(pixels)).to_bytes(4, 'little')
    data = b'BM' + length + bytes(4) + start.to_bytes(4, 'little') + header + palette + pixels
    path = tmp_path / 'image.bmp'
    path.write_bytes(data)
    assert read_image_size(path) == (2, 4)
    path.write_bytes(data[:-1])
    with pytest.raises(RadiographError, match='the BMP is truncated'):
        read_image_size(path)


def test_dicom_files(tmp_path):
    pytest.importorskip('pydicom', reason='needs pip install "handbone[dicom]"')
    from dicom_file import write_dicom

    path = write_dicom(tmp_path / 'image.dcm', SMOOTH)
    data = path.read_bytes()
    assert read_image_size(path) == (40, 60)
    for length in (len(data) - 1, len(data) - 100, len(data) - SMOOTH.size):
        path.write_bytes(data[:length])
        with pytest.raises(RadiographError, match=r'image.dcm: .*truncated'):
            read_image_size(path)
