"""Processor time in which the doctor reads and measures an image with its labels.

    handbone make-phantom data/big --train 6 --test 0 --size 2048
    python -m benchmarks.studies.doctor_reading data/big/train

Processor time hardly grows with what other programs do. The first pass fills caches and is left
out; everything runs in one thread.
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from handbone.datasets.formats.source import Source
from handbone.doctor.measuring import measure_image
from handbone.radiographs.image_reading import read_image


def processor_seconds(data: Path, passes: int) -> tuple[np.ndarray, np.ndarray]:
    """Measure all images of a dataset, several times.

    Args:
        data: File or folder of the labels, whose images are found.
        passes: How often, beside the first time.

    Returns:
        Seconds for decoding the image alone, and for all of it: two of (passes, images).
    """
    reader = Source('train', data).open()
    images = list(reader)
    seconds = np.zeros((2, passes + 1, len(images)))
    for number in range(passes + 1):
        for index, image in enumerate(images):
            begin = time.process_time()
            read_image(image.path)
            middle = time.process_time()
            measure_image('train', image, reader.classes)
            seconds[:, number, index] = middle - begin, time.process_time() - middle
    return seconds[0, 1:], seconds[1, 1:]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('data', type=Path, help='file or folder of the labels')
    parser.add_argument('--passes', type=int, default=2)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    decoding, measuring = processor_seconds(args.data, args.passes)
    table = Table('processor time of an image', 'median', 'longest')
    for name, seconds in (
        ('reading and measuring', measuring),
        ('decoding it alone', decoding),
    ):
        table.add_row(name, f'{np.median(seconds):.3f} s', f'{seconds.max():.3f} s')
    Console().print(f'{measuring.shape[1]} images, {args.passes} passes')
    Console().print(table)


if __name__ == '__main__':
    main()
