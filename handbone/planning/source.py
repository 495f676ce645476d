"""The settings with which a config reads a labelled dataset of any format."""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from handbone.bones import CLASSES
from handbone.datasets.formats.catalogue import reader_class, recognise
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.format_options import check_options
from handbone.errors import HandboneError

#: Folders of the hand-bone layout below its root.
TRAIN, TEST = 'train', 'test'
IMAGES, ANNOTATIONS = 'DCM', 'outputs_json'


class Source(NamedTuple):
    """A labelled dataset.

    Attributes:
        settings: Dict of the dataset in a config, without split, folds and pipeline.
        test: What differs in the settings of its test images; None where there are none.
        notes: How it was recognised, in one sentence; what its reader guesses, the dataset tells.
    """

    settings: dict[str, Any]
    test: dict[str, Any] | None
    notes: tuple[str, ...]


def find_source(
    data: str | Path,
    source_format: str | None = None,
    images: str | Path | None = None,
    classes: Sequence[str] | None = None,
    patient_pattern: str | None = None,
    reader_options: Mapping[str, Any] | None = None,
    rename: Mapping[str, str] | None = None,
    skip: Collection[str] = (),
) -> Source:
    """Find out how a dataset is read.

    Args:
        data: File or folder of the labels, or the root of the hand-bone layout.
        source_format: Its format; None finds it out.
        images: Folder of the images; None takes where the format has them.
        classes: Class names in bit order; None takes those of the labels.
        patient_pattern: Regular expression that finds the patient in the name of an image.
        reader_options: Further arguments of the format's reader.
        rename: New name by the name in the labels; several may become one class.
        skip: Names in the labels that are left out.

    Returns:
        The settings.

    Raises:
        HandboneError: The format is not known or not valid, or there are no images.
    """
    data = Path(data)
    plain = images is None and not reader_options
    if plain and source_format in (None, 'hand-bone') and _is_hand_bone(data / TRAIN):
        return _hand_bone(data, ClassChoice(classes, rename or {}, skip), patient_pattern)
    notes = []
    if source_format is None:
        source_format, reason = recognise(data)
        notes.append(f'Read as {source_format}: {reason}.')
    options, choice = dict(reader_options or {}), ClassChoice(classes, rename or {}, skip)
    make_reader = reader_class(source_format)
    check_options(make_reader, source_format, options)
    reader = make_reader(data, images, choice, **options)
    folder = reader.image_folder
    if folder is None:
        raise HandboneError(
            f'{data}: there are no images beside the labels. Name their folder with --images.'
        )
    root = data if data.is_dir() else data.parent
    settings: dict[str, Any] = dict(
        type='FormatDataset',
        format=source_format,
        data_root=root.as_posix(),
        data_prefix=dict(
            img_path=Path(os.path.relpath(folder, root)).as_posix(),
            ann_path='' if data.is_dir() else data.name,
        ),
        metainfo=dict(classes=tuple(reader.classes)),
        **_choice(choice, patient_pattern),
    )
    if options:
        settings['reader_options'] = options
    return Source(settings, None, tuple(notes))


def _is_hand_bone(folder: Path) -> bool:
    return (folder / IMAGES).is_dir() and (folder / ANNOTATIONS).is_dir()


def _choice(choice: ClassChoice, patient_pattern: str | None) -> dict[str, Any]:
    """Write what a dataset needs to rename classes, leave some out and find patients."""
    settings: dict[str, Any] = {}
    if choice.rename:
        settings['rename'] = dict(choice.rename)
    if choice.skip:
        settings['skip_labels'] = tuple(choice.skip)
    if patient_pattern is not None:
        settings['patient_pattern'] = patient_pattern
    return settings


def _hand_bone(root: Path, choice: ClassChoice, patient_pattern: str | None) -> Source:
    """Take the whole layout, with its test images, which the format alone does not know."""
    reader = reader_class('hand-bone')(root / TRAIN, None, choice)
    prefixes = [
        dict(img_path=f'{split}/{IMAGES}', ann_path=f'{split}/{ANNOTATIONS}')
        for split in (TRAIN, TEST)
    ]
    settings: dict[str, Any] = dict(type='XRayHandBoneDataset', data_root=root.as_posix())
    other = bool(choice.rename) or patient_pattern is not None  # which it does not do itself
    if other:
        settings.update(type='FormatDataset', format='hand-bone', data_prefix=prefixes[0])
    if other or tuple(reader.classes) != CLASSES:
        settings['metainfo'] = dict(classes=tuple(reader.classes))
    settings |= _choice(choice, patient_pattern)
    test = None
    if _is_hand_bone(root / TEST):
        test = dict(data_prefix=prefixes[1], test_mode=True)
    return Source(settings, test, ('Read as hand-bone: it has train/DCM and train/outputs_json.',))
