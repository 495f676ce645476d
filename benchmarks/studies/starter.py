"""What the starter weights do on phantoms that they were not trained on, and on other images.

    python -m benchmarks.studies.starter --number 1000 --without-hand CHESTS PHOTOGRAPHS

The phantoms are those of the preset ``wild`` with a seed of their own. A bone counts in the images
in which it is visible. Images without a hand are phantoms whose hand is left out, and the files of
the folders that are named.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from handbone.apis import MultilabelInferencer
from handbone.bones import CLASSES
from handbone.masks import dice, overlap_counts, rasterize
from handbone.phantom import PRESETS, WildSettings, generate
from handbone.postprocessing import check_hand, shows_hand

#: Apart from the seed of the training images.
SEED = 2_000
SIZE = 1024


class PhantomScores(NamedTuple):
    """What came of phantoms.

    Attributes:
        dice: Per image and bone, (n, 29), NaN where the bone is not visible.
        unseen: Hands that were not seen as such.
        flagged: Hands of whose predicted labels anything is flagged.
        flagged_truth: Hands of whose true labels anything is flagged.
    """

    dice: np.ndarray
    unseen: int
    flagged: int
    flagged_truth: int


def score_phantoms(inferencer: MultilabelInferencer, number: int) -> PhantomScores:
    """Score wild phantoms.

    Args:
        inferencer: The model.
        number: Number of phantoms.

    Returns:
        The scores, and how many of the hands were flagged.
    """
    scores, unseen, flagged, flagged_truth = np.full((number, len(CLASSES)), np.nan), 0, 0, 0
    for index in track(range(number), 'phantoms', console=Console(stderr=True)):
        phantom = generate(SEED, index, PRESETS['wild'].test, SIZE)
        parts = [(CLASSES.index(name), points) for name, points in phantom.polygons]
        reference = rasterize(parts, SIZE, SIZE, len(CLASSES))
        (prediction,) = inferencer(phantom.image)
        counts = overlap_counts(prediction.labels, reference, len(CLASSES))
        visible = counts.reference > 0
        scores[index, visible] = dice(counts)[visible]
        if visible.any():
            unseen += not shows_hand(prediction.labels)
            flagged += bool(prediction.flags)
            flagged_truth += bool(check_hand(reference))
    return PhantomScores(scores, unseen, flagged, flagged_truth)


def empty_phantoms(number: int) -> Iterator[np.ndarray]:
    """Generate wild phantoms whose hand is left out.

    Args:
        number: Number of phantoms.

    Yields:
        Grey values, uint8 (1024, 1024).
    """
    wild = PRESETS['wild'].test
    assert isinstance(wild, WildSettings)
    absent = replace(wild, placement=replace(wild.placement, absent_rate=1.0))
    for index in range(number):
        yield generate(SEED, index, absent, SIZE).image


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--number', type=int, default=1000, help='phantoms (default: 1000)')
    parser.add_argument('--empty', type=int, default=100, help='without a hand (default: 100)')
    parser.add_argument('--without-hand', nargs='*', default=[], metavar='FOLDER')
    parser.add_argument('--model', nargs=2, metavar=('CONFIG', 'CHECKPOINT'), default=[])
    args = parser.parse_args()
    inferencer = MultilabelInferencer(*args.model)
    scores, *counts = score_phantoms(inferencer, args.number)
    table = Table('bone', 'images', 'mean Dice', 'images below 0.5')
    for name, column in zip(CLASSES, scores.T, strict=True):
        seen = column[np.isfinite(column)]
        table.add_row(name, str(seen.size), f'{seen.mean():.4f}', f'{(seen < 0.5).mean():.1%}')
    of_images = np.nanmean(scores, axis=1)
    table.add_row('mean of the bones', '', f'{np.nanmean(scores, axis=0).mean():.4f}', '')
    table.add_row('mean of the images', '', f'{np.nanmean(of_images):.4f}', '')
    Console().print(table)
    flagged = Table('images', 'number', 'no hand seen', 'any flag', 'any flag on the true labels')
    hands = int(np.isfinite(of_images).sum())
    shares = [f'{count / hands:.1%}' for count in counts]
    flagged.add_row('wild phantoms', str(hands), *shares)
    sources = {'phantoms without a hand': list(empty_phantoms(args.empty))}
    sources |= {Path(folder).name: folder for folder in args.without_hand}
    for name, images in sources.items():
        if len(images):
            found = [(not shows_hand(each.labels), bool(each.flags)) for each in inferencer(images)]
            shares = [f'{share:.1%}' for share in np.mean(found, axis=0)]
            flagged.add_row(name, str(len(found)), *shares, '')
    Console().print(flagged)


if __name__ == '__main__':
    main()
