"""Predicts with an exported file, without a config or a checkpoint."""

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from handbone.errors import HandboneError, check_word
from handbone.masks import (
    Patch,
    blended_to_packed,
    compose,
    joined_labels,
    logits_to_packed,
    placed_to_packed,
    planes_last,
    scaling,
)
from handbone.radiographs import (
    check_colors,
    check_grey_values,
)

from .description import Description
from .regions_alone import each_region_alone
from .sessions import LABELS, LOGITS, PLACE, SEEN, Output, Session, look_name, open_session


def open_exported(
    path: str | Path,
    device: str | None = None,
    thresholds: Sequence[float] | None = None,
    threads: int | None = None,
    packing: str = 'boxes',
    classes: Sequence[str] | None = None,
) -> 'ExportedPredictor':
    """Open a file of ``handbone export``.

    Args:
        path: ``.onnx``, run by ONNX Runtime, or ``.xml`` with its ``.bin``, run by OpenVINO.
        device: Where to run it, see :func:`handbone.export.sessions.open_session`.
        thresholds: Probability above which a class is present, one per class, in place of the
            file's; needs ``packing='boxes'``.
        threads: Threads on the CPU; the runtime decides by default.
        packing: ``boxes`` takes the logits and upsamples each class within its box, which is
            faster; ``graph`` takes the labels that the graph packs.
        classes: Names that the file must have, in order; any by default.

    Returns:
        The predictor.

    Raises:
        FileNotFoundError: If the file is missing.
        HandboneError: If it is damaged, was not exported here or is for other classes, or the
            thresholds do not fit.
        MissingExtraError: If the runtime is not installed.
    """
    path = Path(path)
    outputs: dict[str, Output] = dict(boxes='logits', graph='labels')
    check_word('packing', packing, outputs)
    if packing == 'graph' and thresholds is not None:
        raise HandboneError(f"{path}: the thresholds in the graph are fixed; use packing='boxes'")
    session = open_session(path, outputs[packing], device, threads)
    description = Description.from_texts(session.texts, path)
    if classes is not None:
        description.check_classes(classes, path)
    if thresholds is not None:
        description = description.with_thresholds(thresholds, path)
    return ExportedPredictor(session, description, packed=packing == 'graph')


class ExportedPredictor:
    """A :class:`handbone.inference.Predictor` on ONNX Runtime or OpenVINO.

    Args:
        session: The opened file.
        description: What it says of itself, with the thresholds to use.
        packed: Whether the session gives labels instead of logits.

    Attributes:
        classes: Names in class order.
        palette: RGB colours, 0 to 255, one per class.
        thresholds: Probability above which a class is present, one per class.
        exclusive: Whether a pixel has at most one class.
        model_hash: SHA-256 of the exported graph, its weights and its description.
        preprocessing: What happens to an image before the graph.
        window: Window by which files of more than 8 bits are to be read.
        color: Whether the model sees colours.
        device: Where it runs.
    """

    def __init__(self, session: Session, description: Description, packed: bool) -> None:
        self.classes = description.classes
        self.palette = description.palette
        self.thresholds = description.thresholds
        self.exclusive = description.exclusive
        self.model_hash = description.model_hash
        self.preprocessing = description.preprocessing
        self.window = description.preprocessing.window
        self.device = torch.device(session.device)
        self.color = description.preprocessing.color
        self._session = session
        self._packed = packed

    def predict(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Predict packed labels; images of one size go through the network together.

        Args:
            images: Grey values (H, W) of any sizes, uint8 or float from 0 to 255; if the model
                sees colours, also blue, green and red (H, W, 3) of these types.

        Returns:
            Packed maps, int32, (H, W), or (H, W, P) for more than 31 classes, each at the size of
            its image.

        Raises:
            HandboneError: If an image does not have such values.
        """
        check = check_colors if self.color else check_grey_values
        images = [check(each, f'image {index}') for index, each in enumerate(images)]
        together = defaultdict(list)
        for index, image in enumerate(images):
            together[image.shape[:2]].append(index)
        labels: dict[int, np.ndarray] = {}
        for size, indices in together.items():
            batch = np.stack([self.preprocessing.prepare(images[index]) for index in indices])
            predicted = self._predict_batch(batch, size)
            for index, packed in zip(indices, predicted, strict=True):
                labels[index] = packed
        return [labels[index] for index in range(len(images))]

    def _predict_batch(self, batch: np.ndarray, size: tuple[int, int]) -> list[np.ndarray]:
        """Predict prepared images (N, 1 or 3, H, W) that had one size before."""
        outputs = self._run(batch, size)
        maps = self._maps(outputs, batch, size)
        for number, seen in enumerate(outputs.get(SEEN, ())):
            alone = each_region_alone(batch[number], seen)
            if len(alone):
                of_each = self._maps(self._run(alone, size), alone, size)
                maps[number] = joined_labels(of_each, self.exclusive)
        return [planes_last(packed) for packed in maps]

    def _run(self, batch: np.ndarray, size: tuple[int, int]) -> dict[str, np.ndarray]:
        """Run the graph on prepared images."""
        content = self.preprocessing.content(*size)
        inputs = dict(images=batch, content=np.array(content, np.int64))
        if self._packed:
            inputs['size'] = np.array(size, np.int64)
        return self._session.run_all(inputs)

    def _maps(
        self, outputs: Mapping[str, np.ndarray], batch: np.ndarray, size: tuple[int, int]
    ) -> list[torch.Tensor]:
        """Make packed labels (P, H, W) from the outputs of the graph."""
        if self._packed:
            return list(torch.from_numpy(outputs[LABELS]))
        content = self.preprocessing.content(*size)
        logits = torch.from_numpy(outputs[LOGITS])
        resized = scaling(content[1] / size[1], content[0] / size[0])
        part = tuple(
            low * shown / padded
            for low, shown, padded in zip(logits.shape[2:], content, batch.shape[2:], strict=True)
        )
        maps: list[torch.Tensor] = []
        for number, each in enumerate(logits):
            place = None
            if PLACE in outputs:
                place = compose(outputs[PLACE][number].astype(np.float64), resized)
            patches = closer_views(outputs, number, resized)
            shown = part if place is None else None
            decision = self.thresholds, shown, self.exclusive
            if patches:
                packed = blended_to_packed(each, place, size, patches, *decision)
            elif place is not None:
                packed = placed_to_packed(each, place, size, *decision)
            else:
                packed = logits_to_packed(each, size, *decision)
            maps.append(packed)
        return maps


def closer_views(
    outputs: Mapping[str, np.ndarray], number: int, resized: np.ndarray
) -> list[Patch]:
    """Take the views of a second look that decide anything in an image.

    Args:
        outputs: Of a graph that ends in logits, by name.
        number: Number of the image in the batch.
        resized: Matrix from the original image to the images of the graph.

    Returns:
        The views, in the order in which they are blended; none for another graph.
    """
    patches: list[Patch] = []
    for look in itertools.count():
        if look_name(look, 'edges') not in outputs:
            return patches
        views = (outputs[look_name(look, part)][number] for part in ('logits', 'place', 'edges'))
        for logits, place, edges in zip(*views, strict=True):
            classes = np.flatnonzero(edges >= 0).tolist()
            if classes:
                matrix = compose(place.astype(np.float64), resized)
                edge = float(edges[classes[0]])
                patches.append(Patch(torch.from_numpy(logits), matrix, tuple(classes), edge))
    return patches
