"""Labels that a model which was not trained on them contradicts more than it usually does."""

from collections.abc import Iterator

import numpy as np

from handbone.errors import counted

from ..examined import Examined
from ..finding import Box, Finding, confidence_of
from ..predictions import UNLIKE_PREDICTION
from ..usual import deviations, medians

#: A Dice is reported from this many robust deviations below the median of its class, and where it
#: is at most this share of it.
UNUSUAL, MOST_SHARE = 6.0, 0.75
LEAST_SPREAD = 0.02
#: An image with more than this share of its classes is reported once.
WHOLE_IMAGE = 0.5


def check_predictions(examined: Examined) -> Iterator[Finding]:
    """Report classes whose labels and prediction disagree.

    Args:
        examined: The data.

    Yields:
        ``unlike-prediction``.
    """
    survey = examined.survey
    known = [record for record in survey.records if record.agreement is not None]
    if not known:
        return
    scores = np.stack([each.agreement.dice for each in known if each.agreement]).astype(float)
    usual = medians(scores)
    with np.errstate(invalid='ignore'):
        below = -deviations(scores, LEAST_SPREAD)
        found = (below > UNUSUAL) & (scores <= MOST_SHARE * usual)
    for row, record in enumerate(known):
        agreement, place = record.agreement, (record.split, record.name)
        assert agreement is not None
        flagged = np.flatnonzero(found[row])
        if len(flagged) > WHOLE_IMAGE * np.isfinite(scores[row]).sum():
            reason = f'the prediction disagrees in {counted(len(flagged), "class")}: mean Dice '
            reason += f'{np.nanmean(scores[row]):.2f}, usually {np.nanmean(usual):.2f}'
            yield Finding(UNLIKE_PREDICTION, *place, '', reason, 0.8)
            continue
        for index in flagged.tolist():
            name = survey.classes[index]
            if not record.classes.present[index]:
                reason = 'the prediction has it, the labels have not'
            elif not agreement.predicted[index]:
                reason = f'the prediction does not have it; its Dice is usually {usual[index]:.2f}'
            else:
                reason = f'its Dice with the prediction is {scores[row, index]:.2f}, usually '
                reason += f'{usual[index]:.2f}'
            left, top, right, bottom = agreement.boxes[index].tolist()
            box: Box = left, top, right, bottom
            confidence = min(confidence_of(float(below[row, index]), UNUSUAL), 0.9)
            yield Finding(UNLIKE_PREDICTION, *place, name, reason, confidence, box)
