"""A small dataset on disk."""

import json

import cv2
import numpy as np

CLASSES = ('round', 'square', 'long')


def write_png(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)


def annotation(label, points, identity='a1'):
    return dict(id=identity, type='poly_seg', attributes={}, points=points, label=label)


def write_json(path, annotations, size=(48, 64), **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = size
    document = dict(annotations=annotations, metadata=dict(height=height, width=width), **more)
    path.write_text(json.dumps(document), encoding='utf-8')


def circle(x, y, radius, count=40):
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)]).tolist()


def shapes(shift=0):
    return [
        annotation('round', circle(20 + shift, 20, 9.5), 'a1'),
        annotation('square', [[15, 15], [35, 15], [35, 30], [15, 30]], 'a2'),
        annotation('long', [[2, 40.5], [60, 38.25], [60, 44], [2, 46]], 'a3'),
        annotation('square', [[50, 5], [58, 5], [58, 12]], 'a4'),
    ]


class Folder:
    """A dataset folder in the hand-bone layout, images of 64 x 48."""

    def __init__(self, root):
        self.root = root

    def png(self, patient, name):
        return self.root / 'train/DCM' / patient / f'{name}.png'

    def json(self, patient, name):
        return self.root / 'train/outputs_json' / patient / f'{name}.json'

    def add(self, patient, name, annotations=None, image=None):
        if image is None:
            image = np.random.default_rng(len(name)).integers(0, 256, (48, 64), dtype=np.uint8)
        write_png(self.png(patient, name), image)
        write_json(self.json(patient, name), shapes() if annotations is None else annotations)

    def config(self, **more):
        # Serialising makes mmengine collect garbage, which takes longer than most tests.
        base = dict(
            type='XRayHandBoneDataset',
            data_root=str(self.root),
            metainfo=dict(classes=CLASSES),
            serialize_data=False,
        )
        return base | more
