"""Patients of a cross-validation among those that every fold is trained on."""

from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope

from handbone.configuration.dataset_configs import dataset_with_folds
from handbone.configuration.known_settings import name_of
from handbone.datasets import MultilabelDataset
from handbone.errors import HandboneError, counted, listed

from .named_patients import patient_in, patients_of, unread_datasets

LOADER = 'train_dataloader'


def check_fold_leaks(cfg: Config) -> None:
    """Check that no patient who is held out in a fold is in a dataset that has no folds.

    All images of such a dataset, as pseudo-labelled ones, are in the training of every fold. Files
    are read only where the training joins several datasets.

    Args:
        cfg: Complete configuration.

    Raises:
        HandboneError: If there is such a patient, or the data cannot be read.
    """
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    divided, _ = dataset_with_folds(cfg, LOADER)
    datasets = dict(unread_datasets(cfg.get(LOADER), LOADER))
    others = {key: each for key, each in datasets.items() if key != divided}
    if divided not in datasets or not others:
        return
    own = datasets[divided]
    held_out = _all_patients(own)
    for key, other in others.items():
        both = sorted(held_out & _names_of_patients(other, own))
        if both:
            raise HandboneError(
                f'{name_of(cfg)}: leak: {key} is in the training of every fold and has '
                f'{counted(len(both), "patient")} of {divided}, who are held out in one '
                f'({listed(both)}): leave these images out'
            )


def _all_patients(dataset: MultilabelDataset) -> set[str]:
    """Find the patients of all folds."""
    dataset.fold = None
    return {*patients_of(dataset).values()}


def _names_of_patients(dataset: MultilabelDataset, other: MultilabelDataset) -> set[str]:
    """Find the patients of a dataset, by its own names and by those that another one finds."""
    names = patients_of(dataset)
    found = {*names.values()}
    for path in map(Path, names):
        if path.is_relative_to(dataset.image_folder):
            name = path.relative_to(dataset.image_folder).as_posix()
            found.add(patient_in(other, name))
    return found
