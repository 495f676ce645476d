"""Sort predictions for review, the doubtful ones first."""

from pathlib import Path

from handbone.csv_files import csv_bytes
from handbone.files import write_atomically
from handbone.outputs.flag_table import NAME as FLAG_TABLE
from handbone.outputs.flag_table import read_flags
from handbone.outputs.trust_table import NAME as TRUST_TABLE
from handbone.outputs.trust_table import read_trust_table
from handbone.quality.review import ReviewEntry, review_queue

NAME = 'review.csv'
COLUMNS = ('image_name', 'predicted_dice', 'worst_class', 'worst_predicted_dice', 'flags')


def write_review(folder: str | Path) -> list[ReviewEntry]:
    """Sort the images of a folder of predictions by their predicted Dice into ``review.csv``.

    >>> write_review('predictions')[0].image

    Args:
        folder: Folder of the outputs of ``handbone predict --quality``; ``flags.csv`` is used where
            it is there.

    Returns:
        The queue.

    Raises:
        FileNotFoundError: If the folder has no ``trust.csv``.
        HandboneError: If that has no predicted Dice.
        OSError: If the file cannot be written.
    """
    folder = Path(folder)
    images, classes, values = read_trust_table(folder / TRUST_TABLE)
    queue = review_queue(images, classes, values[..., -1])
    flags = read_flags(folder / FLAG_TABLE) if (folder / FLAG_TABLE).is_file() else {}
    rows = [
        (
            *(entry.image, f'{entry.dice:.4f}', entry.worst_class, f'{entry.worst_dice:.4f}'),
            '; '.join(flags.get(entry.image, ())),
        )
        for entry in queue
    ]
    write_atomically(folder / NAME, csv_bytes([COLUMNS, *rows]))
    return queue
