"""Images of two squares each, and predictions of them that are moved."""

import cv2
import numpy as np

from handbone.annotations import annotation_json
from handbone.bones import CLASSES
from handbone.masks import rasterize
from handbone.submissions.rle_rows import HEADER, rle_rows

SIZE = 128
RADIUS, ULNA = CLASSES.index('Radius'), CLASSES.index('Ulna')
NAMES = ('ID001/image1_R.png', 'ID001/image2_L.png', 'ID002/image3_R.png')


def square(left, top, side=32):
    """Corners of a square of whole pixels."""
    right, bottom = left + side - 1, top + side - 1
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float)


def outlines(number, shift=0):
    """Radius and Ulna overlap by half; each image has them elsewhere."""
    return [(RADIUS, square(16 + shift, 8 + 8 * number)), (ULNA, square(32, 8 + 8 * number))]


def write_csv(path, shift, names=NAMES):
    """Write masks that are moved to the right."""
    rows = [
        rle_rows(name, CLASSES, rasterize(outlines(number, shift), SIZE, SIZE, len(CLASSES)))
        for number, name in enumerate(names)
    ]
    path.write_bytes(HEADER + b''.join(rows))
    return path


def write_data(folder):
    """Write three images of two patients with labels, in the hand-bone layout."""
    for number, name in enumerate(NAMES):
        image = folder / 'DCM' / name
        image.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(image), np.full((SIZE, SIZE), 40 * (number + 1), np.uint8))
        drawn = [(CLASSES[index], points) for index, points in outlines(number)]
        content = annotation_json(drawn, image.stem, image.name, SIZE, SIZE, [])
        label = (folder / 'outputs_json' / name).with_suffix('.json')
        label.parent.mkdir(parents=True, exist_ok=True)
        label.write_bytes(content)
    return folder
