"""Memory over a long run: does it stay flat?

    python -m benchmarks.studies.prediction_memory --images 10000

sends links to a few phantoms through what ``handbone predict`` does, with a model that answers at
once, and prints the memory of the process after the first hundred images and at its largest later.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.harness import subject
from benchmarks.harness.memory import resident_now
from handbone.apis import MultilabelInferencer
from handbone.apis.inferencer import make_writers
from handbone.bones import CLASSES, PALETTE
from handbone.outputs import OutputWriter, Prediction
from handbone.phantom import write_dataset

FIRST = 100
TO_REACH = 1.05


class StubPredictor:
    """Answers every image with the bones of the benchmarks' subject."""

    classes = CLASSES
    window = 'file'
    device = torch.device('cpu')
    palette = PALETTE
    thresholds = (0.5,) * len(CLASSES)
    model_hash = 'stub'

    def predict(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Copy the labels for each image, at its size."""
        return [subject.packed(len(image)).copy() for image in images]


class MemoryRecord(OutputWriter):
    """Writes nothing and reads the memory of the process at each image.

    Attributes:
        resident: Bytes, one number per image.
    """

    def __init__(self) -> None:
        self.resident: list[int] = []

    def encode(self, prediction: Prediction) -> bytes:
        """Encode nothing."""
        return b''

    def put(self, prediction: Prediction, content: bytes) -> None:
        """Read the memory."""
        self.resident.append(resident_now())


def measure(images: int, size: int, formats: Sequence[str], batch_size: int) -> list[int]:
    """Run images through the stream.

    Args:
        images: Number of images.
        size: Their side in pixels.
        formats: Names of the outputs.
        batch_size: Images at once.

    Returns:
        Resident memory in bytes, one number per image.
    """
    with tempfile.TemporaryDirectory() as folder:
        write_dataset(Path(folder) / 'data', train=0, test=4, size=size, workers=2)
        files = sorted(Path(folder, 'data').rglob('*.png'))
        links = Path(folder) / 'links'
        for index in range(images):
            link = links / f'ID{index // 100:03}' / f'image{index:06}.png'
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(files[index % len(files)])
        record, out = MemoryRecord(), Path(folder) / 'out'
        predictor = StubPredictor()
        writers = make_writers(formats, out, predictor) | {'memory': record}
        MultilabelInferencer.of(predictor).run([links], writers, out, batch_size)
    return record.resident


def main() -> None:
    """Measure and print; the exit code is 1 if the memory grew by more than 5 %."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.studies.prediction_memory', description=__doc__
    )
    parser.add_argument('--images', type=int, default=10_000)
    parser.add_argument('--size', type=int, default=1024, help='side of the images in pixels')
    parser.add_argument('--write', default='csv', help='formats, with commas between')
    parser.add_argument('--batch-size', type=int, default=1)
    arguments = parser.parse_args()
    resident = measure(
        arguments.images, arguments.size, arguments.write.split(','), arguments.batch_size
    )
    first, later = max(resident[:FIRST]), max(resident[FIRST:])
    print(
        f'{arguments.images} images of {arguments.size} x {arguments.size}: '
        f'{first / 1e6:.0f} MB at most in the first {FIRST}, {later / 1e6:.0f} MB after, '
        f'{later / first:.3f} x (to reach: {TO_REACH} x at most)'
    )
    raise SystemExit(later > TO_REACH * first)


if __name__ == '__main__':
    main()
