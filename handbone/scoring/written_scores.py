"""Scores that an earlier run has written, in place of masks."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from handbone.bones import GROUPS
from handbone.errors import HandboneError, counted
from handbone.evaluation.score_files import HINT, is_score_file, read_score_file
from handbone.evaluation.score_table import ScoreTable
from handbone.listing import normal_form
from handbone.submissions.image_names import name_images

from .reference_masks import patient_of


def read_tables(paths: Sequence[Path], unit: str, common: bool) -> list[ScoreTable]:
    """Read one or two tables of scores, of the same images.

    Args:
        paths: Files that a test or ``handbone evaluate --out`` wrote.
        unit: Unit of distances.
        common: Keep the images that both have, where others would be an error.

    Returns:
        The tables, with the same images in the same order.

    Raises:
        HandboneError: If a file is not a table of scores, or the two do not fit.
    """
    tables = []
    for path in paths:
        if not is_score_file(path):
            raise HandboneError(
                f'{path} is not a table of scores. Give a REFERENCE to score masks against: a '
                f'folder of JSON files or a CSV. {HINT}'
            )
        tables.append(_with_patients(read_score_file(path, GROUPS, unit)))
    if len(tables) == 1:
        return tables
    first, second = tables
    if first.classes != second.classes or set(first.scores) != set(second.scores):
        raise HandboneError(f'{paths[0]} and {paths[1]} have different classes or scores.')
    keys, others = (list(map(normal_form, table.images)) for table in tables)
    row_of = {image: row for row, image in enumerate(others)}
    rows = [row for row, image in enumerate(keys) if image in row_of]
    if not rows or (len({*keys, *others}) > len(rows) and not common):
        raise HandboneError(
            f'{paths[0]} has {counted(len(first.images), "image")}, {paths[1]} '
            f'{len(second.images)}, both have {len(rows)}. Compare tables of the same images, or '
            'add --common.'
        )
    return [first.chosen(rows), second.chosen([row_of[keys[row]] for row in rows])]


def _with_patients(table: ScoreTable) -> ScoreTable:
    """Find the patients where a table does not tell them: by the folders of the images."""
    if table.patients != table.images:
        return table
    try:
        names = name_images(table.images, 'path')
    except ValueError:  # these are not paths below one folder
        return table
    return replace(table, patients=tuple(patient_of(name) for name in names))
