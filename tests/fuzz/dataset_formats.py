"""Formats of datasets: files of labels of all images, or of one."""

import io
import json
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from handbone.datasets.formats.annotated_image import AnnotatedImage
from handbone.datasets.formats.channel_arrays import ChannelArraysReader
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.coco import CocoReader, CocoWriter
from handbone.datasets.formats.cvat import CvatReader, CvatWriter
from handbone.datasets.formats.format_writer import FormatWriter
from handbone.datasets.formats.label_png_folder import LabelPngFolderWriter, LabelPngReader
from handbone.datasets.formats.label_studio import LabelStudioReader, LabelStudioWriter
from handbone.datasets.formats.labelme import LabelMeReader, LabelMeWriter
from handbone.datasets.formats.rle_csv import RleCsvReader, RleCsvWriter
from handbone.datasets.mask_runs import pack_runs
from handbone.masks import encode, pack

from .harness import Target
from .mutations import mutate, mutate_json

CLASSES = ('round', 'square', 'élan')
SIZE = (12, 17)
CHOICE = ClassChoice(CLASSES)


def made_image(seed: int, name: str) -> AnnotatedImage:
    """Make an image with overlaps."""
    masks = np.random.default_rng(seed).random((3, *SIZE)) < 0.4
    runs = pack_runs(dict(enumerate(encode(pack(masks), 3))), 'C')
    return AnnotatedImage(name, None, *SIZE, runs)


def written(make: Callable[..., FormatWriter], file: str, **options: Any) -> list[bytes]:
    """Write two images with the project's writer and take the file with the labels."""
    with tempfile.TemporaryDirectory() as folder:
        writer = make(Path(folder), CLASSES, **options)
        for seed in range(2):
            writer.write(made_image(seed, f'image{seed}.png'))
        writer.finish()
        return [(Path(folder) / file).read_bytes()]


def coco_samples() -> list[bytes]:
    """A document of RLE, and one of polygons and lengths."""
    (content,) = written(CocoWriter, 'coco.json')
    document = json.loads(content)
    document['annotations'][0]['segmentation'] = [[1, 1, 9.5, 2, 6, 8], [3, 3, 8, 3, 8, 9, 3, 9]]
    lengths = dict(size=list(SIZE), counts=[10, 20, SIZE[0] * SIZE[1] - 30])
    document['annotations'][1]['segmentation'] = lengths
    return [content, json.dumps(document).encode()]


def array_samples() -> list[bytes]:
    """Arrays of (3, H, W) in two types."""
    samples = []
    for kind in ('uint8', 'float32'):
        content = io.BytesIO()
        np.save(content, np.random.default_rng(0).integers(0, 2, (3, *SIZE)).astype(kind))
        samples.append(content.getvalue())
    return samples


def draw_all(make: Callable[[Path], Any], path: Path) -> list[tuple[tuple[int, int], np.ndarray]]:
    """Read all images and draw their labels."""
    return [((image.height, image.width), image.draw(3)) for image in make(path)]


def in_folder(make: Callable[[Path], Any]) -> Callable[[Path], Any]:
    """Read the folder of a file, in which it is alone."""
    return lambda path: make(path.parent)


def check(path: Path, drawn: list[tuple[tuple[int, int], np.ndarray]]) -> None:
    """Judge what was drawn: packed maps of three classes at the size of the image."""
    for size, packed in drawn:
        assert packed.dtype == np.int32 and packed.shape == size
        assert not (packed[packed > 0] & ~7).any()


def _target(
    name: str,
    suffix: str,
    samples: Callable[[], list[bytes]],
    make: Callable[[Path], Any],
    damage: Callable[[bytes, np.random.Generator], bytes] = mutate,
) -> Target:
    return Target(name, suffix, samples, partial(draw_all, make), check, damage)


TARGETS = [
    _target('coco', '.json', coco_samples, partial(CocoReader, choice=CHOICE), mutate_json),
    _target(
        'cvat',
        '.xml',
        lambda: [
            *written(CvatWriter, 'annotations.xml'),
            *written(CvatWriter, 'annotations.xml', shapes='mask'),
        ],
        partial(CvatReader, choice=CHOICE),
    ),
    _target(
        'label-studio',
        '.json',
        lambda: [
            *written(LabelStudioWriter, 'tasks.json'),
            *written(LabelStudioWriter, 'tasks.json', shapes='mask'),
        ],
        partial(LabelStudioReader, choice=CHOICE),
        mutate_json,
    ),
    _target(
        'labelme',
        '.json',
        lambda: [
            *written(LabelMeWriter, 'image0.json'),
            *written(LabelMeWriter, 'image0.json', shapes='mask'),
        ],
        in_folder(partial(LabelMeReader, choice=CHOICE)),
        mutate_json,
    ),
    _target(
        'rle-csv',
        '.csv',
        lambda: [
            *written(RleCsvWriter, 'masks.csv'),
            *written(RleCsvWriter, 'masks.csv', order='columns'),
        ],
        partial(RleCsvReader, choice=CHOICE, size=SIZE),
    ),
    _target(
        'label-png-folder',
        '.png',
        lambda: written(LabelPngFolderWriter, 'label_png/image0.png'),
        in_folder(partial(LabelPngReader, choice=CHOICE)),
    ),
    _target(
        'arrays', '.npy', array_samples, in_folder(partial(ChannelArraysReader, choice=CHOICE))
    ),
]
