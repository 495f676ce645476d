"""Time and memory until a dataset in the layout of RAM-H1200 is ready.

    python -m benchmarks.studies.dataset_loading --images 1200 --distinct 50

Bones of phantoms, drawn at 2000 x 1600, are the masks of 30 classes in one COCO JSON. Distinct
images are repeated under other names to the number wanted; their files are links to one BMP. The
usual loader decodes every mask with pycocotools and stacks one uint8 plane per class and image in
memory; it is measured on 50 images, all of them in memory at once as it has them, which takes about
5 GB, and extrapolated. Each loader runs in a process of its own.
"""

import argparse
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.harness.memory import resident_peak

SIZE = (2000, 1600)
CLASSES = 30
NAMES = tuple(f'class-{index:02d}' for index in range(CLASSES))
LABELS = '_annotations_bone_rle.coco.json'


def write(folder: Path, images: int, distinct: int) -> None:
    """Write the dataset."""
    import cv2

    from handbone.bones import CLASSES as BONES
    from handbone.datasets.formats.coco_document import CocoDocument
    from handbone.masks import rasterize
    from handbone.phantom import generate

    picture = folder / 'picture.bin'
    _, content = cv2.imencode('.bmp', np.zeros(SIZE, np.uint8))
    picture.write_bytes(content.tobytes())
    document = CocoDocument(folder / LABELS, NAMES)
    frame = [[0, 0], [SIZE[1], 0], [SIZE[1], SIZE[0]], [0, SIZE[0]]]
    for number in range(distinct):
        polygons = generate(seed=11, index=number, size=256).polygons
        scale = np.array([SIZE[1], SIZE[0]]) / 256
        parts = [(BONES.index(name), points * scale) for name, points in polygons]
        packed = rasterize([*parts, (CLASSES - 1, np.array(frame))], *SIZE, CLASSES)
        for copy in range(number, images, distinct):
            name = f'JP_SCGH_P{copy:04d}_20121201_{copy}_L.bmp'
            (folder / name).symlink_to(picture)
            document.file.append(document.line(name, packed))
    document.finish()


def load_ours(folder: Path, images: int) -> None:
    """Build the dataset, ready for the loader's workers."""
    from mmseg.registry import DATASETS

    dataset = DATASETS.build(
        dict(
            type='FormatDataset',
            format='coco',
            metainfo=dict(classes=NAMES),
            data_prefix=dict(img_path=str(folder), ann_path=str(folder / LABELS)),
            patient_pattern=r'_(P[0-9]+)_',
        )
    )
    assert len(dataset) >= images


def load_planes(folder: Path, images: int) -> list[np.ndarray]:
    """Stack one plane per class of some images, as the usual loader does of all."""
    from pycocotools.coco import COCO

    coco = COCO(folder / LABELS)
    stacked = []
    for image in coco.getImgIds()[:images]:
        planes = np.zeros((CLASSES, *SIZE), np.uint8)
        for annotation in coco.loadAnns(coco.getAnnIds(imgIds=[image])):
            planes[annotation['category_id'] - 1] |= coco.annToMask(annotation)
        stacked.append(planes)
    return stacked


def measure(load: Callable[[Path, int], object], folder: Path, images: int) -> tuple[float, float]:
    """Run a loader in a new process: seconds, and megabytes above what its imports take."""
    with multiprocessing.get_context('spawn').Pool(1) as pool:
        return pool.apply(_measured, (load, folder, images))


def _measured(
    load: Callable[[Path, int], object], folder: Path, images: int
) -> tuple[float, float]:
    import handbone  # noqa: F401

    before = resident_peak()
    begin = time.perf_counter()
    kept = load(folder, images)
    seconds, peak = time.perf_counter() - begin, resident_peak()
    del kept
    return seconds, (peak - before) / 1e6


def main() -> None:
    """Write, measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--images', type=int, default=1200)
    parser.add_argument('--distinct', type=int, default=50)
    parser.add_argument('--planes', type=int, default=50, help='images of the usual loader')
    args = parser.parse_args()
    table = Table('loader', 'images', 'seconds', 'MB', f'MB at {args.images} images')
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, args.images, args.distinct)
        size = (folder / LABELS).stat().st_size / 1e6
        seconds, memory = measure(load_ours, folder, args.images)
        table.add_row(
            'FormatDataset', str(args.images), f'{seconds:.1f}', f'{memory:.0f}', f'{memory:.0f}'
        )
        # of a document with these images alone, so that its JSON does not count; copies of one
        # phantom follow each other in it
        content = json.loads((folder / LABELS).read_bytes())
        apart = max(1, args.images // args.planes)
        content['images'] = content['images'][::apart][: args.planes]
        kept = {image['id'] for image in content['images']}
        content['annotations'] = [
            each for each in content['annotations'] if each['image_id'] in kept
        ]
        (folder / LABELS).write_text(json.dumps(content))
        seconds, memory = measure(load_planes, folder, args.planes)
        extrapolated = memory / args.planes * args.images
        table.add_row(
            'one plane per class',
            str(args.planes),
            f'{seconds:.1f}',
            f'{memory:.0f}',
            f'{extrapolated:.0f}',
        )
    console = Console()
    console.print(f'{size:.0f} MB of COCO JSON')
    console.print(table)


if __name__ == '__main__':
    main()
