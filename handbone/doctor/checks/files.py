"""Image files: unreadable, unlike the others, empty, pale, saturated, inverted, turned, shared."""

from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

from handbone.radiographs.contrast import little_contrast

from ..examined import Examined
from ..finding import Finding
from ..image_record import ImageRecord

#: Sizes and depths that at least this share of the images has are usual.
USUAL = 0.9
#: A grey range below this, of 255, is that of an empty image.
EMPTY = 10.0
#: Share of pixels of the largest value from which an image is saturated, and by which it exceeds
#: the median of all images.
SATURATED = 0.15
#: Labels lie on what they name if the contrast of the classes to what is around them is at least
#: this share of the usual one, which so many images tell.
LEAST_CONTRAST, FEWEST_CONTRASTS = 0.25, 3


def check_files(examined: Examined) -> Iterator[Finding]:
    """Report image files that need a look.

    Args:
        examined: The data.

    Yields:
        ``unreadable``, ``rejected``, ``image-size``, ``bit-depth``, ``empty-image``,
        ``little-contrast``, ``saturated``, ``inverted``, ``labels-elsewhere``,
        ``turned-by-exif`` and ``patient-in-several-splits``.
    """
    survey = examined.survey
    for split, problem in survey.problems:
        yield Finding('rejected', split, problem.path, '', str(problem).rstrip('.'), 1.0)
    records = survey.records
    for record in records:
        if record.problem:
            reason = record.problem.rstrip('.')
            yield Finding('unreadable', record.split, record.name, '', reason, 1.0)
    yield from _unlike_the_others(records)
    yield from _grey_ranges(records)
    yield from _contrasts(records)
    yield from _shared_patients(records)


def _unlike_the_others(records: tuple[ImageRecord, ...]) -> Iterator[Finding]:
    sizes = Counter((record.height, record.width) for record in records)
    depths = Counter(record.pixels.depth for record in records if record.pixels)
    for record in records:
        place = record.split, record.name
        (height, width), count = sizes.most_common(1)[0]
        if count >= USUAL * len(records) and (record.height, record.width) != (height, width):
            reason = f'it has {record.height} x {record.width} pixels, {count} of {len(records)} '
            reason += f'images have {height} x {width}'
            yield Finding('image-size', *place, '', reason, 0.5)
        if record.pixels is None:
            continue
        depth, count = depths.most_common(1)[0]
        if count >= USUAL * depths.total() and record.pixels.depth != depth:
            reason = f'it has {record.pixels.depth} bits per value, {count} images have {depth}'
            yield Finding('bit-depth', *place, '', reason, 0.6)
        if record.header.orientation != 1:
            reason = 'its EXIF tag turns or mirrors it: programs that pass over the tag see it as '
            reason += 'it is stored, and labels drawn in them do not fit'
            yield Finding('turned-by-exif', *place, '', reason, 0.7)


def _grey_ranges(records: tuple[ImageRecord, ...]) -> Iterator[Finding]:
    known = [(record, record.pixels) for record in records if record.pixels]
    ranges = np.array([pixels.high - pixels.low for _, pixels in known])
    usual_white = float(np.median([pixels.white for _, pixels in known])) if known else 0.0
    for (record, pixels), pale in zip(known, little_contrast(ranges), strict=True):
        place = record.split, record.name
        if pixels.high - pixels.low < EMPTY:
            reason = f'its grey values reach from {pixels.low:.0f} to {pixels.high:.0f} only'
            yield Finding('empty-image', *place, '', reason, 0.95)
        elif pixels.white - usual_white > SATURATED:
            reason = f'{pixels.white:.0%} of its pixels have the largest value'
            yield Finding('saturated', *place, '', reason, 0.8)
        elif pale:
            reason = f'its grey values reach from {pixels.low:.0f} to {pixels.high:.0f} only, over '
            reason += f'{pixels.high - pixels.low:.0f} of {np.median(ranges):.0f} that are usual'
            yield Finding('little-contrast', *place, '', reason, 0.7)


def _contrasts(records: tuple[ImageRecord, ...]) -> Iterator[Finding]:
    """Compare how the classes stand out from what is around them with how they usually do."""
    if len(records) < FEWEST_CONTRASTS:
        return
    contrasts = np.ma.masked_invalid([_contrast(record) for record in records])
    usual = np.ma.median(contrasts, axis=0)
    # the usual contrast of each class tells how much it counts, and which way
    weights = (usual * ~contrasts.mask).filled(0)
    shares = (contrasts.filled(0) * weights).sum(axis=1)
    shares /= np.maximum((weights * usual.filled(0)).sum(axis=1), 1e-6)
    known = np.abs(weights).sum(axis=1) > 0
    for record, share in zip(np.array(records, object)[known], shares[known], strict=True):
        place = record.split, record.name
        if share < -LEAST_CONTRAST:
            reason = 'its grey scale is inverted: what is bright in other images is dark in it'
            yield Finding('inverted', *place, '', reason, 0.95)
        elif share < LEAST_CONTRAST:
            reason = 'its labels do not lie on anything that stands out: are they those of another '
            reason += 'image, shifted or mirrored'
            yield Finding('labels-elsewhere', *place, '', reason, 0.8)


def _contrast(record: ImageRecord) -> np.ndarray:
    """Difference of inside and outside, (C,), in grey ranges; NaN where it is not known."""
    measures, pixels = record.classes, record.pixels
    if pixels is None or pixels.high - pixels.low < EMPTY:
        return np.full(len(measures.areas), np.nan)
    return (measures.inside - measures.outside).astype(np.float64) / (pixels.high - pixels.low)


def _shared_patients(records: tuple[ImageRecord, ...]) -> Iterator[Finding]:
    splits: dict[str, set[str]] = defaultdict(set)
    for record in records:
        splits[record.patient].add(record.split)
    for record in records:
        others = sorted(splits[record.patient] - {record.split})
        if others:
            reason = f'images of {record.patient} are in {", ".join(others)} as well'
            place = record.split, record.name
            yield Finding('patient-in-several-splits', *place, '', reason, 0.9)
