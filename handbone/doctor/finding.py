"""One thing in a dataset that a person should look at."""

from dataclasses import dataclass

#: Left, top, right and bottom in pixels of the image; right and bottom are exclusive.
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Finding:
    """One thing that may be wrong with an image or its labels.

    Attributes:
        check: The check that found it, such as 'swapped-names'.
        split: The part of the data that the image is in.
        image: Name of the image in it.
        class_name: The class; empty if it is about the whole image.
        reason: What is wrong, as a sentence without a full stop.
        confidence: How sure it is, 0 to 1.
        box: The place in the image; None for the whole of it.
        other: A second image that it is about, as ``split/name``; else empty.
    """

    check: str
    split: str
    image: str
    class_name: str
    reason: str
    confidence: float
    box: Box | None = None
    other: str = ''


def ordered(findings: list[Finding]) -> list[Finding]:
    """Sort findings: the surest first, then by split, image and class."""
    return sorted(
        findings,
        key=lambda each: (-each.confidence, each.split, each.image, each.check, each.class_name),
    )


def confidence_of(value: float, threshold: float) -> float:
    """Tell how sure a finding is from how far a value lies beyond its threshold.

    Args:
        value: At least the threshold.
        threshold: Where findings begin.

    Returns:
        0.5 at the threshold, 0.75 at twice of it, at most 0.99.

    >>> confidence_of(6.0, 3.0)
    0.75
    """
    return round(float(min(1 - 0.5 * threshold / value, 0.99)), 2)
