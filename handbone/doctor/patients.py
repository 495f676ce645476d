"""Whose the images are: their folder, unless it holds all of them, or what a pattern finds."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from handbone.datasets.file_list import image_file
from handbone.datasets.patient_pattern import PatientPattern
from handbone.errors import HandboneError, counted, listed, shown
from handbone.listing import normal_form

from .survey import Survey


def with_patients(
    survey: Survey, pattern: PatientPattern | None, known: Collection[str] = ()
) -> tuple[Survey, tuple[str, ...]]:
    """Find the patient of each image.

    A folder that holds all images of a part of the data, such as ``images``, is no patient if that
    is so in each part. An image without patient counts as one of its own, also where an image of
    another part has the same name, unless a folder or the table says that this is a patient.

    Args:
        survey: The measurements.
        pattern: Finds the patient in the name of an image; None takes its folder.
        known: Patients of a table, in the normal form of names, who may be such folders all the
            same.

    Returns:
        The measurements with the patients, and a sentence where images have none.

    Raises:
        HandboneError: The pattern finds no patient in any name.
    """
    names = [record.name for record in survey.records]
    if pattern is None:
        depth = _common_folders(survey, known)
        found = [_below(name, depth) for name in names]
        alone = [len(PurePosixPath(name).parts) <= depth + 1 for name in names]
        note = 'no image lies in the folder of a patient'
        without = names if all(alone) else []
    else:
        found = [pattern.find(name) or '' for name in names]
        alone = [not patient for patient in found]
        without = [name for name, patient in zip(names, found, strict=True) if not patient]
        note = (
            f'--patient-pattern finds no patient in the names of {counted(len(without), "image")} '
        )
        note += f'({listed(without)})'
        if names and len(without) == len(names):
            raise HandboneError(
                f'--patient-pattern {shown(pattern.pattern)} finds no patient in the name of any '
                f'image ({listed(names)}). Correct the pattern.'
            )
        found = [
            patient or image_file(PurePosixPath(name)).key
            for name, patient in zip(names, found, strict=True)
        ]
    patients = _apart(survey, found, alone, known)
    records = tuple(
        replace(record, patient=patient)
        for record, patient in zip(survey.records, patients, strict=True)
    )
    notes = (f'{note}: each of them counts as a patient of its own',) if len(without) > 1 else ()
    if notes and pattern is None:
        notes = (f'{notes[0]}. --patient-pattern finds patients in names',)
    return replace(survey, records=records), notes


def _apart(
    survey: Survey, patients: Sequence[str], alone: Sequence[bool], known: Collection[str]
) -> list[str]:
    """Put the part in front of the names of images that stand for a patient in several parts."""
    told = {patient for patient, own in zip(patients, alone, strict=True) if not own}.union(known)
    splits: dict[str, set[str]] = defaultdict(set)
    for record, patient in zip(survey.records, patients, strict=True):
        splits[patient].add(record.split)
    return [
        f'{record.split}/{patient}'
        if own and patient not in told and len(splits[patient]) > 1
        else patient
        for record, patient, own in zip(survey.records, patients, alone, strict=True)
    ]


def _common_folders(survey: Survey, known: Collection[str]) -> int:
    """Count the folders, from the outermost one, that hold all images of each part."""
    parts: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for record in survey.records:
        parts[record.split].append(PurePosixPath(normal_form(record.name)).parts[:-1])
    depth = 0
    # images that lie in no folder at all say nothing
    levels = [folders for folders in parts.values() if any(folders)]
    while levels and all(
        min(map(len, folders)) > depth
        and len({each[depth] for each in folders}) == 1
        and folders[0][depth] not in known
        for folders in levels
    ):
        depth += 1
    return depth


def _below(name: str, depth: int) -> str:
    """Name the patient by the folder below some folders; by the stem where there is none."""
    parts = PurePosixPath(name).parts
    return image_file(PurePosixPath(*parts[min(depth, len(parts) - 1) :])).patient
