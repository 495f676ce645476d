"""The data that pages name, as small as they may be: phantoms, tables, and pictures of squares."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from made_squares import square

from handbone.annotations import annotation_json

try:
    from tests.outputs.made_radiographs import write_radiograph
except ImportError:  # the extra is not installed
    write_radiograph = None

#: What pages call folders of images that the reader has.
FOLDERS = ('IMAGES', 'SCANS', 'NEW_IMAGES', 'ARCHIVE')
CHEST = ('right_lung', 'left_lung', 'heart', 'right_clavicle', 'left_clavicle')
WRIST = ('Radius', 'Ulna', 'Scaphoid', 'Lunate', 'Trapezium', 'Trapezoid')
TRASH = (
    *('General trash', 'Paper', 'Paper pack', 'Metal', 'Glass', 'Plastic', 'Styrofoam'),
    *('Plastic bag', 'Battery', 'Clothing'),
)
SIDE, SQUARE = 160, 40


def write_data(folder):
    """Fill ``data``, which has the phantoms of the demo, and what lies beside it.

    Args:
        folder: Where a reader has run the demo.
    """
    data = folder / 'data'
    # the second has patients enough to learn from
    for name, source in (('train', 'train'), ('val', 'train'), ('test', 'test')):
        (data / name).symlink_to(Path('phantom', source))
    for name in FOLDERS:
        (folder / name).symlink_to(Path('data', 'phantom', 'test', 'DCM'))
    first, *_ = sorted((data / 'phantom').glob('train/DCM/*/*.png'))
    shutil.copy(first, folder / 'my_hand.png')
    (folder / 'rejected.txt').write_text(f'{first.relative_to(first.parents[1])}\n')
    table = data / 'phantom' / 'patients.csv'
    shutil.copy(table, folder / 'patients.csv')
    pd.read_csv(table).to_excel(folder / 'patients.xlsx', sheet_name='Sheet1', index=False)
    write_radiographs(folder / 'dicom', sorted((data / 'phantom').glob('test/DCM/*/*.png')))
    write_polygons(data / 'jsrt' / 'train', CHEST, 12)
    write_polygons(data / 'lungs', ('left_lung', 'right_lung'), 2, ('images', 'polygons'))
    write_coco(data / 'hearts' / 'images', '../coco.json', ('cor',), 2)
    write_coco(data / 'wrists' / 'images', '../coco.json', WRIST, 5)
    write_coco(data / 'trash', 'train.json', TRASH, 8)
    write_coco(data / 'trash', 'val.json', TRASH, 2)


def write_radiographs(folder, images):
    """Write images as DICOM files, one folder per patient."""
    if write_radiograph is None:
        return
    for image in images:
        path = folder / image.parent.name / f'{image.stem}.dcm'
        path.parent.mkdir(parents=True, exist_ok=True)
        write_radiograph(path, cv2.imread(str(image), cv2.IMREAD_GRAYSCALE))


def pictures(classes, number):
    """Grey images with a square for each class, and their corners by class, one after the other."""
    rng = np.random.default_rng(len(classes))
    for _ in range(number):
        image, drawn = np.full((SIDE, SIDE), 30, np.uint8), []
        for index, label in enumerate(classes):
            left, top = rng.integers(4, SIDE - SQUARE - 4, 2)
            image[top : top + SQUARE, left : left + SQUARE] = 60 + 15 * index
            drawn.append((label, square(left, top, SQUARE)))
        yield image, drawn


def write_polygons(folder, classes, number, places=('DCM', 'outputs_json')):
    """Write a dataset in the hand-bone layout, one image per patient, named as those of JSRT."""
    for index, (image, drawn) in enumerate(pictures(classes, number), 1):
        name = f'JPCLN{index:03d}'
        picture, label = (folder / place / f'ID{index:03d}' / name for place in places)
        picture.parent.mkdir(parents=True)
        label.parent.mkdir(parents=True)
        cv2.imwrite(str(picture.with_suffix('.png')), image)
        content = annotation_json(drawn, name, f'{name}.png', SIDE, SIDE, [])
        label.with_suffix('.json').write_bytes(content)


def write_coco(folder, file, classes, number):
    """Write a dataset in COCO's format; the names of images have a patient in them."""
    folder.mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    for index, (image, drawn) in enumerate(pictures(classes, number), 1):
        name = f'{Path(file).stem}_P{index}_1.png'
        cv2.imwrite(str(folder / name), image)
        images.append(dict(id=index, file_name=name, height=SIDE, width=SIDE))
        for label, points in drawn:
            annotations.append(
                dict(
                    id=len(annotations) + 1,
                    image_id=index,
                    category_id=classes.index(label) + 1,
                    segmentation=[points.ravel().tolist()],
                    iscrowd=0,
                )
            )
    categories = [dict(id=index, name=name) for index, name in enumerate(classes, 1)]
    content = dict(images=images, annotations=annotations, categories=categories)
    (folder / file).write_text(json.dumps(content))
