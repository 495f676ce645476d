"""Balanced folds of a dataset, and how alike they are."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from handbone.configuration.config_file import CONFIG_SUFFIXES, read_config_file
from handbone.configuration.dataset_configs import dataset_with_folds
from handbone.csv_files import csv_bytes
from handbone.datasets import MultilabelDataset
from handbone.datasets.fold_balance import Balance, balance, largest_by_attribute
from handbone.datasets.fold_file import write_fold_file
from handbone.datasets.fold_making import balanced_folds
from handbone.datasets.folds import in_fold
from handbone.datasets.formats.recognition import signs
from handbone.datasets.image_attributes import OF_IMAGE, read_attributes, without_attributes
from handbone.errors import HandboneError, counted, shown
from handbone.evaluation.drawn_tables import draw_table, plain_text
from handbone.files import write_atomically
from handbone.kept_inputs import keep_inputs
from handbone.metadata import read_patient_table
from handbone.planning.source import find_source

#: The table of patients of a dataset, beside its folders.
TABLE = 'patients.csv'
#: Attributes whose deviations are relative to the mean.
RELATIVE = ('images', 'areas')
#: What says how labels are read, and the option of it.
READING = {
    'source_format': '--from',
    'images': '--images',
    'classes': '--classes',
    'patient_pattern': '--patient-pattern',
    'reader_options': '--read',
    'rename': '--rename',
    'skip': '--skip',
}


class Folds(NamedTuple):
    """Folds of a dataset.

    Attributes:
        of_patient: The fold of each patient.
        balance: How alike the folds are.
        usual: How alike those of scikit-learn's ``GroupKFold`` are, on the same images.
        notes: What needs a word.
    """

    of_patient: dict[str, int]
    balance: list[Balance]
    usual: list[Balance]
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """Write the largest deviation of each attribute, beside that of ``GroupKFold``.

        Returns:
            A table, and what needs a word.
        """
        ours, usual = map(largest_by_attribute, (self.balance, self.usual))
        rows = [
            [name, each.value, f'{each.largest:.2%}', f'{usual[name].largest:.2%}']
            for name, each in ours.items()
        ]
        whole = [f'{max(each.largest for each in found.values()):.2%}' for found in (ours, usual)]
        header = ['Attribute', 'Furthest off', 'Largest deviation', 'GroupKFold']
        sections = [rows, [['all', '', *whole]]]
        table = plain_text(draw_table(header, sections, left=header[:2]))
        number = len(self.balance[0].shares)
        images = '/'.join(f'{count:.0f}' for count in self.balance[0].shares)
        return '\n'.join(
            [
                *self.notes,
                f'{counted(number, "fold")} of {counted(len(self.of_patient), "patient")}, '
                f'{images} images',
                table,
                'Deviation of a fold from all images: in points of the share of images, and '
                f'relative to the mean for {" and ".join(RELATIVE)}.',
            ]
        )

    def write_report(self, path: str | Path) -> None:
        """Write the share of every value in every fold as CSV.

        Args:
            path: The file.

        Raises:
            OSError: If it cannot be written.
        """
        numbers = range(len(self.balance[0].shares))
        header = ['attribute', 'value', 'all', *(f'fold {number}' for number in numbers)]
        rows: list[list[str]] = [[*header, 'largest_deviation', 'largest_deviation_group_k_fold']]
        for ours, usual in zip(self.balance, self.usual, strict=True):
            shares = (ours.whole, *ours.shares, ours.largest, usual.largest)
            rows.append([ours.attribute, ours.value, *(f'{share:.6f}' for share in shares)])
        write_atomically(path, csv_bytes(rows))


def make_folds(
    data: str | Path,
    num_folds: int = 5,
    by: Sequence[str] | None = None,
    table: str | Path | None = None,
    classes: Sequence[str] | None = None,
    out: str | Path | None = None,
    options: Sequence[str] = (),
    source_format: str | None = None,
    images: str | Path | None = None,
    patient_pattern: str | None = None,
    reader_options: Mapping[str, Any] | None = None,
    rename: Mapping[str, str] | None = None,
    skip: Collection[str] = (),
    report: str | Path | None = None,
) -> Folds:
    """Divide the patients of a dataset into folds that are alike.

    Classes and their areas are always balanced, and so is the number of images.

    >>> folds = make_folds('data/phantom', 5, by=['sex', 'height', 'bend'], out='folds.csv')
    >>> print(folds.text())

    Args:
        data: File or folder of the labels, the root of the hand-bone layout, or a config file,
            whose training images are taken.
        num_folds: Number of folds, at least 2.
        by: Attributes to balance: ``side`` (from the names of images), ``bend`` of the wrist (from
            the labels), and columns of the table; numbers are divided into four bands. Default:
            side and bend where they are known, and sex, age and height where the table has them.
        table: CSV of patients. Default: ``patients.csv`` in the folder, if there is one and no
            ``patient_pattern``.
        classes: Class names in bit order; by default those of the labels.
        out: CSV of folds to write.
        options: Changes to the config as ``key=value``.
        source_format: Format of the labels, as ``handbone convert`` names it; found out by default.
        images: Folder of the images; by default where the format has them.
        patient_pattern: Regular expression with one group that finds the patient in the name of an
            image.
        reader_options: Further arguments of the format's reader.
        rename: New name by the name in the labels; several may become one class.
        skip: Classes to leave out.
        report: CSV to write, with the share of every value in every fold.

    Returns:
        The folds, and how alike they are.

    Raises:
        HandboneError: If the data, the table or an attribute are not valid, there are fewer
            patients than folds, a config is given with what says how labels are read, or a result
            would take the place of what is read or of the other.
        OSError: If a file cannot be read or written.
    """
    reading = dict(
        source_format=source_format,
        images=images,
        classes=classes,
        patient_pattern=patient_pattern,
        reader_options=reader_options,
        rename=rename,
        skip=skip,
    )
    settings, notes = _settings(Path(data), reading, options)
    if table is None:
        table, unused = _usual_table(Path(data), patient_pattern, by)
        notes += unused
    keep_inputs([out, report], [data, table])
    patients = None if table is None else read_patient_table(table)
    dataset = _all_images(Path(data), settings)
    attributes = read_attributes(dataset, by, patients)
    others = without_attributes(dataset, attributes)
    of_patient = balanced_folds(attributes, num_folds, others)
    if out is not None:
        write_fold_file(out, of_patient)
    if others:
        notes.append(
            counted(
                len(others),
                'patient without a readable image is dealt out.',
                'patients without a readable image are dealt out evenly.',
            )
        )
    known = set(patients.patients) if patients else set()
    missing = set(attributes.patients) - known if patients else set()
    if missing:
        notes.append(
            f'{counted(len(missing), "patient is", "patients are")} not in {table}; their values '
            'are unknown.'
        )
    ours = [of_patient[patient] for patient in attributes.patients]
    usual = np.zeros(len(ours), np.int64)
    for fold in range(num_folds):
        usual[in_fold(attributes.patients, fold, num_folds)] = fold
    folds = Folds(
        of_patient,
        balance(attributes, ours, num_folds),
        balance(attributes, usual.tolist(), num_folds),
        tuple(notes),
    )
    if report is not None:
        folds.write_report(report)
    return folds


def _settings(
    data: Path, reading: Mapping[str, Any], options: Sequence[str]
) -> tuple[dict[str, Any], list[str]]:
    """Find the settings of the dataset, and what they were guessed from."""
    if not data.exists():
        raise HandboneError(f'{data}: no such file or folder. Give labels or a config.')
    if reading['source_format'] is not None or not _is_config(data):
        if options:
            raise HandboneError(f'--cfg-options change a config, and {data} is none.')
        source = find_source(data, **reading)
        return source.settings, [*source.notes]
    useless = [option for name, option in READING.items() if reading[name]]
    if useless:
        raise HandboneError(f'{data} says itself how labels are read. Leave out {useless[0]}.')
    key, found = dataset_with_folds(read_config_file(str(data), options), 'train_dataloader')
    if found.get('ann_file'):
        raise HandboneError(
            f'{data}: ann_file of {key} chooses the images, so it takes no folds. Remove it.'
        )
    return dict(found), []


def _usual_table(
    data: Path, patient_pattern: str | None, by: Sequence[str] | None
) -> tuple[Path | None, list[str]]:
    """Find the table in the folder of the data, and say where a pattern stands against it.

    The table is of patients that have folders; a pattern finds others, whose names it need not
    have.

    Raises:
        HandboneError: If an attribute needs the table that the pattern stands against.
    """
    path = data / TABLE
    if not path.is_file():
        return None, []
    if patient_pattern is None:
        return path, []
    unused = f'--patient-pattern names the patients, so {path} is not used'
    needed = [name for name in by or () if name not in OF_IMAGE]
    if needed:
        raise HandboneError(
            f'{unused}, and {shown(needed[0])} cannot be seen in the images. Give a table of these '
            f'patients with --table, {path} if it names them so.'
        )
    return None, [f'{unused}; --table takes it.']


def _is_config(path: Path) -> bool:
    """Tell a config from labels; either may be in JSON."""
    if path.is_dir() or path.suffix not in CONFIG_SUFFIXES:
        return False
    return path.suffix != '.json' or not any(signs(path))


def _all_images(data: Path, settings: Mapping[str, Any]) -> MultilabelDataset:
    """Read all training images, whatever folds they are in."""
    init_default_scope('mmseg')
    dataset = DATASETS.build(dict(settings, fold=None, fold_file='', pipeline=[]))
    if not isinstance(dataset, MultilabelDataset):
        raise HandboneError(
            f'{data}: folds are made of a MultilabelDataset, not of {type(dataset).__name__}.'
        )
    return dataset
