"""What every check sees: the measurements, and what was learnt from all of them."""

from dataclasses import dataclass

from handbone.metadata.patient_table import PatientTable

from .alignment import Aligned, align_images
from .judged_shape import JudgedShape, judge_shapes
from .shape_learning import learn_shape
from .shape_model import ShapeModel
from .survey import Survey


@dataclass(frozen=True)
class Examined:
    """The data as the checks see them.

    Attributes:
        survey: The measurements.
        aligned: The classes of all images in one frame; None if no image shows enough classes.
        model: Where classes are expected; None if there are too few images.
        shapes: What it says about the images.
        notes: Which checks could not be made, and why.
        patients: What is known of the patients.
    """

    survey: Survey
    aligned: Aligned | None
    model: ShapeModel | None
    shapes: tuple[JudgedShape, ...]
    notes: tuple[str, ...]
    patients: PatientTable | None = None


def examine(survey: Survey, patients: PatientTable | None = None) -> Examined:
    """Learn from all images what is usual.

    Args:
        survey: The measurements.
        patients: What is known of the patients.

    Returns:
        Measurements and what was learnt.
    """
    aligned = align_images(survey)
    model = learn_shape(aligned.features, aligned.whole) if aligned else None
    if aligned is None or model is None:
        note = (
            'places and sizes of classes were not compared: that takes 20 images with at least 4 '
            'classes each, of which 3 are in half of the images'
        )
        return Examined(survey, aligned, None, (), (note,), patients)
    shapes = tuple(judge_shapes(model, aligned))
    return Examined(survey, aligned, model, shapes, (), patients)
