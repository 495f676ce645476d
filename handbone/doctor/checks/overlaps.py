"""Overlaps of classes that hardly overlap elsewhere, and one outline with two names."""

from collections import Counter
from collections.abc import Iterator

from ..examined import Examined
from ..finding import Finding

#: An overlap counts from this share of the smaller class.
LEAST_SHARE = 0.1
#: Pairs that overlap in at most this share of the images are reported.
UNUSUAL = 0.02
#: Two classes have one outline if they cover each other to this share.
SAME = 0.9


def check_overlaps(examined: Examined) -> Iterator[Finding]:
    """Report overlaps of pairs of classes that are not usual in the data.

    Where both classes lie as the others let expect, they may: fingers cross. So may things that lie
    anywhere.

    Args:
        examined: The data.

    Yields:
        ``unusual-overlap`` and ``one-outline-two-names``.
    """
    survey = examined.survey
    pairs = [
        [(int(first), int(second), float(share)) for first, second, share in rows]
        for rows in (record.classes.overlaps for record in survey.records)
    ]
    believed = {shape.row: shape.believed for shape in examined.shapes}
    count = Counter(pair[:2] for each in pairs for pair in each if pair[2] >= LEAST_SHARE)
    most = max(UNUSUAL * int(survey.labelled.sum()), 1)
    for row, (record, each) in enumerate(zip(survey.records, pairs, strict=True)):
        areas = record.classes.areas
        for first, second, share in each:
            names = survey.classes[first], survey.classes[second]
            ratio = float(min(areas[first], areas[second]) / max(areas[first], areas[second]))
            box = record.box(first if areas[first] < areas[second] else second)
            place = record.split, record.name
            if share * ratio >= SAME:
                reason = f'{names[0]} and {names[1]} have the same outline'
                yield Finding('one-outline-two-names', *place, names[0], reason, 0.95, box)
                continue
            unusual = share >= LEAST_SHARE and count[first, second] <= most
            unusual &= not examined.anywhere
            if unusual and (row not in believed or not believed[row][[first, second]].all()):
                reason = f'{names[0]} and {names[1]} overlap by {share:.0%} of the smaller one'
                reason += f', as in {count[first, second]} of {survey.labelled.sum()} images'
                yield Finding('unusual-overlap', *place, names[0], reason, 0.6, box)
