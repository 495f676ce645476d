"""Datasets of synthetic sections, in the layout of HuBMAP's."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from handbone.csv_files import csv_bytes
from handbone.errors import HandboneError
from handbone.extras import import_extra
from handbone.files import open_atomically, write_atomically
from handbone.json_files import parse_json
from handbone.masks.rle import runs_to_string
from handbone.progress import progress_bar

from .scene import SectionScene

#: Increased whenever the same seed gives different sections.
GENERATOR_VERSION = 1
RECORD_NAME = 'sections.json'
COLUMNS = ('id', 'organ', 'img_height', 'img_width', 'pixel_size', 'rle')
#: Test sections are numbered from here, so that a dataset can grow.
FIRST_ID = {'train': 10_000, 'test': 20_000}
SMALLEST, LARGEST = 512, 40_000
TILE = 256
#: Micrometres; of no consequence, as the real tables have it.
PIXEL_SIZE = 0.4


def write_sections(
    root: str | Path, train: int, test: int, seed: int = 0, size: int = 3000, progress: bool = False
) -> int:
    """Write a dataset of sections; after an interruption, a second call continues.

    ``train.csv`` and ``test.csv`` are the tables, ``train_images`` and ``test_images`` hold tiled
    TIFFs, compressed as JPEG. Organs take turns.

    Args:
        root: Folder of the dataset.
        train: Number of training sections.
        test: Number of test sections.
        seed: Seed of the dataset.
        size: Side of the sections in pixels.
        progress: Whether to show a progress bar.

    Returns:
        Number of sections written by this call.

    Raises:
        HandboneError: A number is out of its range, or the folder has other sections.
        MissingExtraError: The extra ``tissue`` is not installed.
    """
    if min(train, test) < 0 or train + test < 1 or max(train, test) > 10_000 or seed < 0:
        raise HandboneError(f'nothing to write: train={train}, test={test}, seed={seed}')
    if not SMALLEST <= size <= LARGEST:
        raise HandboneError(f'size is from {SMALLEST} to {LARGEST} pixels, got {size}')
    root = Path(root)
    _claim(root / RECORD_NAME, dict(generator=GENERATOR_VERSION, seed=seed, size=size))
    written = 0
    with progress_bar(total=train + test, unit='section', shown=progress) as bar:
        for split, count in (('train', train), ('test', test)):
            rows: list[tuple] = [COLUMNS]
            for index in range(FIRST_ID[split], FIRST_ID[split] + count):
                scene = SectionScene(seed, index, size)
                image = root / f'{split}_images' / f'{index}.tiff'
                if not image.exists():
                    _write_image(image, scene)
                    written += 1
                runs = runs_to_string(scene.runs)
                rows.append((index, scene.organ.name, size, size, PIXEL_SIZE, runs))
                bar.update()
            if count:
                write_atomically(root / f'{split}.csv', csv_bytes(rows))
    return written


def _write_image(path: Path, scene: SectionScene) -> None:
    tifffile = import_extra('tifffile', 'tissue')
    with open_atomically(path) as file:
        tifffile.imwrite(
            file,
            _tiles(scene),
            shape=(scene.size, scene.size, 3),
            dtype=np.uint8,
            tile=(TILE, TILE),
            photometric='rgb',
            compression='jpeg',
            compressionargs=dict(level=90),
            maxworkers=1,
        )


def _tiles(scene: SectionScene) -> Iterator[np.ndarray]:
    """Draw the tiles row by row; those at the border are filled up."""
    for top in range(0, scene.size, TILE):
        for left in range(0, scene.size, TILE):
            yield scene.part(top, left, TILE, TILE)


def _claim(path: Path, record: dict[str, int]) -> None:
    """Record what the sections of a folder are made of, or check that it is the same."""
    if path.exists():
        try:
            same = parse_json(path.read_bytes()) == record
        except HandboneError:
            same = False
        if not same:
            raise HandboneError(
                f'{path}: this folder has sections of a different generator, seed or size. Choose '
                'a different folder, or delete this one.'
            )
    write_atomically(path, json.dumps(record, indent=2).encode())
