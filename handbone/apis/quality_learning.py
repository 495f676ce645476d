"""Learn to predict the Dice of masks without a truth."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from handbone.errors import HandboneError, counted, listed
from handbone.listing import normal_form, normal_forms
from handbone.outputs.trust_table import read_trust_table
from handbone.quality.learning import Learnt
from handbone.quality.learning import learn_quality as learn
from handbone.quality.model import write_quality_model
from handbone.quality.signs import SIGNS
from handbone.scoring.written_scores import read_tables


def learn_quality(
    tables: Sequence[str | Path], scores: Sequence[str | Path], out: str | Path
) -> Learnt:
    """Learn from predictions whose truth is known, and write the model.

    >>> learn_quality(['predictions/trust.csv'], ['scores.csv'], 'quality.json').ranking.images

    Args:
        tables: Files ``trust.csv`` of ``handbone predict --write trust``, of images that the
            network was not trained on; for those of a cross-validation one per fold.
        scores: Their Dice: what ``handbone evaluate --out`` wrote, one file for each table.
        out: JSON file to write.

    Returns:
        The model and how well it ranks patients that it has not seen.

    Raises:
        FileNotFoundError: If a file does not exist.
        HandboneError: If tables and scores do not fit each other, or there are too few patients.
        OSError: If the file cannot be written.
    """
    if len(tables) != len(scores):
        raise HandboneError(
            f'there are {len(tables)} tables of trust and {len(scores)} of scores: give --scores '
            'one file for each table, in the same order'
        )
    signs, dice, patients = [], [], []
    classes: list[str] = []
    for table, score in zip(map(Path, tables), map(Path, scores), strict=True):
        images, names, values = read_trust_table(table)
        if classes and normal_forms(names) != normal_forms(classes):
            raise HandboneError(f'{table} has other classes than {tables[0]}')
        classes = names
        truth, of_images = _scores(score, images, names, table)
        signs.append(values[..., : len(SIGNS)])
        dice.append(truth)
        patients.extend(of_images)
    learnt = learn(np.concatenate(signs), np.concatenate(dice), patients, classes)
    write_quality_model(out, learnt.model)
    return learnt


def _scores(
    path: Path, images: Sequence[str], classes: Sequence[str], table: Path
) -> tuple[np.ndarray, list[str]]:
    """Read the Dice and the patients of images, in their order."""
    (scored,) = read_tables([path], 'px', False)
    if 'dice' not in scored.scores:
        raise HandboneError(f'{path} has no Dice: write it with handbone evaluate --metrics dice')
    if set(normal_forms(scored.classes)) != set(normal_forms(classes)):
        raise HandboneError(f'{path} and {table} have different classes')
    rows = {normal_form(name): row for row, name in enumerate(scored.images)}
    missing = [name for name in images if normal_form(name) not in rows]
    if missing:
        raise HandboneError(
            f'{path} has no scores of {counted(len(missing), "image")} of {table}: '
            f'{listed(missing)}'
        )
    columns = {normal_form(name): column for column, name in enumerate(scored.classes)}
    order = [columns[normal_form(name)] for name in classes]
    chosen = [rows[normal_form(name)] for name in images]
    return scored.scores['dice'][chosen][:, order], [scored.patients[row] for row in chosen]
