"""The queue for review of an archive: images sorted by their predicted Dice."""

from pathlib import Path
from typing import NamedTuple

import duckdb

from handbone.errors import HandboneError

from .folder import ArchiveFolder
from .tables import REVIEW

QUERY = """
    SELECT images.image, images.image_name, image_hash, judged.predicted_dice, judged.worst_class,
           judged.worst_predicted_dice
    FROM (
        SELECT image_hash, avg(predicted_dice) AS predicted_dice,
               arg_min(class, predicted_dice) AS worst_class,
               min(predicted_dice) AS worst_predicted_dice
        FROM read_parquet(?, union_by_name = true)
        WHERE predicted_dice IS NOT NULL
        GROUP BY image_hash
    ) AS judged
    JOIN images USING (image_hash)
    ORDER BY judged.predicted_dice, images.image
"""


class Review(NamedTuple):
    """A queue that was written.

    Attributes:
        file: The file; None where no image is judged.
        judged: Images in it.
        lacking: Images that the model has predicted without judging them, in an earlier run.
    """

    file: Path | None
    judged: int
    lacking: int


def write_review(folder: ArchiveFolder, model_hash: str) -> Review:
    """Sort the images that a model has predicted by their predicted Dice.

    Args:
        folder: The archive.
        model_hash: The model.

    Returns:
        What was written.

    Raises:
        HandboneError: If a file of the archive cannot be read.
        OSError: If the queue cannot be written.
    """
    files = folder.runs / f'model_hash={model_hash}'
    if not any(files.rglob('*.parquet')):
        return Review(None, 0, 0)
    pattern = str(files / '**' / '*.parquet')
    images = folder.images()
    try:
        with duckdb.connect() as connection:
            connection.register('images', images)
            found = connection.execute(
                'SELECT DISTINCT image_hash FROM read_parquet(?, union_by_name = true)', [pattern]
            ).fetchall()
            names = connection.execute(
                'SELECT * FROM read_parquet(?, union_by_name = true) LIMIT 0', [pattern]
            ).description
            predicted = int(images['image_hash'].isin([row[0] for row in found]).sum())
            if 'predicted_dice' not in [column[0] for column in names or ()]:
                return Review(None, 0, predicted)
            queue = connection.execute(QUERY, [pattern]).df()
    except duckdb.Error as error:
        reason = str(error).partition('\n')[0]
        raise HandboneError(
            f'{files} cannot be read ({reason}): remove the damaged file, its images are then '
            'predicted again'
        ) from error
    file = folder.write_review(model_hash, queue[REVIEW.names])
    return Review(file, len(queue), predicted - len(queue))
