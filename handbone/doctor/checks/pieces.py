"""Classes in several parts that are in one part elsewhere."""

from collections.abc import Iterator

import numpy as np

from ..examined import Examined
from ..finding import Finding

#: Classes that are in several parts in at most this share of the images are reported where they
#: are.
UNUSUAL = 0.05
#: Parts of less than this share of the largest one are specks.
SPECK = 0.1


def check_pieces(examined: Examined) -> Iterator[Finding]:
    """Report specks and second parts.

    Args:
        examined: The data.

    Yields:
        ``specks`` and ``several-parts``.
    """
    survey = examined.survey
    parted = np.zeros(len(survey.classes))
    for record in survey.records:
        parted[list({index for index, _, _ in record.classes.pieces})] += 1
    present = survey.present.sum(axis=0)
    unusual = parted <= np.maximum(UNUSUAL * present, 1)
    for record in survey.records:
        for index, box, share in record.classes.pieces:
            if not unusual[index]:
                continue
            name, place = survey.classes[index], (record.split, record.name)
            if share < SPECK:
                reason = f'a separate speck has {share:.1%} of its area'
                yield Finding('specks', *place, name, reason, 0.8, box)
            else:
                reason = f'a second part has {share:.0%} of the area of the first'
                yield Finding('several-parts', *place, name, reason, 0.85, box)
