"""How classes stand out from what is around them: inverted images, labels that lie elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..examined import Examined
from ..finding import Finding
from ..image_record import ImageRecord
from .files import EMPTY

#: Labels lie on what they name if the contrast of the classes to what is around them is at least
#: this share of the usual one.
LEAST_CONTRAST = 0.25
#: So many images with the class tell a usual contrast. It is at least so many robust deviations,
#: and that share of the images with the class have it as well, or else the class has none.
FEWEST_CONTRASTS, LEAST_DEVIATIONS, USUAL = 10, 3.0, 0.8
#: What is reported is also so many robust deviations from the usual contrast.
UNUSUAL = 2.5
#: If more than this share of the images is unlike the others, nothing is usual.
MOST_UNUSUAL = 0.2


def check_contrasts(examined: Examined) -> Iterator[Finding]:
    """Compare how the classes stand out from what is around them with how they usually do.

    Classes that are brighter than what is around them in some images and darker in others, as
    things in photographs are, tell nothing.

    Args:
        examined: The data.

    Yields:
        ``inverted`` and ``labels-elsewhere``.
    """
    records = examined.survey.records
    if not records:
        return
    shares, unlike = _shares(np.array([_contrast(record) for record in records]))
    if unlike.sum() > MOST_UNUSUAL * np.isfinite(shares).sum():
        return
    for row in np.flatnonzero(unlike):
        place = records[row].split, records[row].name
        if shares[row] < -LEAST_CONTRAST:
            reason = 'its grey scale is inverted: what is bright in other images is dark in it'
            yield Finding('inverted', *place, '', reason, 0.95)
        else:
            reason = 'its labels do not lie on anything that stands out: are they those of another '
            reason += 'image, shifted or mirrored'
            yield Finding('labels-elsewhere', *place, '', reason, 0.8)


@dataclass(frozen=True)
class _Usual:
    """The usual contrast of C classes, and its robust standard deviation.

    Attributes:
        contrasts: (C,), 0 for a class without a usual contrast.
        spreads: (C,), 0 for such a class.
    """

    contrasts: np.ndarray
    spreads: np.ndarray


def _usual(contrasts: np.ndarray) -> _Usual:
    known = np.isfinite(contrasts)
    values = np.ma.masked_invalid(contrasts)
    middle = np.ma.median(values, axis=0).filled(0)
    spreads = 1.4826 * np.ma.median(np.abs(values - middle), axis=0).filled(0)
    # the same way round and about as strong
    alike = values.filled(0) * np.sign(middle) > LEAST_CONTRAST * np.abs(middle)
    agree = (alike & known).sum(axis=0)
    count = known.sum(axis=0)
    usual = (count >= FEWEST_CONTRASTS) & (agree >= USUAL * count)
    usual &= np.abs(middle) > LEAST_DEVIATIONS * spreads
    return _Usual(np.where(usual, middle, 0), np.where(usual, spreads, 0))


def _shares(contrasts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compare images with what is usual.

    Args:
        contrasts: (N, C), NaN where they are not known.

    Returns:
        The contrast of each image as a share of the usual one (N,), NaN where it has no class with
        a usual contrast; whether it is unlike it (N,).
    """
    usual = _usual(contrasts)
    # the usual contrast of each class tells how much it counts, and which way
    weights = usual.contrasts * np.isfinite(contrasts)
    total = (weights * usual.contrasts).sum(axis=1)
    told = total > 0
    shares = np.full(len(contrasts), np.nan)
    shares[told] = (np.nan_to_num(contrasts[told]) * weights[told]).sum(axis=1) / total[told]
    if not told.any():
        return shares, told
    spread = 1.4826 * float(np.median(np.abs(shares[told] - np.median(shares[told]))))
    # fewer classes tell less
    own = np.sqrt(((weights * usual.spreads) ** 2).sum(axis=1)) / np.where(told, total, 1)
    limits = np.minimum(LEAST_CONTRAST, 1 - UNUSUAL * np.maximum(spread, own))
    return shares, told & (np.nan_to_num(shares, nan=1.0) < limits)


def _contrast(record: ImageRecord) -> np.ndarray:
    """Difference of inside and outside, (C,), in grey ranges; NaN where it is not known."""
    measures, pixels = record.classes, record.pixels
    if pixels is None or pixels.high - pixels.low < EMPTY:
        return np.full(len(measures.areas), np.nan)
    return (measures.inside - measures.outside).astype(np.float64) / (pixels.high - pixels.low)
