"""What the header and the last bytes of an image file tell without decoding it."""

from pathlib import Path

from PIL import Image

from .errors import DatasetError

TAIL_BYTES = 1024  # the IEND chunk takes 12, some writers append a few more

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
            with Image.open(file) as image:
                width, height = image.size
                is_png = image.format == 'PNG'
            file.seek(max(path.stat().st_size - TAIL_BYTES, 0))
            tail = file.read()
    except (OSError, Image.DecompressionBombError) as error:
        raise unreadable_image(path, error) from error
    if is_png:
        check_png_end(path, tail)
    return height, width


def check_png_end(path: str | Path, tail: bytes) -> None:
    """See that a PNG ends with its IEND chunk.

    Args:
        path: The file, for the message.
        tail: Its last kilobyte.

    Raises:
        DatasetError: The chunk is missing.
    """
    if b'IEND' not in tail:
        raise DatasetError.at(path, 'the PNG is truncated (its IEND chunk is missing)', COPY_AGAIN)


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
