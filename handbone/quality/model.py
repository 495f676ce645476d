"""A linear model from signs to Dice, and its file."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from handbone.errors import HandboneError, shown
from handbone.files import write_atomically
from handbone.json_files import without_nan
from handbone.listing import normal_forms
from handbone.structure import Fields, check_structure, parse_json

from .features import FEATURES, features_of, has_mask
from .signs import SIGNS

FORMAT = 'handbone quality 1'
STRUCTURE = Fields(
    dict(
        format=str,
        classes=[str],
        signs=[str],
        features=[str],
        centres=[[float]],
        scales=[[float]],
        offsets=[float],
        weights=[float],
        absent=[float],
    ),
    dict(agreement=bool, held_out=({str: object}, None)),
)
#: Added to 1 - Dice before the logarithm, so that perfect masks have one.
LEAST_ERROR = 0.005


@dataclass(frozen=True)
class QualityModel:
    """Predicts the Dice of each class of an image from its signs.

    The logarithm of 1 - Dice is an offset of the class and a weighted sum of features, each
    standardised within its class. It is stored as numbers in JSON, and nothing is unpickled.

    Attributes:
        classes: Names in class order.
        centres: Mean of each feature in each class, float64 (C, F).
        scales: Its standard deviation, the same.
        offsets: Mean logarithm of the error of each class, (C,).
        weights: Weight of each feature, (F,).
        absent: Dice of a class where the network finds no mask, (C,).
        agreement: Whether it learnt from views or members that agree or not.
        held_out: What it reaches on patients that it has not seen, for the file, which has null for
            NaN.
    """

    classes: tuple[str, ...]
    centres: np.ndarray
    scales: np.ndarray
    offsets: np.ndarray
    weights: np.ndarray
    absent: np.ndarray
    agreement: bool = False
    held_out: Mapping[str, Any] = field(default_factory=dict)

    def predict(self, signs: np.ndarray) -> np.ndarray:
        """Predict the Dice of images.

        Args:
            signs: (N, C, len(SIGNS)), as :meth:`Signs.matrix` gives them for one image.

        Returns:
            Float64 (N, C), from 0 to 1.

        Raises:
            HandboneError: If the model learnt from the agreement of views, and there is none.
        """
        there = has_mask(signs)
        without = np.isnan(signs[..., SIGNS.index('agreement')]) & there
        if self.agreement and without.any():
            raise HandboneError(
                'the quality model has learnt from augmented views, and there is one view here: '
                'add --tta, or learn it from predictions without'
            )
        features = features_of(signs, self.centres, self.scales)
        error = np.exp(self.offsets + features @ self.weights) - LEAST_ERROR
        return np.where(there, np.clip(1 - error, 0, 1), self.absent)

    def check_classes(self, classes: Sequence[str], place: str) -> None:
        """Refuse a model of other classes.

        Args:
            classes: Names in class order.
            place: What has these classes, for the message.

        Raises:
            HandboneError: If they are not the same in the same order.
        """
        if normal_forms(self.classes) != normal_forms(classes):
            raise HandboneError(
                f'the quality model was learnt for other classes than those of {place}: learn one '
                'with `handbone learn-quality`'
            )

    def __str__(self) -> str:
        """Name the model by its content."""
        return hashlib.sha256(_content(self)).hexdigest()[:12]


def write_quality_model(path: str | Path, model: QualityModel) -> None:
    """Write a model, whole or not at all.

    Args:
        path: The JSON file.
        model: The model.

    Raises:
        OSError: If the file cannot be written.
    """
    write_atomically(path, _content(model))


def read_quality_model(path: str | Path) -> QualityModel:
    """Read a model.

    Args:
        path: A file of :func:`write_quality_model`.

    Returns:
        The model.

    Raises:
        FileNotFoundError: If there is no such file.
        HandboneError: If it is not such a file.
    """
    path = Path(path)
    try:
        content = parse_json(path.read_bytes(), str(path))
        check_structure(content, STRUCTURE, str(path))
        if content['format'] != FORMAT:
            raise HandboneError(f'{path}: its format is {shown(content["format"])}')
        if tuple(content['signs']) != SIGNS or tuple(content['features']) != FEATURES:
            raise HandboneError(f'{path}: it was learnt from other signs than there are now')
        return _checked(content, path)
    except HandboneError as error:
        raise HandboneError(
            f'{error}, so it is not a model of quality: give one of `handbone learn-quality`'
        ) from error


def _checked(content: dict, path: Path) -> QualityModel:
    classes, number = len(content['classes']), len(FEATURES)
    shapes = dict(
        centres=(classes, number),
        scales=(classes, number),
        offsets=(classes,),
        weights=(number,),
        absent=(classes,),
    )
    arrays = {}
    for name, shape in shapes.items():
        try:
            arrays[name] = np.array(content[name], np.float64)
        except ValueError:  # rows of different lengths
            arrays[name] = np.empty(0)
        if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
            raise HandboneError(f'{path}: {name} are not {" x ".join(map(str, shape))} numbers')
    if (arrays['scales'] <= 0).any():
        raise HandboneError(f'{path}: a scale is not above 0')
    return QualityModel(
        classes=tuple(content['classes']),
        **arrays,
        agreement=content.get('agreement', False),
        held_out={
            name: math.nan if value is None else value
            for name, value in (content.get('held_out') or {}).items()
        },
    )


def _content(model: QualityModel) -> bytes:
    content = {
        'format': FORMAT,
        'classes': list(model.classes),
        'signs': list(SIGNS),
        'features': list(FEATURES),
        'agreement': model.agreement,
        'held_out': without_nan(model.held_out),
        'weights': model.weights.tolist(),
        'offsets': model.offsets.tolist(),
        'absent': model.absent.tolist(),
        'centres': model.centres.tolist(),
        'scales': model.scales.tolist(),
    }
    return (json.dumps(content, indent=1, ensure_ascii=False) + '\n').encode(
        errors='surrogateescape'
    )
