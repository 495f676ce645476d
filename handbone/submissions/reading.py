"""Reader of submission files: CSV with the columns image_name, class and rle."""

import csv
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from handbone.errors import HandboneError
from handbone.masks import string_to_runs

COLUMNS = ('image_name', 'class', 'rle')


def read_submission(
    path: str | Path,
    classes: Sequence[str] | None = None,
    num_pixels: int | Mapping[str, int] | Callable[[str], int | None] | None = None,
) -> dict[str, list[np.ndarray]]:
    """Read the masks of a submission and check every row.

    Rows may come in any order; further columns are passed over.

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
        HandboneError: If the file is no such CSV, a row is bad or double, or an image lacks a
            class. The message names file and line and says what to do.
    """
    path = Path(path)
    rows: dict[str, dict[str, np.ndarray]] = {}
    found: dict[str, None] = {}
    for line, image_name, class_name, rle in _read_rows(path):
        if classes is not None and class_name not in classes:
            raise _row_error(
                path,
                line,
                f'unknown class {class_name!r}',
                f'Use one of {", ".join(classes)}.',
            )
        masks = rows.setdefault(image_name, {})
        if class_name in masks:
            raise _row_error(
                path,
                line,
                f'second row of image {image_name!r}, class {class_name!r}',
                'Keep one row for each image and class.',
            )
        pixels = num_pixels
        if isinstance(num_pixels, Mapping):
            pixels = num_pixels.get(image_name)
        elif callable(num_pixels):
            pixels = num_pixels(image_name)
        if isinstance(num_pixels, Mapping) and pixels is None:
            raise _row_error(
                path, line, f'unknown image {image_name!r}', 'Remove the rows of that image.'
            )
        try:
            masks[class_name] = string_to_runs(rle, pixels)
        except (ValueError, OverflowError) as error:
            raise _row_error(
                path,
                line,
                f'bad RLE of image {image_name!r}, class {class_name!r}: {error}',
                'Write "start length start length …", starts from 1, rising and inside the image.',
            ) from error
        found[class_name] = None
    order = tuple(classes) if classes is not None else tuple(found)
    for image_name, masks in rows.items():
        missing = [name for name in order if name not in masks]
        if missing:
            raise HandboneError(
                f'{path}: image {image_name!r} has no row of class {", ".join(missing)}. '
                'Write a row with an empty rle for an empty mask.'
            )
    return {image_name: [masks[name] for name in order] for image_name, masks in rows.items()}


def submission_classes(path: str | Path) -> tuple[str, ...]:
    """List the classes of a submission.

    Args:
        path: CSV file, as for :func:`read_submission`.

    Returns:
        The class names, as they first come.

    Raises:
        FileNotFoundError: If there is no such file.
        HandboneError: If the file is no such CSV.
    """
    return tuple(dict.fromkeys(class_name for _, _, class_name, _ in _read_rows(Path(path))))


def _read_rows(path: Path) -> Iterator[tuple[int, str, str, str]]:
    """Yield (line, image name, class name, RLE) of every row."""
    field_limit = csv.field_size_limit(sys.maxsize)  # the RLE of one mask can be longer than 128 kB
    line = 1
    try:
        with path.open(newline='', encoding='utf-8-sig') as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            missing = [column for column in COLUMNS if column not in header]
            if missing:
                raise _row_error(
                    path,
                    1,
                    f'the header {",".join(header)!r} lacks {", ".join(missing)}',
                    f'The first line must be {",".join(COLUMNS)}.',
                )
            places = [header.index(column) for column in COLUMNS]
            for row in reader:
                line = reader.line_num
                if not row:
                    continue
                if len(row) != len(header):
                    raise _row_error(
                        path,
                        line,
                        f'{len(row)} fields where the header has {len(header)}',
                        'The file may be cut off; write it again.',
                    )
                yield line, *(row[place] for place in places)
    except (csv.Error, UnicodeDecodeError) as error:
        raise _row_error(
            path, line, f'not a CSV text in UTF-8: {error}', 'Write it again.'
        ) from error
    finally:
        csv.field_size_limit(field_limit)


def _row_error(path: Path, line: int, fault: str, remedy: str) -> HandboneError:
    return HandboneError(f'{path}, line {line}: {fault}. {remedy}')
