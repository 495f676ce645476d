"""Hard voting of submission files."""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from handbone.errors import HandboneError, listed
from handbone.files import open_atomically
from handbone.kept_inputs import keep_inputs

from .rle_rows import HEADER, run_rows
from .run_votes import vote_on_runs
from .submission_rows import SubmissionRows
from .vote_weights import VoteWeights, Weight, read_class_weights


class VotedSubmission(NamedTuple):
    """What was voted on.

    Attributes:
        images: Number of images.
        classes: Class names.
        missing_rows: Rows that each file lacks, in the order of the files.
    """

    images: int
    classes: tuple[str, ...]
    missing_rows: tuple[int, ...]


def vote_submissions(
    paths: Sequence[str | Path],
    out: str | Path,
    weights: Sequence[Weight] | None = None,
    class_weights: Mapping[str, Sequence[Weight]] | str | Path | None = None,
    min_votes: Weight | None = None,
    missing: Literal['empty', 'skip'] = 'empty',
    num_pixels: int | None = None,
    progress: Callable[[Iterable], Iterable] = iter,
) -> VotedSubmission:
    """Vote on the masks of several submission files, without drawing them.

    Images and classes are written in the order of the first file, one row for each pair.

    Args:
        paths: The files, rows in any order.
        out: The file to write; it takes its name when it is complete.
        weights: As for :class:`VoteWeights`.
        class_weights: As for :class:`VoteWeights`, or the file of :func:`read_class_weights`.
        min_votes: As for :class:`VoteWeights`.
        missing: What a missing row means: ``empty``, that the mask is empty, or ``skip``, that the
            file does not vote on it and the others decide.
        num_pixels: Pixels of each image, to check that no run ends outside.
        progress: Wraps the images, to show how far it is.

    Returns:
        What was voted on.

    Raises:
        FileNotFoundError: If there is no such file.
        HandboneError: If a file is not such a CSV or has other images or classes, or the weights do
            not fit. The message names file and line.
        OSError: If the result cannot be written; what was there before is kept.
    """
    if len(paths) < 2:
        raise HandboneError('a vote takes at least two files')
    _check_once(paths, out)
    place: str | Path = 'class_weights'
    if isinstance(class_weights, str | Path):
        place, class_weights = class_weights, read_class_weights(class_weights)
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(SubmissionRows(path)) for path in paths]
        for file in files[1:]:
            _check_same(file, files[0])
        images, classes = tuple(files[0].rows), tuple(files[0].classes)
        votes = VoteWeights(len(files), classes, weights, class_weights, min_votes, place)
        output = stack.enter_context(open_atomically(out))
        output.write(HEADER)
        missing_rows = np.zeros(len(files), np.int64)
        for image in progress(images):
            found = np.array([[name in file.rows[image] for name in classes] for file in files])
            missing_rows += np.count_nonzero(~found, axis=1)
            voting = found if missing == 'skip' else np.ones_like(found)
            runs = [file.read(image, classes, num_pixels) for file in files]
            voted = vote_on_runs(runs, votes.weights, votes.needed(voting))
            output.write(run_rows(files[0].names[image], classes, voted))
    return VotedSubmission(len(images), classes, tuple(missing_rows.tolist()))


def _check_once(paths: Sequence[str | Path], out: str | Path) -> None:
    """Check that no file votes twice, and that the result replaces none of them."""
    voting: set[Path] = set()
    for path in paths:
        if Path(path).resolve() in voting:
            raise HandboneError(
                f'{path} is given twice, but each file votes once: remove it from the list, or '
                'give it a larger weight'
            )
        voting.add(Path(path).resolve())
    keep_inputs([out], paths)


def _check_same(file: SubmissionRows, first: SubmissionRows) -> None:
    """Check that a file is of the images and the classes of the first one."""
    lines = {name: next(iter(rows.values())).line for name, rows in file.rows.items()}
    for what, own, others, remedy in (
        ('classes', file.classes, first.classes, 'Vote on files of one class list.'),
        ('images', lines, first.rows, 'Vote on files of one set of images.'),
    ):
        unknown = [name for name in own if name not in others]
        absent = [name for name in others if name not in own]
        if unknown or absent:
            line = own[unknown[0]] if unknown else 1
            faults = [f'{len(unknown)} that {first.path} lacks ({listed(unknown)})'] * bool(unknown)
            faults += [f'without {len(absent)} that it has ({listed(absent)})'] * bool(absent)
            raise file.error(line, f'other {what} than {first.path}: {"; ".join(faults)}', remedy)
