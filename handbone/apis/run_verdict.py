"""Whether what one training did is better than another one, on the same held-out patients."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from handbone.configuration.wrapped_datasets import inner_datasets
from handbone.datasets.file_list import image_file
from handbone.errors import HandboneError, counted, listed
from handbone.evaluation.bootstrap import Difference
from handbone.listing import read_list
from handbone.pseudo_labels.folder import IMAGES, SETTINGS
from handbone.pseudo_labels.named_patients import patient_in, unread_datasets
from handbone.runs.run_record import RunRecord, read_run
from handbone.scoring import Evaluation, evaluate


@dataclass(frozen=True)
class RunVerdict:
    """How a run compares with another one.

    Attributes:
        evaluation: Dice of both on the same images.
        difference: Mean Dice of the run minus that of the other, with its 95 % interval from the
            paired bootstrap over patients.
        notes: What makes the comparison unfair.
    """

    evaluation: Evaluation
    difference: Difference
    notes: tuple[str, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether the whole interval is above 0."""
        return self.difference.low > 0

    def text(self) -> str:
        """Write the differences and the verdict."""
        found = self.difference
        interval = f'{found.low:+.4f} to {found.high:+.4f}, {counted(found.groups, "patient")}'
        if self.kept:
            last = f'Kept: better by {found.mean:+.4f} Dice (95 % interval {interval}).'
        elif not found.low <= found.high:
            last = f'Not kept: {found.mean:+.4f} Dice, and one patient gives no interval.'
        else:
            last = f'Not kept: {found.mean:+.4f} Dice (95 % interval {interval}).'
        return '\n'.join([self.evaluation.comparison(), *self.notes, last])


def judge_run(run: str | Path, against: str | Path) -> RunVerdict:
    """Compare the last validations of two trainings, patient by patient.

    >>> judge_run('work_dirs/real_and_pseudo', 'work_dirs/real').kept
    True

    Args:
        run: Work dir of the training that is to prove itself.
        against: Work dir of the training without what it did.

    Returns:
        The verdict.

    Raises:
        FileNotFoundError: If there is no such folder.
        HandboneError: If a run was not validated, the two were validated on different images, or
            one was trained on pseudo-labels of the patients that it was validated on.
    """
    records = [_read(Path(folder)) for folder in (run, against)]
    tables = [record.table for record in records]
    evaluation = _with_patients(evaluate(tables[0] or '', against=tables[1]), records[0])
    for record in records:
        _check_no_leak(record, set(evaluation.scores.patients))
    difference = evaluation.difference
    assert difference is not None
    lengths = [record.last_step for record in records]
    notes = []
    if lengths[0] != lengths[1]:
        notes.append(
            f'The runs had {lengths[0]} and {lengths[1]} iterations, so this may be the difference.'
        )
    return RunVerdict(evaluation, difference, tuple(notes))


def _read(folder: Path) -> RunRecord:
    if not folder.is_dir():
        raise FileNotFoundError(f'{folder}: no such folder')
    record = read_run(folder)
    if record is None or record.table is None:
        raise HandboneError(
            f'{folder} has no validation with a table of each image: train with DiceMetric as a '
            'val_evaluator'
        )
    return record


def _with_patients(evaluation: Evaluation, record: RunRecord) -> Evaluation:
    """Name the patients as the dataset of the run does, which folders may not tell.

    All images may be of one patient, and lie in one folder; or the dataset finds patients in names.
    """
    patients: dict[str, str] = {}
    loader = 'val_dataloader'
    for _, dataset in unread_datasets(record.config.get(loader), loader):
        for image in evaluation.scores.images:
            if Path(image).is_relative_to(dataset.image_folder):
                name = Path(image).relative_to(dataset.image_folder).as_posix()
                patients[image] = patient_in(dataset, name)
    if len(patients) < len(evaluation.scores.images) or evaluation.others is None:
        return evaluation
    scores, others = (
        replace(table, patients=tuple(patients[image] for image in evaluation.scores.images))
        for table in (evaluation.scores, evaluation.others)
    )
    return replace(evaluation, scores=scores, others=others)


def _check_no_leak(record: RunRecord, patients: set[str]) -> None:
    """Check that no pseudo-labels that a run was trained on are of these patients."""
    loader = 'val_dataloader'
    datasets = [each for _, each in unread_datasets(record.config.get(loader), loader)]
    for folder in _pseudo_label_folders(record.config):
        names = [name for _, name in read_list(folder / IMAGES)]
        own = {image_file(PurePosixPath(name)).patient for name in names}
        own |= {patient_in(dataset, name) for dataset in datasets for name in names}
        both = sorted(own & patients)
        if both:
            raise HandboneError(
                f'{record.folder}: leak: it was trained on pseudo-labels ({folder}) of '
                f'{counted(len(both), "patient")} that it was validated on ({listed(both)}). '
                'Label other patients and train again'
            )


def _pseudo_label_folders(config: Mapping[str, Any]) -> Iterator[Path]:
    loader = config.get('train_dataloader')
    dataset = loader.get('dataset') if isinstance(loader, Mapping) else None
    if not isinstance(dataset, Mapping):
        return
    for _, each in inner_datasets(dataset):
        labels = (each.get('data_prefix') or {}).get('ann_path')
        if labels:
            folder = (Path(each.get('data_root') or '') / labels).parent
            if (folder / SETTINGS).is_file() and (folder / IMAGES).is_file():
                yield folder
