"""A model that needs no network: it marks what is bright."""

import numpy as np
import torch


class StubPredictor:
    """Class 0 above grey value 100, class 1 above 200; counts the images of each call."""

    classes = ('bright', 'very bright')
    palette = ((255, 0, 0), (0, 255, 0))
    thresholds = (0.5, 0.5)
    window = 'file'
    device = torch.device('cpu')

    def __init__(self, model_hash='stub'):
        self.model_hash = model_hash
        self.calls = []

    def predict(self, images):
        self.calls.append(len(images))
        return [
            (image > 100).astype(np.int32) | ((image > 200).astype(np.int32) << 1)
            for image in images
        ]


class FailingPredictor(StubPredictor):
    """Raises an error at each image with a grey value of 7."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def predict(self, images):
        labels = super().predict(images)
        if any((image == 7).any() for image in images):
            raise self.error
        return labels
