"""All checks, in the order in which they are made."""

from collections.abc import Callable, Iterable, Mapping

from ..examined import Examined
from ..finding import Finding, ordered
from .appearance import check_appearance
from .contrasts import check_contrasts
from .duplicates import check_duplicates
from .files import check_files
from .headers import check_headers
from .labels import check_labels
from .misplaced import check_places
from .missing_classes import check_presence
from .overlaps import check_overlaps
from .pieces import check_pieces
from .predictions import check_predictions
from .sides import check_sides

CHECKS: tuple[Callable[[Examined], Iterable[Finding]], ...] = (
    check_files,
    check_contrasts,
    check_headers,
    check_duplicates,
    check_presence,
    check_places,
    check_labels,
    check_appearance,
    check_pieces,
    check_overlaps,
    check_sides,
    check_predictions,
)
#: What follows from another finding about the same image, and is left out there.
FOLLOWS_FROM: Mapping[str, tuple[str, ...]] = {
    'finger-order': ('swapped-names', 'misplaced'),
    'left-right-difference': ('out-of-proportion', 'swapped-names', 'misplaced', 'several-parts'),
    'unusual-overlap': ('swapped-names', 'misplaced', 'out-of-proportion'),
    'unlike-class': (
        *('swapped-names', 'misplaced'),
        *('inverted', 'saturated', 'empty-image', 'labels-elsewhere'),
    ),
    'mirrored': ('labels-elsewhere', 'duplicate'),
    'wrong-side': ('labels-elsewhere', 'duplicate'),
    'straight-edge': ('swapped-names',),
}


def run_checks(examined: Examined) -> list[Finding]:
    """Make all checks.

    Args:
        examined: The data.

    Returns:
        What they found, the surest first.
    """
    return ordered(without_consequences([each for check in CHECKS for each in check(examined)]))


def without_consequences(findings: list[Finding]) -> list[Finding]:
    """Leave out what follows from another finding about the same image.

    Args:
        findings: Findings of all checks.

    Returns:
        Those that say something of their own.
    """
    checks: dict[tuple[str, str], set[str]] = {}
    for each in findings:
        checks.setdefault((each.split, each.image), set()).add(each.check)
    return [
        each
        for each in findings
        if checks[each.split, each.image].isdisjoint(FOLLOWS_FROM.get(each.check, ()))
    ]
