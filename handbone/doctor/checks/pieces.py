"""Classes in several parts that are in one part elsewhere."""

from collections.abc import Iterator, Sequence

import numpy as np

from ..examined import Examined
from ..finding import Finding
from ..survey import Survey

#: Classes that are in several parts in at most this share of the images are reported where they
#: are.
UNUSUAL = 0.05
#: Parts of less than this share of the largest one are specks.
SPECK = 0.1


def check_pieces(examined: Examined) -> Iterator[Finding]:
    """Report specks, second parts, and second outlines that touch the first.

    Args:
        examined: The data.

    Yields:
        ``specks`` and ``several-parts``.
    """
    survey = examined.survey
    parted = [{index for index, _, _ in record.classes.pieces} for record in survey.records]
    unusual = _unusual(parted, survey)
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
    yield from _second_outlines(survey, parted)


def _second_outlines(survey: Survey, parted: Sequence[set[int]]) -> Iterator[Finding]:
    """Report classes in one part of several outlines, which are one outline elsewhere."""
    outlined = [
        set(np.flatnonzero(record.classes.polygons > 1).tolist()) for record in survey.records
    ]
    unusual = _unusual(outlined, survey)
    for record, several, apart in zip(survey.records, outlined, parted, strict=True):
        doubled = {each.class_index for each in record.defects if each.check == 'doubled'}
        for index in sorted(several - apart - doubled):
            if unusual[index]:
                count = int(record.classes.polygons[index])
                reason = f'it is drawn in {count} outlines that touch, in other images in one'
                name, box = survey.classes[index], record.box(index)
                yield Finding('several-parts', record.split, record.name, name, reason, 0.7, box)


def _unusual(several: Sequence[set[int]], survey: Survey) -> np.ndarray:
    """Tell which classes are in several parts in few of the images that have them, (C,)."""
    count = np.zeros(len(survey.classes))
    for indices in several:
        count[list(indices)] += 1
    few: np.ndarray = count <= np.maximum(UNUSUAL * survey.present.sum(axis=0), 1)
    return few
