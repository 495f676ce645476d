"""Synthetic photographs of things that lie on each other, in COCO JSON as that of trash.

Each thing has the hue of two classes, and plain or striped paint tells which of them it is. Small
things lie on larger ones, and the annotations of both cover the pixels that they share.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np


def write_shapes(
    folder: Path, images: dict[str, int], classes: Sequence[str], size: int, seed: int = 0
) -> None:
    """Write images and their annotations.

    Args:
        folder: Gets ``<split>.json`` and a folder of images per split.
        images: Number of images by split.
        classes: Names of the classes, an even number.
        size: Height and width in pixels.
        seed: The same seed gives the same files.
    """
    for number, (split, count) in enumerate(images.items()):
        random = np.random.default_rng([seed, number])
        listed: list[dict] = []
        annotations: list[dict] = []
        (folder / split).mkdir(parents=True)
        for index in range(count):
            name = f'{split}/{index:04d}.png'
            image, shapes = draw_shapes(random, len(classes), size)
            cv2.imwrite(str(folder / name), image)
            listed.append(dict(id=index, file_name=name, width=size, height=size))
            for class_index, points in shapes:
                annotations.append(
                    dict(
                        id=len(annotations),
                        image_id=index,
                        category_id=class_index + 1,
                        segmentation=[points.ravel().round(2).tolist()],
                        area=float(cv2.contourArea(points)),
                        iscrowd=0,
                    )
                )
        categories = [dict(id=index + 1, name=name) for index, name in enumerate(classes)]
        document = dict(images=listed, categories=categories, annotations=annotations)
        (folder / f'{split}.json').write_text(json.dumps(document))


def draw_shapes(
    random: np.random.Generator, num_classes: int, size: int
) -> tuple[np.ndarray, list[tuple[int, np.ndarray]]]:
    """Draw one image.

    Args:
        random: Source of chance.
        num_classes: Number of classes, even.
        size: Height and width in pixels.

    Returns:
        Blue, green and red, ``(size, size, 3)`` uint8, and the class and the outline ``(n, 2)`` of
        each thing in any order.
    """
    ground = random.uniform(60, 180) + random.normal(0, 12, (size // 4, size // 4, 1))
    image = cv2.resize((ground * [1, 1.05, 1.1]).astype(np.float32), (size, size))
    radii = random.uniform(0.07, 0.27, random.integers(3, 6))
    outlines = [_outline(random, radius * size, size) for radius in radii]
    things = []
    for outline in sorted(outlines, key=cv2.contourArea, reverse=True):
        class_index = int(random.integers(num_classes))
        mask = np.zeros((size, size), np.uint8)
        cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 1)
        paint = _paint(random, class_index, num_classes, size)
        image = np.where(mask[..., None] > 0, paint, image)
        things.append((class_index, outline))
    image += random.normal(0, 6, image.shape)
    order = random.permutation(len(things))
    return image.clip(0, 255).astype(np.uint8), [things[index] for index in order]


def _outline(random: np.random.Generator, radius: float, size: int) -> np.ndarray:
    angles = np.sort(random.uniform(0, 2 * np.pi, 9)) + random.uniform(0, 2 * np.pi)
    radii = radius * random.uniform(0.8, 1.2, 9)
    centre = random.uniform(0.1 * size, 0.9 * size, 2)
    points = centre + radii[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    return points.clip(0, size).astype(np.float32)


def _paint(random: np.random.Generator, class_index: int, num_classes: int, size: int) -> Any:
    """Paint of a class, plain or striped, ``(size, size, 3)``."""
    hue = 180 * (class_index // 2) / (num_classes // 2) + random.normal(0, 3)
    colour = np.uint8([[[hue % 180, random.uniform(130, 230), random.uniform(130, 230)]]])
    full = cv2.cvtColor(colour, cv2.COLOR_HSV2BGR)[0, 0].astype(np.float64)
    rows, columns = np.mgrid[:size, :size]
    angle, width = random.uniform(0, np.pi), size / 20
    stripes = np.sin((rows * np.cos(angle) + columns * np.sin(angle)) * 2 * np.pi / width)
    striped = class_index % 2 == 1
    return full * (1 - 0.45 * striped * (stripes > 0))[..., None]
