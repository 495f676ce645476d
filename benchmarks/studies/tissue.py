"""Dice of tissue sections for the class that each one knows, and the memory that predicting takes.

    python -m benchmarks.studies.tissue configs/tissue/folded_unet_256.py work_dirs/tissue \
        data/tissue/test_images data/tissue/test.csv

prints a table of the organs. Each section has the units of its own organ annotated, so only that
class is scored. A constant prediction, the class everywhere, stands beside it.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from benchmarks.harness.memory import resident_peak
from handbone.apis import MultilabelInferencer
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.section_table import SectionTableReader
from handbone.masks import dice, overlap_counts


def main(arguments: Sequence[str] | None = None) -> None:
    """Predict, score and print.

    Args:
        arguments: Words of the command line; those of the process by default.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('config', help='config of the model')
    parser.add_argument('checkpoint', help='its checkpoint or work dir')
    parser.add_argument('images', help='folder of the sections')
    parser.add_argument('table', help='table with the organ and the runs of each section')
    args = parser.parse_args(arguments)
    inferencer = MultilabelInferencer(args.config, args.checkpoint)
    classes = inferencer.predictor.classes
    reader = SectionTableReader(args.table, args.images, ClassChoice(classes))
    before = resident_peak()
    scores: dict[str, list[tuple[float, float]]] = defaultdict(list)
    begun = time.perf_counter()
    for image in reader:
        (prediction,) = inferencer(image.path)
        truth = image.draw(len(classes))
        known = max(image.labels.present(), default=None)
        if known is None:
            continue
        counts = overlap_counts(prediction.labels, truth, len(classes))
        share = float(image.labels.class_shares(image.height, image.width, len(classes))[known])
        constant = 2 * share / (1 + share)
        scores[classes[known]].append((float(dice(counts)[known]), constant))
    seconds = time.perf_counter() - begun
    print('| organ | sections | Dice | everywhere |\n|---|---|---|---|')
    for name in classes:
        if scores[name]:
            print(row(name, np.array(scores[name])))
    print(row('mean', np.concatenate([scores[name] for name in classes if scores[name]])))
    print(
        f'{len(reader)} sections in {seconds:.0f} s; peak memory {resident_peak() / 1e6:.0f} MB, '
        f'{before / 1e6:.0f} MB of it before the first section'
    )


def row(name: str, scores: np.ndarray) -> str:
    """Write a row of the table."""
    ours, constant = scores.mean(axis=0)
    return f'| {name} | {len(scores)} | {ours:.3f} | {constant:.3f} |'


if __name__ == '__main__':
    main()
