"""What the header and the last bytes of an image file tell without decoding it."""

from pathlib import Path

from PIL import Image

from handbone.radiographs import RadiographError
from handbone.radiographs.dicom_format import image_size, is_dicom
from handbone.radiographs.picture_formats import TAIL_BYTES

from .errors import DatasetError

COPY_AGAIN = 'Copy the image again from its source, or remove it together with its JSON'


def read_image_size(path: Path) -> tuple[int, int]:
    """Read the size of an image from its header and see that a PNG is complete.

    Damage in the middle of the file shows only when the image is decoded.

    Args:
        path: An image file.

    Returns:
        Height and width in pixels.

    Raises:
        DatasetError: The file cannot be opened, is no image, or is a PNG that lacks its end.
    """
    try:
        with path.open('rb') as file:
            if is_dicom(path, file.read(132)):
                return image_size(path)
            file.seek(0)
            with Image.open(file) as image:
                width, height = image.size
                is_png = image.format == 'PNG'
            file.seek(max(path.stat().st_size - TAIL_BYTES, 0))
            tail = file.read()
    except RadiographError as error:
        raise DatasetError.at(path, error.problem, error.remedy) from error
    except (OSError, Image.DecompressionBombError) as error:
        raise unreadable_image(path, error) from error
    if is_png and b'IEND' not in tail:
        raise DatasetError.at(path, 'the PNG is truncated (its IEND chunk is missing)', COPY_AGAIN)
    return height, width


def unreadable_image(path: str | Path, error: Exception) -> DatasetError:
    """Describe an image file that cannot be opened.

    Args:
        path: The file.
        error: What the attempt to read it raised.

    Returns:
        The error to raise.
    """
    if getattr(error, 'strerror', None):
        return DatasetError.at(
            path,
            f'the image cannot be read ({error.strerror})',
            'Check that the file exists and that you may read it',
        )
    return DatasetError.at(path, f'the file is not an image ({error})', COPY_AGAIN)
