"""Dice of labels and predictions, image by image."""

import numpy as np

from handbone.evaluation.score_table import ScoreTable

from .survey import Survey


def dice_table(survey: Survey) -> ScoreTable:
    """Collect how labels and predictions agree.

    Args:
        survey: The measurements.

    Returns:
        Dice of the images that were compared, those that agree least first; images are named with
        their part of the data. NaN is a class that neither labels nor prediction have, and one that
        could not be compared.
    """
    found = [
        (record, record.agreement.dice.astype(np.float64))
        for record in survey.records
        if record.agreement is not None and np.isfinite(record.agreement.dice).any()
    ]
    found.sort(key=lambda each: float(np.nanmean(each[1])))
    scores = [dice for _, dice in found]
    return ScoreTable(
        tuple(record.key for record, _ in found),
        tuple(record.patient for record, _ in found),
        survey.classes,
        {'dice': np.stack(scores) if scores else np.zeros((0, len(survey.classes)))},
    )
