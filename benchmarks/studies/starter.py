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

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from handbone.apis import MultilabelInferencer
from handbone.bones import CLASSES
from handbone.masks import dice, overlap_counts, rasterize
from handbone.phantom import PRESETS, WildSettings, generate
from handbone.postprocessing import shows_hand

#: Apart from the seed of the training images.
SEED = 2_000
SIZE = 1024


def dice_of_phantoms(inferencer: MultilabelInferencer, number: int) -> tuple[np.ndarray, int]:
    """Score wild phantoms.

    Args:
        inferencer: The model.
        number: Number of phantoms.

    Returns:
        Dice, (number, 29), NaN where a bone is not visible; and how many hands were not seen as
        such.
    """
    scores, unseen = np.full((number, len(CLASSES)), np.nan), 0
    for index in track(range(number), 'phantoms', console=Console(stderr=True)):
        phantom = generate(SEED, index, PRESETS['wild'].test, SIZE)
        parts = [(CLASSES.index(name), points) for name, points in phantom.polygons]
        reference = rasterize(parts, SIZE, SIZE, len(CLASSES))
        (prediction,) = inferencer(phantom.image)
        counts = overlap_counts(prediction.labels, reference, len(CLASSES))
        visible = counts.reference > 0
        scores[index, visible] = dice(counts)[visible]
        unseen += visible.any() and not shows_hand(prediction.labels)
    return scores, unseen


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
    scores, unseen = dice_of_phantoms(inferencer, args.number)
    table = Table('bone', 'images', 'mean Dice', 'images below 0.5')
    for name, column in zip(CLASSES, scores.T, strict=True):
        seen = column[np.isfinite(column)]
        table.add_row(name, str(seen.size), f'{seen.mean():.4f}', f'{(seen < 0.5).mean():.1%}')
    of_images = np.nanmean(scores, axis=1)
    table.add_row('mean of the bones', '', f'{np.nanmean(scores, axis=0).mean():.4f}', '')
    table.add_row('mean of the images', '', f'{np.nanmean(of_images):.4f}', '')
    Console().print(table)
    flagged = Table('images', 'number', 'no hand seen')
    hands = int(np.isfinite(of_images).sum())
    flagged.add_row('wild phantoms', str(hands), f'{unseen / hands:.1%}')
    sources = {'phantoms without a hand': list(empty_phantoms(args.empty))}
    sources |= {Path(folder).name: folder for folder in args.without_hand}
    for name, images in sources.items():
        if len(images):
            seen = [shows_hand(each.labels) for each in inferencer(images)]
            flagged.add_row(name, str(len(seen)), f'{1 - np.mean(seen):.1%}')
    Console().print(flagged)


if __name__ == '__main__':
    main()
