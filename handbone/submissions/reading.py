"""The masks of a whole submission, as runs by image."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from handbone.errors import listed, shown
from handbone.listing import normal_forms

from .submission_rows import SubmissionRows

#: Height times width: one number for all images, by image name, or a function of the name.
NumPixels = int | Mapping[str, int] | Callable[[str], int | None] | None


def read_submission(
    path: str | Path,
    classes: Sequence[str] | None = None,
    num_pixels: NumPixels = None,
) -> dict[str, list[np.ndarray]]:
    """Read the masks of a submission and check every row.

    Rows may come in any order; other columns are ignored.

    Args:
        path: CSV file with a header and the columns ``image_name``, ``class`` and ``rle``.
        classes: The class names in order. Default: those of the file, as they first come.
        num_pixels: Height times width of the images: one number for all, or by image name, where
            other images are errors, or a function of the image name. Default, and where the
            function returns None: the ends of the runs are not checked.

    Returns:
        For every image, in the order of the file, the runs of every class in class order: int64
        arrays (n, 2) of [start, length], starts counted from 0, as :func:`handbone.masks.decode`
        takes them.

    Raises:
        FileNotFoundError: If there is no such file.
        HandboneError: If the file is not such a CSV, a row is not valid or occurs twice, or an
            image lacks a class. The message names file and line and says what to do.

    Example:
        >>> masks = read_submission('submission.csv', num_pixels=2048 * 2048)
        >>> masks['image1661130828152_R.png'][0]  # [start, length] of the runs of the first class
        array([[1312345, 18], [1314391, 21]])
    """
    with SubmissionRows(path) as rows:
        order = normal_forms(rows.classes if classes is None else classes)
        unknown = next((name for name in rows.classes if name not in order), None)
        if unknown is not None:
            raise rows.error(
                rows.classes[unknown],
                f'unknown class {shown(unknown)}',
                f'Use one of {listed(order, 40)}.',
            )
        masks = {}
        for image in rows.rows:
            name = rows.names[image]
            runs = rows.read(image, order, _pixels_of(rows, image, num_pixels))
            masks[name] = runs.by_class(len(order))
        for image in rows.rows:
            rows.check_complete(image, order)
    return masks


def submission_classes(path: str | Path) -> tuple[str, ...]:
    """List the classes of a submission.

    Args:
        path: CSV file, as for :func:`read_submission`.

    Returns:
        The class names, as they first come.

    Raises:
        FileNotFoundError: If there is no such file.
        HandboneError: If the file is not such a CSV.
    """
    with SubmissionRows(path) as rows:
        return tuple(rows.classes)


def _pixels_of(rows: SubmissionRows, image: str, num_pixels: NumPixels) -> int | None:
    """Find the number of pixels of an image."""
    name = rows.names[image]
    if callable(num_pixels):
        return num_pixels(name)
    if not isinstance(num_pixels, Mapping):
        return num_pixels
    if name not in num_pixels:
        line = next(iter(rows.rows[image].values())).line
        raise rows.error(line, f'unknown image {shown(name)}', 'Remove the rows of that image.')
    return num_pixels[name]
