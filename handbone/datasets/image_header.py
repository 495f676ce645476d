"""The size of an image file of a dataset, without decoding it."""

from pathlib import Path

from handbone.radiographs import RadiographError
from handbone.radiographs.errors import COPY_AGAIN as COPY_FILE_AGAIN
from handbone.radiographs.reading import read_image_size as read_size

from .errors import DatasetError

COPY_AGAIN = 'Copy the image again from its source, or remove it together with its JSON'


def read_image_size(path: str | Path) -> tuple[int, int]:
    """Read the size of an image from its header and check that a PNG or JPEG is complete.

    Damage in the middle of the file shows only when the image is decoded.

    Args:
        path: An image file.

    Returns:
        Height and width in pixels, as the image is displayed.

    Raises:
        DatasetError: The file cannot be opened, is not an image, or is truncated.
    """
    try:
        return read_size(path)
    except RadiographError as error:
        raise of_dataset(error) from error


def of_dataset(error: RadiographError) -> DatasetError:
    """Describe an unusable image as part of a dataset.

    Args:
        error: What reading it raised.

    Returns:
        The error to raise.
    """
    remedy = COPY_AGAIN if error.remedy == COPY_FILE_AGAIN else error.remedy
    return DatasetError.at(error.path, error.problem, remedy)
