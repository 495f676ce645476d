"""What every model does at inference, whatever runs it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch

from handbone.evaluation.logit_summary import LogitSummary
from handbone.radiographs import (
    Radiograph,
    check_colors,
    check_grey_values,
    read_photograph,
    read_radiograph,
)
from handbone.radiographs.window import Window
from handbone.sections.section_overview import read_overview

#: Images that a network gets at once unless the caller says, by type of device; 1 on others.
BATCH_SIZES = {'cuda': 8}


@runtime_checkable
class Predictor(Protocol):
    """Goes from grey values to packed labels.

    Whoever reads the images takes the predictor's ``window``, and gives it as many at a time as
    :func:`default_batch_size` says for its ``device``.
    """

    @property
    def classes(self) -> tuple[str, ...]:
        """Names in class order."""

    @property
    def palette(self) -> tuple[tuple[int, int, int], ...]:
        """RGB colours, 0 to 255, one per class."""

    @property
    def thresholds(self) -> tuple[float, ...]:
        """Probability above which a class is present, one per class."""

    @property
    def model_hash(self) -> str:
        """SHA-256 of what decides about the labels, in hexadecimal digits."""

    @property
    def window(self) -> Window:
        """Window by which files of more than 8 bits are to be read."""

    @property
    def device(self) -> torch.device:
        """Where it computes."""

    def predict(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Predict packed labels.

        Args:
            images: Grey values (H, W) of any sizes, uint8 or float from 0 to 255, as
                :func:`handbone.radiographs.check_grey_values` takes them.

        Returns:
            Packed maps, int32, (H, W), or (H, W, P) for more than 31 classes, each at the size of
            its image.

        Raises:
            HandboneError: If an image does not have such values.
        """
        ...


class Labelled(NamedTuple):
    """What a predictor says of an image.

    Attributes:
        labels: Packed map, as :meth:`Predictor.predict` returns it.
        summary: How sure it is of each class; None if it was not asked to tell.
    """

    labels: np.ndarray
    summary: LogitSummary | None = None


@runtime_checkable
class Summarises(Protocol):
    """A predictor that can tell how sure it is of each class."""

    @property
    def summarises(self) -> bool:
        """Whether it was asked to."""

    def predict_summarised(self, images: Sequence[np.ndarray]) -> list[Labelled]:
        """Predict as :meth:`Predictor.predict` does, and tell how sure it is."""


def sees_colors(predictor: Predictor) -> bool:
    """Tell whether a predictor takes colours, by its attribute ``color``, which few have.

    Args:
        predictor: The predictor.

    Returns:
        True if it takes blue, green and red (H, W, 3) beside grey values.
    """
    return bool(getattr(predictor, 'color', False))


def check_image(predictor: Predictor, image: Any, place: str) -> np.ndarray:
    """Check an image in memory for a predictor.

    Args:
        predictor: The predictor.
        image: The image, as the functions of :mod:`handbone.radiographs` take it.
        place: Which image it is, for messages.

    Returns:
        Grey values (H, W), or blue, green and red (H, W, 3) if the predictor sees colours.

    Raises:
        HandboneError: If it is not such an image.
    """
    check = check_colors if sees_colors(predictor) else check_grey_values
    return check(image, place)


def read_file(predictor: Predictor, path: Path) -> Radiograph:
    """Read a file for a predictor.

    Args:
        predictor: The predictor.
        path: The file.

    Returns:
        The image, in the predictor's window; in colours if it sees these, and the overview of a
        section if its attribute ``reads_sections`` says that it reads the files by itself.

    Raises:
        RadiographError: The file cannot be used.
    """
    if getattr(predictor, 'reads_sections', False):
        return read_overview(path)
    read = read_photograph if sees_colors(predictor) else read_radiograph
    return read(path, predictor.window)


def predict_labelled(predictor: Predictor, images: Sequence[np.ndarray]) -> list[Labelled]:
    """Predict images with all that a predictor tells of them.

    Args:
        predictor: The predictor.
        images: As for :meth:`Predictor.predict`.

    Returns:
        Labels and summaries.
    """
    if isinstance(predictor, Summarises) and predictor.summarises:
        return predictor.predict_summarised(images)
    return [Labelled(labels) for labels in predictor.predict(images)]


def default_batch_size(device: torch.device | str) -> int:
    """Tell how many images a network gets at once unless the caller says.

    Args:
        device: Where it computes.

    Returns:
        8 on GPUs, 1 elsewhere.
    """
    return BATCH_SIZES.get(torch.device(device).type, 1)
