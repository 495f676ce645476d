"""Classes that nearly every image has and one has not, and the other way round."""

from collections.abc import Iterator

import numpy as np

from ..alignment import in_pixels
from ..examined import Examined
from ..finding import Box, Finding
from ..image_record import ImageRecord
from ..judged_shape import JudgedShape

#: A class is usual if it is in this share of the images, and rare if it is in at most that share.
USUAL, RARE = 0.9, 0.02
#: Rare classes are reported in data of this many images or more.
FEWEST_IMAGES = 50
#: With fewer than this share of the usual classes, the image is reported once and as a whole.
MOSTLY_THERE = 0.6


def check_presence(examined: Examined) -> Iterator[Finding]:
    """Report missing and rare classes.

    A class whose expected place lies outside the image is not missing, nor is one that is unknown
    in it. Where many images have no labels, that is no finding.

    Args:
        examined: The data.

    Yields:
        ``missing-class``, ``no-labels``, ``rare-class`` and ``unknown-class``, for labels of a
        class that is said to be unknown in the image.
    """
    survey = examined.survey
    present = survey.present
    if not present.any():
        return
    known = survey.known[present.any(axis=1)].sum(axis=0)
    shares = (present & survey.known).sum(axis=0) / np.maximum(known, 1)
    usual_if_known = (shares >= USUAL) & (known > 0)
    rare = (shares <= RARE) & (known >= FEWEST_IMAGES)
    shapes = {shape.row: shape for shape in examined.shapes}
    for row, record in enumerate(survey.records):
        place = record.split, record.name
        there = present[row]
        if not record.labelled:
            continue
        for index in np.flatnonzero(there & ~survey.known[row]):
            name, where = survey.classes[index], record.box(int(index))
            reason = 'it is said to be unknown in this image, but has labels'
            yield Finding('unknown-class', *place, name, reason, 0.95, where)
        usual = usual_if_known & survey.known[row]
        if survey.empty[row] and not survey.empty_is_usual:
            yield Finding('no-labels', *place, '', 'it has no labels at all', 0.9)
        if not there.any():
            continue
        if there[usual].sum() < MOSTLY_THERE * usual.sum():
            reason = f'it has {there[usual].sum()} of {usual.sum()} classes that are usual'
            yield Finding('missing-class', *place, '', reason, 0.8)
            continue
        for index in np.flatnonzero(usual & ~there):
            box = _expected_box(examined, record, shapes.get(row), int(index))
            if box is None or _inside(box, record):
                reason = f'it is in {shares[index]:.0%} of the images but not in this one'
                confidence = round(float(shares[index]) * 0.98, 2)
                name = survey.classes[index]
                yield Finding('missing-class', *place, name, reason, confidence, box)
        for index in np.flatnonzero(rare & there):
            reason = f'it is in {present[:, index].sum()} of {known[index]} images only'
            name, where = survey.classes[index], record.box(int(index))
            yield Finding('rare-class', *place, name, reason, 0.5, where)


def _expected_box(
    examined: Examined, record: ImageRecord, shape: JudgedShape | None, index: int
) -> Box | None:
    """A square of the expected area at the expected place; None where nothing is expected."""
    model, aligned = examined.model, examined.aligned
    if shape is None or model is None or aligned is None or not model.modelled[index]:
        return None
    features = shape.expectation.expected[index] * model.spread[index] + model.centre[index]
    x, y = in_pixels(aligned, shape.row, features[:2])
    half = float(np.exp(features[2] / 2)) * aligned.scales[shape.row] / 2
    return round(x - half), round(y - half), round(x + half), round(y + half)


def _inside(box: Box, record: ImageRecord) -> bool:
    """Whether the middle of a box is in the image, by a quarter of its side at least."""
    left, top, right, bottom = box
    margin = (right - left) / 4
    x, y = (left + right) / 2, (top + bottom) / 2
    return margin <= x < record.width - margin and margin <= y < record.height - margin
