"""All measures of the structures in one image, or the reasons why there are none."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from handbone.bones import CLASSES
from handbone.postprocessing import shows_hand
from handbone.postprocessing.anatomy_checks import NO_HAND

from .lengths import axis_length
from .trusted_masks import NO_MASK, measured_masks
from .trusted_spacing import Spacing

LENGTH, RATIO = 'length', 'cardiothoracic ratio'
#: Classes of a chest radiograph from which the cardiothoracic ratio is measured.
HEART, LUNGS = 'heart', ('right_lung', 'left_lung')


class Measure(NamedTuple):
    """One measure.

    Attributes:
        measure: What is measured, :data:`LENGTH` or :data:`RATIO`.
        structure: The class, or the classes of a ratio.
        value: mm of a length, or the ratio; None where it is refused.
        pixels: A length in pixels, where the mask can be measured.
        reason: Why there is no value; empty where there is one.
    """

    measure: str
    structure: str
    value: float | None
    pixels: float | None = None
    reason: str = ''


class _Found(NamedTuple):
    """What is kept of a mask: its lengths and its first and last column, the last one excluded."""

    pixels: float
    mm: float | None
    first: int
    last: int
    reason: str


def measure_image(labels: np.ndarray, classes: Sequence[str], spacing: Spacing) -> list[Measure]:
    """Measure every structure of an image.

    A length is the extent along the principal axis, in mm. The cardiothoracic ratio is measured
    where the classes have a heart and both lungs: the horizontal extent of the heart, divided by
    that from the outermost point of one lung to that of the other, which is the inner width of the
    ribcage (Danzer, Am J Med Sci 157, 1919); it needs no spacing.

    Args:
        labels: Packed map, int32, (H, W) or (H, W, P).
        classes: Names in class order.
        spacing: Size of a pixel.

    Returns:
        The lengths in class order, then the ratio.
    """
    no_hand = tuple(classes) == CLASSES and not shows_hand(labels)
    found = {}
    for name, mask, left, reason in measured_masks(labels, classes):
        columns = np.flatnonzero(mask.any(axis=0))
        found[name] = _Found(
            axis_length(mask),
            None if spacing.pixel is None else axis_length(mask, spacing.pixel),
            left + int(columns[0]),
            left + int(columns[-1]) + 1,
            NO_HAND if no_hand else reason,
        )
    measures = [_length(name, found.get(name), spacing) for name in classes]
    if {HEART, *LUNGS} <= set(classes):
        measures.append(_ratio(found))
    return measures


def _length(name: str, found: _Found | None, spacing: Spacing) -> Measure:
    if found is None:
        return Measure(LENGTH, name, None, reason=NO_MASK)
    if found.reason:
        return Measure(LENGTH, name, None, reason=found.reason)
    return Measure(LENGTH, name, found.mm, found.pixels, spacing.reason)


def _ratio(found: dict[str, _Found]) -> Measure:
    structure = ' '.join((HEART, *LUNGS))
    for name in (HEART, *LUNGS):
        reason = found[name].reason if name in found else NO_MASK
        if reason:
            return Measure(RATIO, structure, None, reason=f'{name}: {reason}')
    heart, lungs = found[HEART], [found[name] for name in LUNGS]
    thorax = max(lung.last for lung in lungs) - min(lung.first for lung in lungs)
    return Measure(RATIO, structure, (heart.last - heart.first) / thorax)
