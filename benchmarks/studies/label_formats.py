"""CPU time of a training sample from COCO RLE, relative to one from polygons.

    python -m benchmarks.studies.label_formats --sizes 1536 1024

The same phantoms of 2048 x 2048 in the hand-bone layout and converted to COCO, through the training
pipeline of ``configs/_base_/datasets/xray_hand_bone.py``. Both take turns, image by image, so that
a change of the machine's speed concerns both.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from rich.console import Console
from rich.table import Table

from handbone.apis import convert
from handbone.bones import CLASSES
from handbone.configuration.shipped import base_path
from handbone.phantom import write_dataset


def build(settings: dict, size: int) -> Any:
    """Build a dataset with the shipped training pipeline at a size."""
    config = Config.fromfile(base_path('datasets/xray_hand_bone.py'))
    pipeline = config.train_dataloader.dataset.pipeline
    pipeline[1].size = (size, size)
    return DATASETS.build(dict(settings, pipeline=pipeline))


def seconds_of(dataset: Any, index: int) -> float:
    """Measure the CPU time of a sample."""
    begin = time.process_time()
    dataset[index]
    return time.process_time() - begin


def main() -> None:
    """Write, measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--sizes', type=int, nargs='+', default=[1536, 1024])
    parser.add_argument('--images', type=int, default=10)
    parser.add_argument('--repetitions', type=int, default=10)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    init_default_scope('mmseg')
    table = Table('side', 'polygons', 'COCO RLE', 'ratio')
    with tempfile.TemporaryDirectory() as name:
        polygons, coco = Path(name) / 'polygons', Path(name) / 'coco'
        write_dataset(polygons, train=args.images, test=0)
        convert(polygons / 'train', coco, 'coco')
        settings = [
            dict(type='XRayHandBoneDataset', data_root=str(polygons)),
            dict(
                type='FormatDataset',
                format='coco',
                metainfo=dict(classes=CLASSES),
                data_root=str(coco),
                data_prefix=dict(img_path='images', ann_path='coco.json'),
            ),
        ]
        for size in args.sizes:
            datasets = [build(each, size) for each in settings]
            taken: tuple[list[float], list[float]] = ([], [])
            for _ in range(args.repetitions):
                for index in range(args.images):
                    for dataset, times in zip(datasets, taken, strict=True):
                        times.append(seconds_of(dataset, index))
            ours, theirs = map(statistics.median, taken)
            table.add_row(
                str(size),
                f'{1000 * ours:.1f} ms',
                f'{1000 * theirs:.1f} ms',
                f'{theirs / ours:.2f} x',
            )
    Console().print(table)


if __name__ == '__main__':
    main()
