"""What every check sees: the measurements, and what was learnt from all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from handbone.bones import FINGERS, RAYS, bone_names
from handbone.metadata.patient_table import PatientTable

from .alignment import FEWEST_CLASSES, Aligned, align_images
from .exchanged_chains import put_right
from .judged_shape import JudgedShape, judge_shapes
from .shape_learning import learn_shape
from .shape_model import ShapeModel
from .survey import Survey

#: With so many classes, any two of them are tried in exchange.
FEW_CLASSES = 12
#: Classes have places of their own if they vary by less than this share of the variance between
#: these: 0.005 in chests, 0.006 to 0.02 in hands, 0.24 and more in things that lie anywhere.
MOST_WANDERING = 0.15


@dataclass(frozen=True)
class Examined:
    """The data as the checks see them.

    Attributes:
        survey: The measurements.
        aligned: The classes of all images in one frame; None if no image shows enough classes, or
            if classes lie anywhere.
        model: Where classes are expected; None if there are too few images, or if classes lie
            anywhere.
        shapes: What it says about the images.
        notes: Which checks could not be made, and why.
        patients: What is known of the patients.
        anywhere: Whether the same class lies at other places in other images.
    """

    survey: Survey
    aligned: Aligned | None
    model: ShapeModel | None
    shapes: tuple[JudgedShape, ...]
    notes: tuple[str, ...]
    patients: PatientTable | None = None
    anywhere: bool = False


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
            'classes each in different places, of which 3 are in half of the images'
        )
        return Examined(survey, aligned, None, (), (*_empty(survey), note), patients)
    if model.wandering > MOST_WANDERING:
        note = (
            'places, sizes and overlaps of classes were not compared: the same class lies at other '
            'places in other images'
        )
        return Examined(survey, None, None, (), (*_empty(survey), note), patients, anywhere=True)
    notes = (*_empty(survey), *_not_aligned(survey, aligned))
    aligned, exchanged = put_right(survey, aligned, model, _chains(survey.classes))
    shapes = tuple(judge_shapes(model, aligned, exchanged))
    return Examined(survey, aligned, model, shapes, notes, patients)


def _empty(survey: Survey) -> tuple[str, ...]:
    """Say that images without labels are no finding where there are many."""
    if not survey.empty_is_usual:
        return ()
    count, number = survey.empty.sum(), survey.known.any(axis=1).sum()
    return (f'{count} of {number} images have no labels: too many to report each of them',)


def _not_aligned(survey: Survey, aligned: Aligned) -> tuple[str, ...]:
    """Say how many images have classes enough, but too few that the others have."""
    enough = survey.present.sum(axis=1) >= FEWEST_CLASSES
    left = int((enough & ~np.isfinite(aligned.scales)).sum())
    if not left:
        return ()
    return (
        f'places and sizes of classes were not compared in {left} of {enough.sum()} images: they '
        f'share fewer than {FEWEST_CLASSES} classes with the others, or have them all in one place',
    )


def _chains(classes: Sequence[str]) -> list[list[int]]:
    """List classes whose names may be exchanged with each other, by their indices.

    Fingers with four bones are exchanged as a whole. Among few classes, two with exchanged names
    are doubted together with sound ones, so each class is tried.
    """
    names = bone_names(classes)
    if set(FINGERS) <= set(names):
        rays = [[names.index(name) for name in ray] for ray in RAYS.values()]
        return [ray for ray in rays if len(ray) == 4]
    return [[index] for index in range(len(classes))] if len(classes) <= FEW_CLASSES else []
