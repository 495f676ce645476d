"""Predicts batches of images of several sizes without padding them to a common size."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor


def predict_by_shape(predict: Callable[[Any], list], data: Any) -> list:
    """Predict the images of each shape as a separate batch.

    Each image then gets the prediction that it would get alone: padding to the size of the largest
    image would change what the network sees at the borders.

    Args:
        predict: Takes ``inputs`` and ``data_samples`` of a batch and returns one result per image.
        data: What the data loader gives: ``inputs``, images (channels, H, W) or, with views of the
            pipeline, one list of images per view; and ``data_samples`` in the same order.

    Returns:
        One result per image, in the order of the batch.
    """
    inputs = data.get('inputs') if isinstance(data, Mapping) else None
    if not isinstance(inputs, (list, tuple)) or not inputs:
        return predict(data)
    views = [inputs] if isinstance(inputs[0], Tensor) else list(inputs)
    groups: dict[tuple, list[int]] = {}
    for index, images in enumerate(zip(*views, strict=True)):
        groups.setdefault(tuple(tuple(image.shape) for image in images), []).append(index)
    if len(groups) == 1:
        return predict(data)
    results: list[Any] = [None] * len(views[0])
    for indices in groups.values():
        part = {key: _chosen(values, indices, inputs) for key, values in data.items()}
        for index, result in zip(indices, predict(part), strict=True):
            results[index] = result
    return results


def _chosen(values: Any, indices: list[int], inputs: Any) -> list:
    if isinstance(inputs[0], Tensor):
        return [values[index] for index in indices]
    return [[view[index] for index in indices] for view in values]
