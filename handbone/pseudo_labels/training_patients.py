"""Patients that a training has seen, or that judge it: they get no pseudo-labels."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from handbone.configuration.known_settings import name_of
from handbone.configuration.wrapped_datasets import inner_datasets
from handbone.datasets import MultilabelDataset
from handbone.datasets.file_list import ImageFile
from handbone.datasets.named_files import NamedFiles
from handbone.errors import HandboneError, counted, listed
from handbone.radiographs.reading import SUFFIXES as IMAGE_SUFFIXES

from .named_patients import patient_in, patients_of

#: Images of a training in the hand-bone layout.
TRAINING_IMAGES = Path('train', 'DCM')
#: What a loader of a config is for.
LOADERS = {'train_dataloader': 'training', 'val_dataloader': 'validation'}


class TrainingPatients(NamedTuple):
    """The patients of a training and of its validation.

    Attributes:
        uses: What each patient is used for, by name: ``'training'`` or ``'validation'``.
        note: Why the list is not complete, empty if it is: a config may come from elsewhere,
            without its data.
        datasets: The datasets that find patients in the names of images.
    """

    uses: dict[str, str]
    note: str = ''
    datasets: tuple[MultilabelDataset, ...] = ()

    def patient(self, image: ImageFile) -> str:
        """Find the patient of another image: one of the training, however a dataset names it.

        Args:
            image: The image.

        Returns:
            The patient; that of its folder if no dataset finds one that it has.
        """
        names = [image.patient, *(patient_in(each, image.name) for each in self.datasets)]
        return next((name for name in names if name in self.uses), image.patient)


def training_patients(data: Config | Path) -> TrainingPatients:
    """List the patients of a training and of its validation.

    Args:
        data: Its complete configuration, or the folder of its data or images.

    Returns:
        The patients.

    Raises:
        FileNotFoundError: If there is no such folder.
        HandboneError: If the data cannot be read.
    """
    if isinstance(data, Path):
        if not data.is_dir():
            raise FileNotFoundError(f'{data}: there is no such folder of training data')
        inner = data / TRAINING_IMAGES
        files = NamedFiles(inner if inner.is_dir() else data, IMAGE_SUFFIXES).files
        return TrainingPatients({file.patient: 'training' for file in files})
    init_default_scope(data.get('default_scope', 'mmseg'))
    found: dict[str, str] = {}
    loaders = [data.get(loader) or {} for loader in LOADERS]
    built = [
        (key, DATASETS.build(dict(each, pipeline=[], lazy_init=True)), purpose)
        for settings, (loader, purpose) in zip(loaders, LOADERS.items(), strict=True)
        if settings.get('dataset')
        for key, each in inner_datasets(settings['dataset'], f'{loader}.dataset')
    ]
    naming = tuple(each for _, each, _ in built if isinstance(each, MultilabelDataset))
    for key, dataset, purpose in built:
        folder = Path(dataset.data_prefix['img_path'])
        if not folder.is_dir():
            note = (
                f'{name_of(data)}: {key} is not here ({folder}), so nobody has checked whether '
                'the model has seen these patients; --training FOLDER does'
            )
            return TrainingPatients(found, note, naming)
        for patient in patients_of(dataset).values():
            found.setdefault(patient, purpose)
    return TrainingPatients(found, datasets=naming)


def check_no_leak(
    images: Iterable[ImageFile], training: TrainingPatients, folder: Path, place: str
) -> None:
    """Check that none of the patients is of the training or its validation.

    Args:
        images: The images that are to be labelled.
        training: Its patients.
        folder: Folder of the images, for the message.
        place: Where the training stands, for the message.

    Raises:
        HandboneError: If one is.
    """
    own = sorted({training.patient(image) for image in images})
    for purpose, reason in (
        ('training', 'a model knows them by heart, so its labels look surer than they are'),
        ('validation', 'the patients who judge the training would be in it'),
    ):
        both = [patient for patient in own if training.uses.get(patient) == purpose]
        if both:
            raise HandboneError(
                f'{folder}: leak: {len(both)} of its {counted(len(own), "patient")} '
                f'{"is" if len(both) == 1 else "are"} also in the {purpose} data of {place} '
                f'({listed(both)}): {reason}. Give a folder without them'
            )
