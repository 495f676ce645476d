"""Image files: unreadable, unlike the others, empty, pale, saturated, turned, shared."""

from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

from handbone.errors import counted
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


def check_files(examined: Examined) -> Iterator[Finding]:
    """Report image files that need a look.

    Args:
        examined: The data.

    Yields:
        ``unreadable``, ``rejected``, ``missing-image``, ``missing-annotation``, ``image-size``,
        ``bit-depth``, ``empty-image``, ``little-contrast``, ``saturated``, ``turned-by-exif`` and
        ``patient-in-several-splits``.
    """
    survey = examined.survey
    for split, problem in survey.problems:
        yield Finding('rejected', split, problem.path, '', str(problem).rstrip('.'), 1.0)
    records = survey.records
    for split, name in survey.unlabelled:
        reason = 'there are no labels for it, neither empty ones'
        yield Finding('missing-annotation', split, name, '', reason, 0.9)
    for row in np.flatnonzero(survey.without_file):
        reason = 'there are labels for it, but no image'
        yield Finding('missing-image', records[row].split, records[row].name, '', reason, 1.0)
    for record in records:
        if record.problem:
            reason = record.problem.rstrip('.')
            yield Finding('unreadable', record.split, record.name, '', reason, 1.0)
    yield from _unlike_the_others(records)
    yield from _grey_ranges(records)
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
            reason = (
                f'it has {record.pixels.depth} bits per value, '
                f'{counted(count, "image has", "images have")} {depth}'
            )
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
