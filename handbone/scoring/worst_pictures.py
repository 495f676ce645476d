"""Pictures of the images that score worst."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from handbone.datasets.named_files import NamedFiles, without_suffix
from handbone.errors import HandboneError, counted, shown
from handbone.evaluation.drawn_tables import worst_text
from handbone.evaluation.score_names import column_title
from handbone.evaluation.score_table import ScoreTable
from handbone.masks import decode
from handbone.radiographs.image_reading import read_image
from handbone.visualization.comparison import draw_comparison
from handbone.visualization.contact_sheet import draw_contact_sheet, draw_thumbnail
from handbone.visualization.overlay import Color
from handbone.visualization.picture_file import write_picture

from .reference_masks import ReferenceMasks


def draw_worst(
    folder: Path,
    table: ScoreTable,
    rows: Sequence[int],
    masks: Mapping[str, list[np.ndarray]],
    reference: ReferenceMasks,
    images: NamedFiles,
    palette: Sequence[Color],
) -> list[Path]:
    """Draw the worst images with reference masks and prediction, and all of them on one sheet.

    Args:
        folder: Where the pictures go: ``01_<image>.jpg`` and so on, and ``worst.jpg``.
        table: The scores.
        rows: Rows of the table to draw, the worst first.
        masks: Predicted runs of every class, by image name.
        reference: The reference masks.
        images: The images.
        palette: One RGB colour per class.

    Returns:
        The files that were written, the sheet last.

    Raises:
        HandboneError: If an image is missing, cannot be read, or differs in size from its masks.
        OSError: If a picture cannot be written.
    """
    written, thumbnails, captions = [], [], []
    for place, row in enumerate(rows, start=1):
        name = table.images[row]
        path, key = images.path(name), reference.key(name)
        if path is None or key is None:
            raise HandboneError(
                f'{images.folder}: there is no image {shown(name)} to draw. Correct --images.'
            )
        image, labels = read_image(str(path)), reference.labels(key)
        if image.shape[:2] != labels.shape[:2]:
            raise HandboneError(
                f'{path}: the image has {image.shape[0]} x {image.shape[1]} pixels, its masks '
                f'{labels.shape[0]} x {labels.shape[1]}. Correct --size or --images.'
            )
        prediction = decode(masks[name], *labels.shape[:2])
        picture = draw_comparison(image, table.classes, palette, labels, prediction, title=name)
        file = folder / f'{place:02d}_{without_suffix(name).replace("/", "_")}.jpg'
        write_picture(file, picture)
        written.append(file)
        thumbnails.append(draw_thumbnail(image, table.classes, palette, labels, prediction))
        captions.append((name, worst_text(table, row)))
    if thumbnails:
        title = column_title(table.ranking, table.unit)
        heading = f'The {len(thumbnails)} worst of {counted(len(table.images), "image")} by {title}'
        written.append(folder / 'worst.jpg')
        write_picture(written[-1], draw_contact_sheet(thumbnails, captions, heading))
    return written
