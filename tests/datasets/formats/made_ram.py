"""Phantoms in the layouts of RAM-H1200 and RAM-W600, written by pycocotools and NumPy."""

import json

import cv2
import numpy as np

from handbone.bones import RAYS
from handbone.phantom.generator import generate
from handbone.phantom.presets import PRESETS

#: Name in RAM-H1200 by bone of the phantom.
NAMES = {
    bone: f'{part}{ray}'
    for ray, bones in enumerate(RAYS.values(), 1)
    for bone, part in zip(
        bones, ('DP', 'MP', 'PP', 'MC') if ray > 1 else ('DP', 'PP', 'MC'), strict=True
    )
} | dict(Triquetrum='Pisifrom_Triquetrum', Pisiform='Pisifrom_Triquetrum')
#: Categories in the order of their ids, with those that are no classes.
CATEGORIES = (
    *('Background', 'Capitate', 'DP1', 'DP2', 'DP3', 'DP4', 'DP5', 'Hamate'),
    *('Intravenous cannula', 'Lunate', 'MC1', 'MC2', 'MC3', 'MC4', 'MC5'),
    *('MP2', 'MP3', 'MP4', 'MP5', 'Metal Implant', 'PP1', 'PP2', 'PP3', 'PP4', 'PP5'),
    *('Pisifrom_Triquetrum', 'Radius', 'Ring', 'Scaphoid', 'Sesamoid', 'SoftTissue'),
    *('Trapezium', 'Trapezoid', 'Ulna'),
)
WITHOUT_MASK = 'JP_SCGH_P0029_20121201_5835_L.bmp'
#: Channels of RAM-W600, by their names in RAM-H1200.
CHANNELS = (
    *('Capitate', 'Radius', 'Ulna', 'Hamate', 'Lunate', 'Pisifrom_Triquetrum', 'Scaphoid'),
    *('Trapezium', 'Trapezoid', 'MC1', 'MC2', 'MC3', 'MC4', 'MC5'),
)


def phantom(index, height=256, width=192):
    """An image, and the mask of every class by its name in RAM-H1200."""
    made = generate(seed=5, index=index, settings=PRESETS['default'].train, size=height)
    image = cv2.resize(made.image, (width, height), interpolation=cv2.INTER_AREA)
    masks = {}
    for bone, points in made.polygons:
        name = NAMES.get(bone, bone)
        mask = masks.setdefault(name, np.zeros((height, width), np.uint8))
        scaled = np.rint(points * (width / height, 1)).astype(np.int32)
        cv2.fillPoly(mask, [scaled], 1)
    masks['SoftTissue'] = np.ones((height, width), np.uint8)
    masks['Ring'] = np.eye(height, width, dtype=np.uint8)
    return image, masks


def write_h1200(root, per_split=3):
    """Folders train, val and test with BMP images and COCO RLE; returns masks by image name."""
    from pycocotools import mask as mask_utils

    truth = {}
    for number, split in enumerate(('train', 'val', 'test')):
        folder = root / 'Segmentation' / split
        folder.mkdir(parents=True)
        images, annotations = [], []
        for index in range(per_split):
            image, masks = phantom(10 * number + index)
            name = f'JP_SCGH_P{number}{index:03d}_20121201_{index}_{"LR"[index % 2]}.bmp'
            if split == 'train' and index == per_split - 1:
                name, masks = WITHOUT_MASK, {}
            assert cv2.imwrite(str(folder / name), image)
            images.append(dict(id=index, file_name=name, height=256, width=192))
            truth[name] = masks
            for label, mask in masks.items():
                halves = [mask.copy(), mask.copy()]
                halves[0][200:], halves[1][:200] = 0, 0
                for half in halves if label == 'Radius' else [mask]:
                    rle = mask_utils.encode(np.asfortranarray(half))
                    rle = dict(size=rle['size'], counts=rle['counts'].decode())
                    annotations.append(
                        dict(
                            id=len(annotations),
                            image_id=index,
                            category_id=CATEGORIES.index(label),
                            segmentation=rle,
                            iscrowd=0,
                        )
                    )
        categories = [
            dict(id=index, name=name, supercategory='bone') for index, name in enumerate(CATEGORIES)
        ]
        document = dict(images=images, categories=categories, annotations=annotations)
        (folder / '_annotations_bone_rle.coco.json').write_text(json.dumps(document))
    return truth


def write_w600(root, per_split=3):
    """One folder of images and a folder of arrays (14, H, W) per split."""
    truth = {}
    (root / 'BoneSegmentation/images').mkdir(parents=True)
    for number, split in enumerate(('train', 'val', 'test')):
        folder = root / 'BoneSegmentation/masks' / split
        folder.mkdir(parents=True)
        for index in range(per_split):
            image, masks = phantom(10 * number + index)
            name = f'{split}_{index}'
            assert cv2.imwrite(str(root / f'BoneSegmentation/images/{name}.bmp'), image)
            truth[name] = np.stack([masks[channel] for channel in CHANNELS])
            np.save(folder / f'{name}.npy', truth[name])
    return truth
