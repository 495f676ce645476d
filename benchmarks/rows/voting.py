"""Votes of five submission files of 300 images and 29 classes at 2048 x 2048.

The dictionary counts one image, because all of them would take too long; ours does the whole job,
from files to file.
"""

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.harness import subject
from benchmarks.harness.row import Row, Way
from handbone.masks import encode, runs_to_string
from handbone.submissions import vote_submissions

IMAGES = 300
FILES = 5
#: Pixels by which the bones are shifted in each file.
SHIFTS = (0, 3, 5, 9, 14)


def _rows(shift: int) -> list[str]:
    runs = encode(subject.packed(shift=shift), len(subject.CLASSES))
    return [runs_to_string(class_runs) for class_runs in runs]


def dictionary() -> Callable[[], Any]:
    """Count the pixels of one image in dictionaries, as competition code does."""
    files = [_rows(shift) for shift in SHIFTS]

    def vote() -> list[str]:
        voted = []
        for rows in zip(*files, strict=True):
            votes = Counter()
            for row in rows:
                numbers = list(map(int, row.split()))
                for start, length in zip(numbers[::2], numbers[1::2], strict=True):
                    votes.update(range(start, start + length))
            voted.append(_runs_of(sorted(pixel for pixel, count in votes.items() if count >= 3)))
        return voted

    return vote


def _runs_of(pixels: list[int]) -> str:
    runs = []
    for pixel in pixels:
        if runs and pixel == runs[-2] + runs[-1]:
            runs[-1] += 1
        else:
            runs += [pixel, 1]
    return ' '.join(map(str, runs))


def on_runs(images: int) -> Callable[[], Any]:
    """Vote from files to file."""
    folder = tempfile.TemporaryDirectory()
    paths = [Path(folder.name) / f'{shift}.csv' for shift in SHIFTS]
    for path, shift in zip(paths, SHIFTS, strict=True):
        rows = list(zip(subject.CLASSES, _rows(shift), strict=True))
        with path.open('w') as file:
            file.write('image_name,class,rle\n')
            for image in range(images):
                file.writelines(f'{image}.png,{name},{rle}\n' for name, rle in rows)

    def vote() -> list[str]:
        out = Path(folder.name) / 'voted.csv'
        vote_submissions(paths, out)
        with out.open() as file:
            next(file)
            return [next(file).rstrip('\n').split(',')[2] for _ in subject.CLASSES]

    return vote


def check(usual: list[str], ours: list[str]) -> None:
    """Compare the masks of the first image."""
    assert usual == ours


ROW = Row(
    work=f'{FILES} CSVs of 29 classes, {subject.SIZE} x {subject.SIZE}, to their majority',
    ways=(
        Way('pixels in a dictionary, 1 image', dictionary),
        Way('handbone.ensembles, 1 image from file to file', lambda: on_runs(1)),
        Way(f'handbone.ensembles, all {IMAGES} images from file to file', lambda: on_runs(IMAGES)),
    ),
    check=check,
    target=f'{IMAGES} images in under 15 s',
)
