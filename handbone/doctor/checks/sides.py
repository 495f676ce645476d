"""Both sides of one person: sizes and places of classes, and names that say left or right."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from handbone.class_sides import sided_classes
from handbone.datasets.attribute_values import UNKNOWN, side_of

from ..examined import Examined
from ..finding import Finding, confidence_of
from ..side_differences import FEWEST_PAIRS, side_differences
from ..side_differences import UNUSUAL as UNUSUAL_DIFFERENCE
from ..survey import Survey
from ..usual import deviations, medians
from .misplaced import LEAST_SHIFT

#: Areas of the same class on both sides are reported from this many robust deviations of their
#: logarithmic ratio, and from this factor.
UNUSUAL, LEAST_FACTOR = 7.0, 1.35
LEAST_SPREAD = 0.03
#: One of both sizes is also this unusual given all other classes of its image: a finger that is
#: bent on one side only looks shorter there, and so do its neighbours.
UNUSUAL_SIZE = 3.5
#: Share of the images whose name and mirroring must agree before the others are reported.
AGREEING = 0.8
#: Without sides in the names of images, mirrored ones are reported if they are at most this share,
#: and where classes have sides, which no mirrored image may have.
MOST_MIRRORED, MOST_MIRRORED_SIDED = 0.05, 0.3


def check_sides(examined: Examined) -> Iterator[Finding]:
    """Compare left with right.

    Args:
        examined: The data.

    Yields:
        ``left-right-difference``, ``wrong-side`` and ``mirrored``.
    """
    if examined.aligned is None:
        return
    yield from _names(examined)
    yield from _sizes(examined)
    yield from _places(examined)


def _names(examined: Examined) -> Iterator[Finding]:
    """Compare the form of the labels with the side in the name, or else with the other images."""
    aligned, records = examined.aligned, examined.survey.records
    assert aligned is not None
    rows = np.flatnonzero(np.isfinite(aligned.scales))
    sides = np.array([side_of(records[row].name) for row in rows])
    if len(rows) < 2 * FEWEST_PAIRS:
        return
    if (sides == UNKNOWN).all():
        yield from _minority(examined, rows)
        return
    rows, sides = rows[sides != UNKNOWN], sides[sides != UNKNOWN]
    if len(rows) < 2 * FEWEST_PAIRS or len(set(sides.tolist())) < 2:
        return
    agree = (sides == 'L') == aligned.mirrored[rows]
    if agree.mean() < 0.5:
        agree = ~agree
    if agree.mean() < AGREEING:
        return
    for row in rows[~agree]:
        record = records[row]
        side = 'right' if side_of(record.name) == 'R' else 'left'
        reason = f'its name says {side}, its labels have the form of the other side'
        yield Finding('wrong-side', record.split, record.name, '', reason, 0.9)


def _minority(examined: Examined, rows: np.ndarray) -> Iterator[Finding]:
    """Report images whose labels have the mirrored form of those of nearly all images."""
    mirrored = examined.aligned.mirrored[rows] if examined.aligned else np.zeros(0, bool)
    if mirrored.mean() > 0.5:
        mirrored = ~mirrored
    sided = any(sided_classes(examined.survey.classes))
    if mirrored.mean() > (MOST_MIRRORED_SIDED if sided else MOST_MIRRORED):
        return
    reason = 'its labels have the mirrored form of those of most images'
    if sided:
        reason += ': the image or its labels are mirrored, or left and right have changed names'
    for row in rows[mirrored]:
        record = examined.survey.records[row]
        confidence = 0.9 if sided else 0.6
        yield Finding('mirrored', record.split, record.name, '', reason, confidence)


def _sizes(examined: Examined) -> Iterator[Finding]:
    aligned, survey = examined.aligned, examined.survey
    assert aligned is not None
    pairs = _pairs(examined)
    if len(pairs) < FEWEST_PAIRS:
        return
    first, second = np.array(pairs).T
    sizes = np.where(aligned.whole, aligned.features[..., 2], np.nan)
    ratios = sizes[first] - sizes[second]
    with np.errstate(invalid='ignore'):
        off = np.abs(deviations(ratios, LEAST_SPREAD))
        found = (off > UNUSUAL) & (np.abs(ratios) > np.log(LEAST_FACTOR))
    if examined.shapes:
        unusual = np.zeros(sizes.shape)
        for shape in examined.shapes:
            unusual[shape.row] = np.nan_to_num(shape.distances[:, 1])
        found &= np.maximum(unusual[first], unusual[second]) > UNUSUAL_SIZE
    usual = medians(sizes)
    for number, index in np.argwhere(found).tolist():
        both = sorted(pairs[number], key=lambda row: -abs(sizes[row, index] - usual[index]))
        factor = float(np.exp(sizes[both[0], index] - sizes[both[1], index]))
        reason = f'it has {factor:.2g} times the area that it has on the other side'
        confidence = confidence_of(float(off[number, index]), UNUSUAL)
        yield _difference(survey, both[0], both[1], index, reason, confidence)


def _places(examined: Examined) -> Iterator[Finding]:
    aligned, model, survey = examined.aligned, examined.model, examined.survey
    assert aligned is not None
    # names that were exchanged are a finding already
    shapes = {shape.row: shape for shape in examined.shapes if not shape.renamed}
    pairs = [
        (shapes[first], shapes[second])
        for first, second in _pairs(examined)
        if first in shapes and second in shapes
    ]
    if model is None or len(pairs) < FEWEST_PAIRS:
        return
    for each in side_differences(model, aligned, pairs, ~survey.usually_cut):
        index = each.class_index
        one, other = sorted(pairs[each.pair], key=lambda shape: -shape.distances[index, 0])
        record = survey.records[one.row]
        shift = float(np.linalg.norm(each.shift) * aligned.scales[one.row])
        if shift < LEAST_SHIFT * np.sqrt(record.classes.areas[index]):
            continue
        reason = f'it lies {shift:.0f} pixels from where the other side lets expect it'
        confidence = confidence_of(each.distance, UNUSUAL_DIFFERENCE)
        yield _difference(survey, one.row, other.row, index, reason, confidence)


def _difference(
    survey: Survey, row: int, other: int, index: int, reason: str, confidence: float
) -> Finding:
    """Report a class of one image that is not as it is on the other side."""
    record, name = survey.records[row], survey.classes[index]
    place, key = record.box(index), survey.records[other].key
    kind = 'left-right-difference'
    return Finding(kind, record.split, record.name, name, reason, confidence, place, key)


def _pairs(examined: Examined) -> list[tuple[int, int]]:
    """Rows of the two images of each person who has one of each side."""
    aligned = examined.aligned
    assert aligned is not None
    by_patient: dict[str, list[int]] = defaultdict(list)
    for row, record in enumerate(examined.survey.records):
        if np.isfinite(aligned.scales[row]):
            by_patient[record.patient].append(row)
    return [
        (rows[0], rows[1])
        for rows in by_patient.values()
        if len(rows) == 2 and aligned.mirrored[rows[0]] != aligned.mirrored[rows[1]]
    ]
