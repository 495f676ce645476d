"""How long the doctor compares all images of a large dataset, and how much memory that takes.

    python -m benchmarks.studies.duplicates --images 20000

Every image is a random pattern of its own, whose pixels are measured as the doctor does; a
hundredth of them repeat an earlier one, in turn brighter with noise, at another size, and mirrored.
Time and memory are those of the comparison, without reading the dataset.
"""

import argparse
import gc
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from benchmarks.harness.memory import forget_peak, resident_now, resident_peak
from handbone.datasets.formats.annotated_image import AnnotatedImage
from handbone.datasets.polygons import pack_polygons
from handbone.doctor.checks.duplicates import check_duplicates
from handbone.doctor.examined import Examined
from handbone.doctor.image_record import ImageRecord
from handbone.doctor.measuring import measure_image
from handbone.doctor.pixel_measures import measure_pixels
from handbone.doctor.survey import Survey

SIDE = 192
#: One image in so many is a copy.
COPIES = 100


def pattern(number: int, seed: int) -> np.ndarray:
    """Draw an image that is like no other: structures of several sizes, (SIDE, SIDE) uint8."""
    rng = np.random.default_rng((seed, number))
    image = np.zeros((SIDE, SIDE), np.float32)
    for cells in (4, 12, 32):
        coarse = rng.normal(size=(cells, cells)).astype(np.float32)
        image += cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return np.clip(128 + 35 * image, 0, 255).astype(np.uint8)


def copy_of(image: np.ndarray, kind: int, seed: int) -> np.ndarray:
    """Change an image as copies in datasets are changed."""
    if kind == 0:
        noise = np.random.default_rng(seed).normal(10, 3, image.shape)
        return np.clip(image + noise, 0, 255).astype(np.uint8)
    if kind == 1:
        return cv2.resize(image, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(image[:, ::-1])


def measured(folder: Path, images: int, seed: int) -> Iterator[ImageRecord]:
    """Measure images; the last hundredth are copies of some at the beginning.

    Args:
        folder: Gets the files of copies and their originals, which are looked at again.
        images: Number of images.
        seed: Seed of all.

    Yields:
        Their records.
    """
    copies = images // COPIES
    labels = AnnotatedImage('0.png', None, SIDE, SIDE, pack_polygons([], []))
    record = measure_image('train', labels, ('class',))
    for number in range(images):
        image = pattern(number % (images - copies), seed)
        if number >= images - copies:
            image = copy_of(image, number % 3, seed)
        path = folder / f'{number}.png'
        if number < copies or number >= images - copies:
            cv2.imwrite(str(path), image)
        pixels = measure_pixels(image)
        height, width = image.shape
        yield replace(
            record, name=path.name, path=str(path), pixels=pixels, height=height, width=width
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print.

    Args:
        arguments: Words of the command line; those of the process by default.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=20_000)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        records = tuple(measured(Path(folder), args.images, args.seed))
        examined = Examined(Survey(('class',), (), records, ()), None, None, (), ())
        gc.collect()
        forget_peak()
        before, wall, cpu = resident_now(), time.perf_counter(), time.process_time()
        findings = list(check_duplicates(examined))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        lifted = max(0, resident_peak() - before)
    first = args.images - args.images // COPIES
    right = sum(int(each.image.removesuffix('.png')) >= first for each in findings)
    print(f'{args.images} images: {wall:.0f} s, {cpu:.0f} s of CPU')
    print(f'memory: {before / 1e6:.0f} MB with what was measured, {lifted / 1e6:.0f} MB more')
    print(f'copies: {right} of {args.images // COPIES} found, {len(findings) - right} others')


if __name__ == '__main__':
    main()
