"""Classes far from where the others let expect them, much larger or smaller, or misnamed."""

from collections.abc import Iterator

import numpy as np

from ..alignment import in_pixels
from ..examined import Examined
from ..finding import Finding, confidence_of
from ..judged_shape import UNUSUAL, JudgedShape

#: What is reported is off by at least this share of the square root of the class's area, or has
#: this many times the expected area, or less than the reciprocal.
LEAST_SHIFT, LEAST_FACTOR = 0.2, 1.4
#: The same shift of a class that the border of the image usually cuts off, now here, now there.
LEAST_SHIFT_IF_CUT = 0.5


def check_places(examined: Examined) -> Iterator[Finding]:
    """Report classes that are misnamed, out of place or out of proportion.

    A class that lies where another one is expected counts as misnamed, any other one as misplaced.

    Args:
        examined: The data.

    Yields:
        ``swapped-names``, ``misplaced`` and ``out-of-proportion``.
    """
    for shape in examined.shapes:
        record = examined.survey.records[shape.row]
        names = examined.survey.classes
        for index in np.flatnonzero(record.classes.present).tolist():
            if index in shape.renamed:
                other = shape.renamed[index]
                exchanged = shape.renamed.get(other) == index
                reason = f'it lies where {names[other]} is expected'
                reason += f', and {names[other]} in its place' if exchanged else ''
                check, confidence = 'swapped-names', 0.97 if exchanged else 0.8
            else:
                found = _displacement(examined, shape, index)
                if found is None:
                    continue
                check, reason, confidence = found
            name, box = names[index], record.box(index)
            yield Finding(check, record.split, record.name, name, reason, confidence, box)


def _displacement(
    examined: Examined, shape: JudgedShape, index: int
) -> tuple[str, str, float] | None:
    """Check, reason and confidence for a class that is not misnamed."""
    if shape.believed[index] or not np.isfinite(shape.distances[index]).all():
        return None
    model, aligned = examined.model, examined.aligned
    assert model is not None and aligned is not None
    if not aligned.whole[shape.row, index]:
        return None
    record = examined.survey.records[shape.row]
    features = aligned.features[shape.row, index]
    expected = features - shape.expectation.residuals[index] * model.spread[index]
    centre = in_pixels(aligned, shape.row, expected[:2])
    shift = float(np.linalg.norm(record.classes.centres[index] - centre))
    factor = float(np.exp(features[2] - expected[2]))
    place, size = shape.distances[index]
    side = float(np.sqrt(record.classes.areas[index]))
    least = LEAST_SHIFT_IF_CUT if examined.survey.usually_cut[index] else LEAST_SHIFT
    if place > UNUSUAL[0] and shift > least * side:
        reason = f'it lies {shift:.0f} pixels from where the other classes let expect it'
        return 'misplaced', reason, confidence_of(float(place), UNUSUAL[0])
    if size > UNUSUAL[1] and not 1 / LEAST_FACTOR < factor < LEAST_FACTOR:
        reason = f'it has {factor:.2g} times the area that the other classes let expect'
        return 'out-of-proportion', reason, confidence_of(float(size), UNUSUAL[1])
    return None
