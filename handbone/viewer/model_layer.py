"""The masks of a model that predicts while the viewer runs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from handbone.datasets.formats.annotated_image import AnnotatedImage
from handbone.errors import HandboneError
from handbone.listing import normal_forms

from .layers import PredictionLayer
from .model_process import Answer, Model, ModelEndedError, ModelProcess
from .sentences import Sentence, sentence_of


class ModelLayer(PredictionLayer):
    """Masks that appear image by image; see :class:`handbone.viewer.layers.Layer`.

    Args:
        model: The model.
        name: What the page calls it.
        classes: Its classes.
    """

    def __init__(self, model: Model, name: str, classes: Sequence[str]) -> None:
        super().__init__(model.path, name, normal_forms(classes))
        self._own = self.classes
        self._process = ModelProcess(model)
        self._answers: dict[int, Answer] = {}
        self._failure = ''

    def start(self) -> None:
        """Read the model in the background."""
        self._process.start()

    def has(self, name: str) -> bool:
        """Say that an image is here, or will be."""
        return True

    def pending(self, index: int) -> bool:
        """Tell whether the masks of an image are still to come.

        Args:
            index: Number of the image.

        Returns:
            False if they are here, or will never be.
        """
        return not self._failure and index not in self._answers

    def predict(self, index: int, path: Path | None) -> None:
        """Predict an image, and keep what the model says of it for :meth:`runs`.

        Args:
            index: Number of the image.
            path: Its file, None if it is not known.
        """
        if path is None:
            self._answers[index] = Answer(
                [],
                error=Sentence(
                    'said_nothing_to_predict',
                    '{path}: there is no file of this image to predict.',
                    path=self.path,
                ),
            )
            return
        try:
            self._answers[index] = self._process.predict(path)
        except ModelEndedError as error:
            self._failure = sentence_of(error)

    def runs(self, index: int, image: AnnotatedImage) -> list[np.ndarray] | None:
        """Give the masks of an image as soon as they are there; see the base class."""
        answer = self._answers.get(index)
        if answer is None and self._failure:
            raise HandboneError(self._failure)
        if answer is None:
            return None
        if answer.error:
            raise HandboneError(answer.error)
        if answer.size != (image.height, image.width):
            height, width = answer.size
            raise HandboneError(
                Sentence(
                    'said_other_size',
                    '{path}: the model sees {name} with {seen} pixels, the labels are for '
                    '{labelled}.',
                    path=self.path,
                    name=image.name,
                    seen=f'{width} x {height}',
                    labelled=f'{image.width} x {image.height}',
                )
            )
        found = dict(zip(self._own, answer.runs, strict=True))
        nothing = np.zeros((0, 2), np.int64)
        return [found.get(name, nothing).astype(np.int64) for name in normal_forms(self.classes)]

    def close(self) -> None:
        """End the process of the model."""
        self._process.close()
