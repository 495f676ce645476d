"""What a CSV of runs lacks, as one that was cut short does, for readers that go on without it."""

from collections.abc import Sequence

from handbone.errors import listed
from handbone.listing import normal_forms

from .submission_rows import SubmissionRows


def missing_rows(rows: SubmissionRows, classes: Sequence[str]) -> list[str]:
    """Say which classes have no row, and which images lack rows that others have.

    Args:
        rows: The file.
        classes: Names of the classes that should be there.

    Returns:
        Sentences without their ends, at most two; none where nothing is missing.

    >>> missing_rows(SubmissionRows('cut_short.csv'), ('Radius', 'Ulna'))  # doctest: +SKIP
    ["cut_short.csv lacks rows of 1 of its images ('ID040/image1_L.png')"]
    """
    absent = [name for name in normal_forms(classes) if name not in rows.classes]
    needed = rows.classes.keys()
    lacking = [rows.names[image] for image, there in rows.rows.items() if needed - there.keys()]
    found = []
    if absent:
        found.append(f'{rows.path} has no row of class {listed(absent, 10)}')
    if lacking:
        found.append(f'{rows.path} lacks rows of {len(lacking)} of its images ({listed(lacking)})')
    return found
