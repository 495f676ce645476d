"""Crop the images of a dataset to a region, as a dataset of its own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from handbone.annotations import annotation_json
from handbone.configuration.dataset_configs import dataset_classes, only_dataset
from handbone.configuration.faults import config_faults_explained
from handbone.csv_files import csv_bytes
from handbone.datasets.formats.image_placement import remove_link
from handbone.errors import HandboneError
from handbone.files import write_atomically
from handbone.listing import normal_form
from handbone.masks import rasterize
from handbone.masks.clipping import clip_polygon
from handbone.progress import progress_bar
from handbone.radiographs import read_radiograph
from handbone.regions import ClassRegion, masses_of_labels

IMAGES, ANNOTATIONS, CROPS = 'train/DCM', 'train/outputs_json', 'crops.csv'
COLUMNS = ('image_name', 'file', 'left', 'top', 'width', 'height')


class Crops(NamedTuple):
    """What was written.

    Attributes:
        written: Number of crops.
        left_out: Number of images that do not show the region.
    """

    written: int
    left_out: int


def crop_dataset(
    cfg: Config,
    out: str | Path,
    classes: Sequence[str],
    margin: float = 0.2,
    min_classes: int | None = None,
    split: str = 'train',
) -> Crops:
    """Write the images of a config, cropped to the box around some classes.

    The new dataset has the hand-bone layout, with a folder per patient: grey images of 8 bits whose
    pixels are those of the files, and the polygons of all classes, cut at the border. ``crops.csv``
    has the file and the corner of each crop: a point of a crop plus ``left`` and ``top`` is the
    point of the file.

    >>> crop_dataset(read_config_file('configs/demo.py'), 'data/wrist', ['Lunate', 'Pisiform'])

    Args:
        cfg: Complete configuration, whose images and labels are read.
        out: Folder of the new dataset. Files of the same names are replaced.
        classes: Names of the classes of the region.
        margin: Space on each side of their box, as a share of its width and height.
        min_classes: Number of the classes that an image has to show; half of them by default.
        split: Images of which dataloader: train, val or test.

    Returns:
        Numbers of crops and of images without.

    Raises:
        HandboneError: If a class does not exist, the labels are no polygons, a class is unknown in
            places of an image, two images of a patient have one name, no image shows the region, or
            the folder holds the source.
        OSError: If a file cannot be read or written.
    """
    init_default_scope(cfg.get('default_scope') or 'mmseg')
    names, out = dataset_classes(cfg), Path(out)
    region = ClassRegion(classes, names, 1, 'of the crops', margin, min_classes)
    key, settings = only_dataset(cfg, f'{split}_dataloader', 'crops are taken from one')
    with config_faults_explained(cfg):
        dataset = DATASETS.build(dict(settings, pipeline=[]))
    written: dict[str, str] = {}
    rows, left_out = [], 0
    for index in progress_bar(range(len(dataset)), 'Cropping'):
        info = dataset.get_data_info(index)
        if info['polygons'] is None:
            raise HandboneError(
                f'{key}: {info["img_path"]} has no polygons to crop; `handbone convert --to '
                'hand-bone` makes polygons of masks'
            )
        if out.resolve() in Path(info['img_path']).resolve().parents:
            raise HandboneError(
                f'{out} holds {info["img_path"]}, which is to be cropped: choose another folder'
            )
        if 'unknown' in info and info['unknown'].regions is not None:
            raise HandboneError(
                f'{key}: {info["img_path"]} has places where a class is unknown, which the files '
                'of crops cannot hold: take unknown_labels out, and list the class in '
                'unknown_classes'
            )
        box = _box(info, region)
        if box is None:
            left_out += 1
            continue
        name = _name(info)
        other = written.setdefault(normal_form(name), info['img_path'])
        if other != info['img_path']:
            raise HandboneError(
                f'{key}: the crops of {other} and {info["img_path"]} would both be {name}; give '
                'the images of a patient names that differ'
            )
        rows.append(_write(info, name, box, names, out))
    if not rows:
        raise HandboneError(f'{key}: no image shows {", ".join(classes)}, so there is no crop')
    write_atomically(out / CROPS, csv_bytes([COLUMNS, *rows]))
    return Crops(len(rows), left_out)


def _box(info: dict, region: ClassRegion) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of the crop in pixels, the last two exclusive."""
    height, width = info['height'], info['width']
    packed = rasterize(info['polygons'].split(), height, width, region.num_classes)
    low, high, support = region.boxes(masses_of_labels(packed, region.num_classes))
    if support[0] < region.min_classes:
        return None
    left, top = np.floor(low[0].numpy() + 0.5).clip(0).astype(int).tolist()
    right, bottom = np.ceil(high[0].numpy() + 0.5).clip(max=[width, height]).astype(int).tolist()
    return left, top, right, bottom


def _name(info: dict) -> str:
    """Name a crop below the folder of images."""
    return str(Path(info['patient'] or '.') / f'{Path(info["image_name"]).stem}.png')


def _write(
    info: dict, name: str, box: tuple[int, int, int, int], names: Sequence[str], out: Path
) -> tuple:
    """Write one crop; returns its row of ``crops.csv``."""
    left, top, right, bottom = box
    height, width = size = bottom - top, right - left
    image: Any = read_radiograph(Path(info['img_path'])).image
    crop = np.rint(image[top:bottom, left:right]).astype(np.uint8)
    stem = Path(name).stem
    outlines = []
    for index, points in info['polygons'].split():
        cut = clip_polygon(points - [left, top], size)
        if len(cut) >= 3:
            outlines.append((names[index], cut))
    unknown = [names[index] for index in info['unknown'].classes] if 'unknown' in info else ()
    content = annotation_json(outlines, stem, f'{stem}.png', height, width, unknown)
    done, png = cv2.imencode('.png', crop)
    assert done  # an 8-bit grey image can always be encoded
    remove_link(out / IMAGES / name)
    write_atomically(out / IMAGES / name, png.tobytes())
    write_atomically((out / ANNOTATIONS / name).with_suffix('.json'), content)
    return name, info['img_path'], left, top, width, height
