"""What showed in single images while they were measured."""

from collections.abc import Iterator

from ..examined import Examined
from ..finding import Finding


def check_labels(examined: Examined) -> Iterator[Finding]:
    """Report defects of outlines, and fingers out of order.

    Args:
        examined: The data.

    Yields:
        ``self-crossing``, ``spikes``, ``points-outside``, ``doubled`` and ``finger-order``.
    """
    names = examined.survey.classes
    for record in examined.survey.records:
        for each in record.defects:
            name = names[each.class_index]
            place = record.split, record.name
            yield Finding(each.check, *place, name, each.reason, each.confidence, each.box)
