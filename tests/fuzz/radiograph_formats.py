"""Pictures and DICOM files: read as a prediction reads them, and as a training checks them."""

import io
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from handbone.datasets import DatasetError
from handbone.datasets.image_header import read_image_size
from handbone.radiographs import RadiographError, check_grey_values, read_radiograph

from .harness import Target
from .mutations import mutate

GRAY = (np.add.outer(np.arange(40) * 31, np.arange(56) * 17) % 4096).astype(np.uint16)
SMOOTH = np.add.outer(np.arange(40) * 3, np.arange(56) * 2).astype(np.uint8)
#: What damaged files claim and what programs write that do not know the standard.
ODD_VALUES = (
    *('', '0', '-1', '1e309', 'nan', 'inf', '65535', '4294967295', 'X', '00000000', '1\\2\\3'),
    *('ISO 2022 IR 149', '\\ISO 2022 IR 87', 'MONOCHROME1', 'SIGMOID', '0,5', '9' * 40),
)
ODD_REPRESENTATIONS = (b'UN', b'XX', b'SQ', b'OB', b'DS', b'US', b'SS', b'FD', b'\0\0')


def read(path: Path) -> tuple[tuple[int, int] | None, np.ndarray]:
    """Read a file, after the header check of a training."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # pydicom's about values that are not valid
        try:
            size = read_image_size(path)
        except DatasetError as error:
            assert isinstance(error.__cause__, RadiographError)
            read_radiograph(path)
            raise AssertionError(f'only the header check refuses the file: {error}') from error
        return size, read_radiograph(path).image


def check(path: Path, content: tuple[tuple[int, int], np.ndarray]) -> None:
    """Check that the image is one that predictors take, of the size that the header says."""
    size, image = content
    assert check_grey_values(image) is image
    assert image.shape == size


def encoded(suffix: str, *images: np.ndarray) -> Callable[[], list[bytes]]:
    """Return what encodes images with OpenCV."""
    return lambda: [cv2.imencode(suffix, image)[1].tobytes() for image in images]


def tiffs() -> list[bytes]:
    """Encode TIFFs of several depths, one of them with a pixel that is not a number."""
    shares = GRAY.astype(np.float32) / 4095
    damaged = np.where(GRAY[20, 30] == GRAY, np.float32(np.nan), shares)
    return encoded('.tif', SMOOTH, GRAY, shares, damaged)()


def dicom_files() -> list[bytes]:
    """Write DICOM files of several encodings, with every element that the reader looks at."""
    import pydicom
    from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

    table = pydicom.Dataset()
    table.LUTDescriptor = [256, 0, 12]
    table.LUTData = np.arange(0, 4096, 16, np.uint16).tobytes()
    plain = dict(WindowCenter='2000', WindowWidth='3000', VOILUTFunction='SIGMOID')
    scaled = dict(RescaleSlope='2', RescaleIntercept='-10', PixelPaddingValue=0)
    files = [
        (GRAY, ExplicitVRLittleEndian, plain),
        (GRAY, ImplicitVRLittleEndian, scaled | dict(PixelPaddingRangeLimit=9)),
        (SMOOTH, ExplicitVRLittleEndian, dict(PhotometricInterpretation='MONOCHROME1')),
        (SMOOTH, ExplicitVRLittleEndian, dict(VOILUTSequence=[table])),
        (SMOOTH, ExplicitVRLittleEndian, dict(ModalityLUTSequence=[table])),
        (GRAY, RLELossless, scaled | dict(PixelSpacing=[0.1, 0.2])),
    ]
    return [_dicom(pixels, syntax, elements) for pixels, syntax, elements in files]


def _dicom(pixels: np.ndarray, syntax: str, elements: dict) -> bytes:
    import pydicom

    header = pydicom.Dataset()
    header.file_meta = pydicom.dataset.FileMetaDataset()
    header.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    bits = 8 * pixels.dtype.itemsize
    standard = dict(
        SOPClassUID=pydicom.uid.DigitalXRayImageStorageForPresentation,
        SOPInstanceUID='1.2.3',
        Modality='DX',
        SpecificCharacterSet='ISO_IR 100',
        PatientName='Hand^Phantom',
        Rows=pixels.shape[0],
        Columns=pixels.shape[1],
        NumberOfFrames='1',
        SamplesPerPixel=1,
        PhotometricInterpretation='MONOCHROME2',
        BitsAllocated=bits,
        BitsStored=min(bits, 12),
        HighBit=min(bits, 12) - 1,
        PixelRepresentation=0,
        PixelData=pixels.tobytes(),
    )
    for keyword, value in (standard | elements).items():
        setattr(header, keyword, value)
    if syntax.is_compressed:
        header.compress(syntax, encoding_plugin='pydicom', generate_instance_uid=False)
    header.file_meta.TransferSyntaxUID = syntax
    content = io.BytesIO()
    header.save_as(content, enforce_file_format=True)
    return content.getvalue()


def jpeg_dicom_files() -> list[bytes]:
    """Write DICOM files with a JPEG, which need the decoders of the extra."""
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEGBaseline8Bit

    plain = _dicom(SMOOTH, RAW, {})
    jpeg = cv2.imencode('.jpg', SMOOTH)[1].tobytes()
    return [_reencoded(plain, encapsulate([jpeg]), JPEGBaseline8Bit)]


def _reencoded(plain: bytes, pixels: bytes, syntax: str) -> bytes:
    import pydicom

    header = pydicom.dcmread(io.BytesIO(plain))
    header.PixelData = pixels
    header['PixelData'].VR, header['PixelData'].is_undefined_length = 'OB', True
    header.file_meta.TransferSyntaxUID = syntax
    content = io.BytesIO()
    header.save_as(content)
    return content.getvalue()


def mutate_dicom(data: bytes, random: np.random.Generator) -> bytes:
    """Damage a DICOM file: values, lengths and representations of elements, or any bytes."""
    if random.integers(0, 3) == 0:
        return mutate(data, random)
    content = bytearray(data)
    for _ in range(random.integers(1, 4)):
        starts = [
            place for place in range(132, min(len(content), 1200), 2) if _is_tag(content, place)
        ]
        if starts:
            _change_element(content, starts[random.integers(0, len(starts))], random)
    return bytes(content)


def deflated_dicom_files() -> list[bytes]:
    """Write DICOM files that are deflated as a whole."""
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    return [_dicom(pixels, DeflatedExplicitVRLittleEndian, {}) for pixels in (GRAY, SMOOTH)]


def mutate_deflated(data: bytes, random: np.random.Generator) -> bytes:
    """Damage the deflated bytes, or what they hold."""
    if random.integers(0, 3) == 0:
        return mutate_dicom(data, random)
    start = 144 + int.from_bytes(data[140:144], 'little')  # behind the file meta information
    content = bytes(132) + zlib.decompress(data[start:], -zlib.MAX_WBITS)
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = deflater.compress(mutate_dicom(content, random)[132:]) + deflater.flush()
    return data[:start] + deflated


def _is_tag(content: bytearray, place: int) -> bool:
    """Whether an explicit element of an image's groups begins at a place."""
    group = int.from_bytes(content[place : place + 2], 'little')
    return (
        group in (0x02, 0x08, 0x10, 0x18, 0x28, 0x7FE0) and content[place + 4 : place + 6].isupper()
    )


def _change_element(content: bytearray, place: int, random: np.random.Generator) -> None:
    length = int.from_bytes(content[place + 6 : place + 8], 'little')
    kind = random.integers(0, 5)
    if kind == 0:
        content[place + 4 : place + 6] = ODD_REPRESENTATIONS[random.integers(0, 9)]
    elif kind == 1:
        content[place + 6 : place + 8] = random.integers(0, 256, 2, np.uint8).tobytes()
    elif kind == 2:
        content[place + 8 : place + 8 + length] = random.integers(
            0, 256, length, np.uint8
        ).tobytes()
    elif kind == 3:
        del content[place : place + 8 + length]
    else:
        value = ODD_VALUES[random.integers(0, len(ODD_VALUES))].encode()
        value += b' ' * (len(value) % 2)
        content[place + 6 : place + 8] = len(value).to_bytes(2, 'little')
        content[place + 8 : place + 8 + length] = value


def _target(
    name: str, suffix: str, samples: Callable[[], list[bytes]], **options: Callable
) -> Target:
    return Target(name, suffix, samples, read, check, **options)


TARGETS = [
    _target('png', '.png', encoded('.png', SMOOTH, GRAY)),
    _target('jpeg', '.jpg', encoded('.jpg', SMOOTH, np.dstack([SMOOTH] * 3))),
    _target('tiff', '.tif', tiffs),
    _target('bmp', '.bmp', encoded('.bmp', SMOOTH)),
    _target('webp', '.webp', encoded('.webp', np.dstack([SMOOTH] * 3))),
    _target('gif', '.gif', encoded('.gif', np.dstack([SMOOTH] * 3))),
    _target('jp2', '.jp2', encoded('.jp2', SMOOTH, GRAY)),
]
try:
    import pydicom

    RAW = pydicom.uid.ExplicitVRLittleEndian
except ImportError:  # the extra is not installed
    pass
else:
    TARGETS += [_target('dicom', '.dcm', dicom_files, mutate=mutate_dicom)]
    TARGETS += [_target('dicom-deflated', '.dcm', deflated_dicom_files, mutate=mutate_deflated)]
    TARGETS += [_target('dicom-jpeg', '.dcm', jpeg_dicom_files, mutate=mutate_dicom)]
