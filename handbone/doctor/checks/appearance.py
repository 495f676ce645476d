"""Classes whose grey values or edges are unlike those of the same class elsewhere."""

from collections.abc import Iterator

import numpy as np

from ..examined import Examined
from ..finding import Finding, confidence_of
from ..survey import Survey
from ..usual import deviations, medians

#: Grey values are reported from this many robust deviations and this share of the grey range. A
#: ring or a varnished nail on a bone makes it brighter, too, by less.
UNUSUAL_GREY, LEAST_GREY = 9.0, 0.5
#: The same of classes that are saturated by so much more than usual.
LEAST_WHITE, LEAST_GREY_IF_WHITE = 0.5, 0.4
#: Straight edges are reported from this many robust deviations, and this share of the square root
#: of the area beyond what is usual, in classes that the border of the image does not usually cut
#: off.
UNUSUAL_EDGE, LEAST_EDGE = 8.0, 0.5
#: Standard deviations below this are not taken for real.
LEAST_SPREAD = 0.02


def check_appearance(examined: Examined) -> Iterator[Finding]:
    """Report what is probably not of its class: metal, markers, cut outlines.

    Args:
        examined: The data.

    Yields:
        ``unlike-class`` and ``straight-edge``.
    """
    survey = examined.survey
    if not survey.records:
        return
    grey, white = _grey_values(survey)
    straight = np.stack([record.classes.straight for record in survey.records]).astype(float)
    grey_off, edge_off = deviations(grey, LEAST_SPREAD), deviations(straight, LEAST_SPREAD)
    with np.errstate(invalid='ignore'):
        grey_excess = np.abs(grey - medians(grey))
        white_excess = white - medians(white)
        edge_excess = straight - medians(straight)
        unlike = (np.abs(grey_off) > UNUSUAL_GREY) & (grey_excess > LEAST_GREY)
        unlike |= (white_excess > LEAST_WHITE) & (grey_excess > LEAST_GREY_IF_WHITE)
        cut = (edge_off > UNUSUAL_EDGE) & (edge_excess > LEAST_EDGE)
    cut &= ~survey.usually_cut
    for row, index in np.argwhere(unlike | cut).tolist():
        record, name = survey.records[row], survey.classes[index]
        place, box = (record.split, record.name), record.box(index)
        if unlike[row, index]:
            side = 'brighter' if grey_off[row, index] > 0 else 'darker'
            reason = f'it is much {side} than it is in other images'
            value = max(float(np.nan_to_num(abs(grey_off[row, index]))), UNUSUAL_GREY)
            confidence = confidence_of(value, UNUSUAL_GREY)
            yield Finding('unlike-class', *place, name, reason, confidence, box)
        if cut[row, index]:
            share = float(straight[row, index])
            reason = f'it has a straight edge of {share:.1f} times the square root of its area'
            confidence = confidence_of(float(edge_off[row, index]), UNUSUAL_EDGE)
            yield Finding('straight-edge', *place, name, reason, confidence, box)


def _grey_values(survey: Survey) -> tuple[np.ndarray, np.ndarray]:
    """Grey values (N, C) against the other classes of the image, and saturated shares."""
    shape = survey.areas.shape
    grey, white = np.full(shape, np.nan), np.full(shape, np.nan)
    for row, record in enumerate(survey.records):
        inside = record.classes.inside
        if record.pixels is None or not np.isfinite(inside).any():
            continue
        extent = max(record.pixels.high - record.pixels.low, 1.0)
        grey[row] = (inside - np.nanmedian(inside)) / extent
        white[row] = record.classes.white
    return grey, white
