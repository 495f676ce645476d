"""A predictor without a network, which processes of Ray can import."""

import os
import time
from pathlib import Path

import cv2
import numpy as np
import torch

CLASSES = ('bright', 'left', 'nothing')


class StubPredictor:
    """Bright pixels, the left half, and a class that is never there."""

    palette = ((255, 0, 0), (0, 255, 0), (0, 0, 255))
    window = 'file'
    device = torch.device('cpu')

    def __init__(self, model_hash='a' * 64, classes=CLASSES, thresholds=(0.5, 0.5, 0.5), pause=0):
        self.model_hash = model_hash
        self.classes = classes
        self.thresholds = thresholds
        self.pause = pause

    def predict(self, images):
        """Pack bright pixels and the left half."""
        return [self._labels(image) for image in images]

    def _labels(self, image):
        time.sleep(self.pause)
        if image[0, 0] == 13:
            os.kill(os.getpid(), 9)
        if image[0, 0] == 17:
            raise ValueError('this image has the wrong look')
        labels = (image > 127).astype(np.int32)
        labels[:, : labels.shape[1] // 2] |= 2
        return labels


class OpenStub:
    """Opens the predictor and writes the process down that did."""

    def __init__(self, processes=None, **options):
        self.processes = processes
        self.options = options

    def __call__(self, device):
        if self.processes is not None and device is not None:
            with Path(self.processes).open('a') as file:
                file.write(f'{os.getpid()}\n')
        return StubPredictor(**self.options)


def write_images(folder, number, first=0):
    """Write images that differ, and list them."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index in range(first, first + number):
        image = np.random.default_rng(index).integers(0, 256, (20 + index % 3, 30), np.uint8)
        image[0, 0] = 0
        paths.append(folder / f'image{index:03}.png')
        cv2.imwrite(str(paths[-1]), image)
    return {str(path): path.name for path in paths}
