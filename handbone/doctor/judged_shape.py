"""Which classes of an image are not where the others say, and whose place they have."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from handbone.progress import progress_bar

from .alignment import Aligned
from .renaming import renamed_classes
from .shape_model import FEWEST_BELIEVED, Expectation, ShapeModel

#: Distances, in standard deviations, from which a place and a size are not believed.
UNUSUAL = np.array([7.0, 6.5])


@dataclass(frozen=True)
class JudgedShape:
    """What the shape model says about one image.

    Attributes:
        row: Its number in the survey.
        believed: (C,) bool, classes that agree with each other.
        expectation: What they say about all classes.
        distances: (C, 2), of place and size, in standard deviations; NaN for a class without
            features.
        renamed: By class index, the class in whose place it lies.
    """

    row: int
    believed: np.ndarray
    expectation: Expectation
    distances: np.ndarray
    renamed: dict[int, int]


def judge_shapes(
    model: ShapeModel, aligned: Aligned, exchanged: Mapping[int, Mapping[int, int]]
) -> Iterator[JudgedShape]:
    """Judge all images that are aligned.

    Args:
        model: The model.
        aligned: Features of the images.
        exchanged: Names that were put right in them: by row and class index, the class in whose
            place it lies.

    Yields:
        One judgement per image with enough classes.
    """
    for row, features in enumerate(progress_bar(aligned.features, 'Judging places')):
        if (aligned.whole[row] & model.modelled).sum() < FEWEST_BELIEVED:
            continue
        values = model.standardise(features)
        believed = model.believed(values, aligned.whole[row], UNUSUAL)
        expectation = model.expect(values, believed)
        distances = model.distances(expectation)
        renamed = renamed_classes(model, values, believed, expectation)
        renamed |= exchanged.get(row, {})
        yield JudgedShape(row, believed, expectation, distances, renamed)
