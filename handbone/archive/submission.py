"""Submissions out of an archive."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from handbone.errors import HandboneError, counted
from handbone.files import open_atomically
from handbone.inference.sources import listed_images
from handbone.listing import normal_form
from handbone.submissions.rle_rows import HEADER, run_rows

from .folder import ArchiveFolder
from .work_units import predicted_images

#: Rows that are in memory at once, apart from what DuckDB may take to sort them.
ROWS = 4096
SORTING_MEMORY = '1GB'

QUERY = """
    SELECT chosen.image_name, ordered.class, runs.starts, runs.lengths
    FROM read_parquet(?, union_by_name = true) AS runs
    JOIN chosen USING (image_hash)
    JOIN ordered ON nfc_normalize(runs.class) = nfc_normalize(ordered.class)
    ORDER BY chosen.place, ordered.place
"""


class Written(NamedTuple):
    """What came into a submission.

    Attributes:
        images: Images in the file.
        lacking: Images of the archive without a prediction of the model.
    """

    images: int
    lacking: int


def write_submission(
    folder: ArchiveFolder, out: Path, images: Path | None = None, model: str | None = None
) -> Written:
    """Write ``image_name,class,rle`` as ``handbone predict`` does, byte for byte.

    Images come in the order of the list; without one, in the order of the sources of the last run,
    and behind them those of earlier runs.

    Args:
        folder: The archive.
        out: The CSV file.
        images: Text file with one path of an image per line; ``None`` takes all.
        model: Hash of the model, or how it begins; ``None`` takes the only one.

    Returns:
        Numbers of images.

    Raises:
        HandboneError: If model or images are not in the archive, or two images have one name.
        OSError: If the file cannot be written; what was there stays.
    """
    model_hash = _find_model(folder, model)
    chosen = _choose(folder, images)
    files = folder.runs / f'model_hash={model_hash}'
    predicted = predicted_images(folder, model_hash, chosen)
    if not len(predicted):
        raise HandboneError(f'{folder.root} has no prediction of these images by {model_hash}')
    # DuckDB takes a folder that it made itself for its own, and removes it in the end
    out.absolute().parent.mkdir(parents=True, exist_ok=True)
    try:
        with open_atomically(out) as file:
            file.write(HEADER)
            for rows in _sorted_rows(files, predicted, folder.classes, out.absolute().parent):
                file.write(_csv_rows(rows))
    except duckdb.Error as error:
        reason = str(error).partition('\n')[0]
        raise HandboneError(f'{files} cannot be read or sorted: {reason}') from error
    return Written(len(predicted), len(chosen) - len(predicted))


def _find_model(folder: ArchiveFolder, beginning: str | None) -> str:
    if not folder.models:
        raise HandboneError(f'{folder.root} is not an archive of predictions, or still empty')
    found = [each for each in folder.models if each.startswith(beginning or '')]
    if len(found) != 1:
        what = f'{len(found)} models whose hash begins so' if beginning else 'several models'
        raise HandboneError(
            f'{folder.root} has {what}: give --model with one of {", ".join(folder.models)}'
        )
    return found[0]


def _choose(folder: ArchiveFolder, images: Path | None) -> pd.DataFrame:
    """Look up the hashes of images, in the order in which they are wanted."""
    known = folder.images()
    if images is None:
        return known
    exact, alike = set(known['image']), {normal_form(name): name for name in known['image']}
    listed = [str(path) for path in listed_images(images)]
    named = [name if name in exact else alike.get(normal_form(name), name) for name in listed]
    wanted = list(dict.fromkeys(named))  # each once
    unknown = sorted(set(wanted) - exact)
    if not wanted:
        raise HandboneError(f'{images} names no image: write one path per line')
    if unknown:
        raise HandboneError(
            f'{images} names {counted(len(unknown), "image")} that {folder.root} does not have, '
            f'such as {unknown[0]}: write paths as they were given to `handbone predict-archive`'
        )
    return known.set_index('image', drop=False).loc[wanted].reset_index(drop=True)


def _sorted_rows(
    files: Path, images: pd.DataFrame, classes: Sequence[str], temporary: Path
) -> Iterator[list[tuple]]:
    """Read the rows of images in their order, and for each in class order."""
    places = pa.array(range(len(images)))
    chosen = pa.Table.from_pandas(images[['image_name', 'image_hash']], preserve_index=False)
    ordered = pa.table({'class': list(classes), 'place': list(range(len(classes)))})
    settings: dict[str, Any] = {'memory_limit': SORTING_MEMORY, 'temp_directory': str(temporary)}
    with duckdb.connect(config=settings) as connection:
        connection.register('chosen', chosen.append_column('place', places))
        connection.register('ordered', ordered)
        connection.execute(QUERY, [str(files / '**' / '*.parquet')])
        while rows := connection.fetchmany(ROWS):
            yield rows


def _csv_rows(rows: Sequence[tuple[str, str, list[int], list[int]]]) -> bytes:
    return b''.join(
        run_rows(image_name, [class_name], [np.array([starts, lengths], np.int64).T - (1, 0)])
        for image_name, class_name, starts, lengths in rows
    )
