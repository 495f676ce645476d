"""Labels by models for images that nobody has labelled."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from handbone.bones import CLASSES
from handbone.configuration.config_file import CONFIG_SUFFIXES, read_config_file
from handbone.configuration.known_settings import name_of
from handbone.datasets.named_files import NamedFiles
from handbone.errors import HandboneError, counted, listed
from handbone.folder_lock import locked_folder
from handbone.inference import ImageSources
from handbone.inference.run import check_apart
from handbone.listing import normal_forms
from handbone.progress import progress_bar
from handbone.pseudo_labels import (
    DECISIONS,
    Gate,
    Members,
    PseudoLabelFolder,
    Settings,
    check_no_leak,
    training_patients,
)
from handbone.radiographs.reading import SUFFIXES as IMAGE_SUFFIXES
from handbone.submissions import submission_classes

from .opinions import Opinions, model_opinions, starter_opinions

#: Confidence below which a class is unknown, unless the caller says.
GATE = 0.9


@dataclass(frozen=True)
class PseudoLabels:
    """What was labelled.

    Attributes:
        folder: The folder of the labels.
        images: Number of images that have labels.
        left_out: Names of images without any class that is sure enough.
        missing: Names of images that could not be predicted, or that a CSV lacks.
        decisions: Number of classes of images by decision.
        notes: What could not be checked.
    """

    folder: Path
    images: int
    left_out: tuple[str, ...]
    missing: tuple[str, ...]
    decisions: dict[str, int]
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """Say it in a few lines."""
        kept, unknown, _ = (self.decisions.get(name, 0) for name in DECISIONS)
        lines = [
            *self.notes,
            f'{counted(self.images, "image has", "images have")} labels: {counted(kept, "class")} '
            f'kept, {unknown} unknown: {self.folder}',
        ]
        if self.left_out:
            lines.append(
                f'{counted(len(self.left_out), "image is", "images are")} left out, because no '
                f'class is sure: {listed(self.left_out)}'
            )
        if self.missing:
            lines.append(
                f'{counted(len(self.missing), "image is", "images are")} left out, because not '
                f'all models have labels for them: {listed(self.missing)}'
            )
        return '\n'.join(lines)


def pseudo_label(
    images: str | Path,
    out_dir: str | Path,
    models: Sequence[tuple[str, str | None]] = (),
    submissions: Sequence[str | Path] = (),
    *,
    confidence: str | None = None,
    gate: float = GATE,
    absent: str = 'unknown',
    training: Sequence[str | Path] = (),
    classes: Sequence[str] | None = None,
    restart: bool = False,
    batch_size: int | None = None,
    workers: int = 2,
    **options: Any,
) -> PseudoLabels:
    """Label images by models, as annotations to train on.

    Several opinions about each image are compared: those of several models or CSV files, or those
    of one model in several views or at several thresholds. The label of a class is what most
    opinions have, the first one decides ties, and its confidence is the mean Dice of all pairs of
    opinions. What is below the gate is unknown in that image, so that a training learns nothing
    about it there. After an interruption the same call continues; with another gate it decides
    anew, without predicting again.

    >>> pseudo_label('data/phantom/test/DCM', 'work_dirs/pseudo', gate=0.9).images
    60

    Args:
        images: Folder of the images, one folder per patient in it.
        out_dir: Folder of the labels; see :mod:`handbone.pseudo_labels.folder`.
        models: Config and checkpoint of each model, or an exported file and None. Without models
            and submissions, the weights that come with the package.
        submissions: CSV files of masks of these images.
        confidence: Where the opinions of a single model come from: ``'views'``, those of its
            config; or ``'margin'``, its thresholds, lower and higher ones. Default: views if it has
            any.
        gate: Least confidence of a class that is kept, from 0 to 1.
        absent: What it means that no opinion has a class: that it is ``'unknown'``, or ``'known'``
            not to be there.
        training: Configs, or folders of data, whose patients may not be among the images: those of
            the training and those held out to judge it. Default: the configs of the models.
        classes: Class names in order, for CSV files alone. Default: the bones of the hand where
            those of the CSV are these, else those of the CSV.
        restart: Start over, whatever the folder holds of other models.
        batch_size: Images that a network gets at once; by default 1 on CPUs, 8 on GPUs.
        workers: Threads that read images.
        **options: ``device``, ``precision``, ``thresholds``, ``postprocess`` and ``cfg_options`` of
            :func:`handbone.inference.open_predictor`.

    Returns:
        What was labelled.

    Raises:
        FileNotFoundError: If a file or folder does not exist.
        HandboneError: If images are of patients of the training, CSV files do not fit the images or
            each other, nothing is sure, the folder holds something else, or a number is out of
            range.
        OSError: If something cannot be written; the same call continues later.
    """
    images, out = Path(images), Path(out_dir)
    decides = Gate(gate, absent)
    if not images.is_dir():
        raise FileNotFoundError(f'{images}: there is no such folder of images')
    found = NamedFiles(images, IMAGE_SUFFIXES)
    check_apart(ImageSources([images]), out)
    opinions = _opinions(models, submissions, confidence, options)
    names = (*map(str, submissions), *opinions.names)
    if len(names) == 1 and gate > 0:
        raise HandboneError(
            f'{names[0]} alone does not tell how sure it is: name a second CSV or a model, or take '
            'all of it with --gate 0'
        )
    notes = _check_patients(found, images, training, opinions.configs)
    wanted = opinions.classes or _classes(submissions, classes)
    settings = Settings(names, str(images), gate, absent)
    folder = PseudoLabelFolder(out, settings, restart)
    # the CSV files are checked before a network spends hours
    if submissions:
        with Members([Path(path) for path in submissions], found, wanted):
            pass
    with locked_folder(out):
        folder.write_settings()
        predicted = opinions.predict(images, out, batch_size, workers, restart)
        paths = [*map(Path, submissions), *predicted]
        with Members(paths, found, wanted, predicted) as members:
            return _label(members, decides, folder, notes)


def _label(
    members: Members, gate: Gate, folder: PseudoLabelFolder, notes: Sequence[str]
) -> PseudoLabels:
    folder.begin(members.classes)
    left_out, decisions = [], Counter[str]()
    for opinion in progress_bar(members, 'Labelling'):
        labels = gate.judge(opinion.runs, opinion.confidence)
        folder.add(opinion.image, opinion.size, labels)
        decisions.update(labels.decisions)
        if labels.left_out:
            left_out.append(opinion.image.name)
    for image in members.left_out:
        folder.add_missing(image)
    folder.finish()
    return PseudoLabels(
        folder.folder,
        len(members) - len(left_out),
        tuple(left_out),
        tuple(image.name for image in members.left_out),
        dict(decisions),
        tuple(notes),
    )


def _opinions(
    models: Sequence[tuple[str, str | None]],
    submissions: Sequence[str | Path],
    confidence: str | None,
    options: dict[str, Any],
) -> Opinions:
    if not models and not submissions:
        return starter_opinions(confidence, options)
    if len(models) + len(submissions) > 1 and confidence is not None:
        raise HandboneError(
            f'confidence={confidence!r} is for a single model; several models or CSV files are '
            'compared with each other'
        )
    return model_opinions(models, confidence, options, alone=not submissions)


def _check_patients(
    found: NamedFiles,
    images: Path,
    training: Sequence[str | Path],
    configs: Sequence[Config],
) -> list[str]:
    """Check that no image is of a patient of the training; returns what could not be checked."""
    data: list[Config | Path] = [
        read_config_file(each) if Path(each).suffix in CONFIG_SUFFIXES else Path(each)
        for each in training
    ]
    notes = []
    for each in data or configs:
        patients = training_patients(each)
        place = str(each) if isinstance(each, Path) else name_of(each)
        check_no_leak(found.files, patients, images, place)
        if patients.note and data:
            raise HandboneError(patients.note)
        notes += [patients.note] * bool(patients.note)
    if not data and not configs:
        notes.append(
            'Nobody has checked whether the models have seen these patients: name the data of '
            'their training with --training'
        )
    return notes


def _classes(submissions: Sequence[str | Path], classes: Sequence[str] | None) -> tuple[str, ...]:
    if classes:
        return normal_forms(classes)
    found = submission_classes(submissions[0])
    return CLASSES if set(found) == set(CLASSES) else found
