"""The base class of datasets whose classes may overlap."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from mmengine.logging import print_log
from mmseg.registry import DATASETS

from handbone.errors import HandboneError, check_word
from handbone.progress import progress_bar

from .annotation_file import collector_paused, read_annotations
from .bad_files import BadFiles
from .errors import DatasetError
from .file_list import ImageFile, image_file, list_files, read_list_file
from .folds import FoldNumberError, in_fold
from .image_header import read_image_size
from .pairing import annotations_without_image, check_all_or_none, image_without_annotation
from .partly_annotated_dataset import PartlyAnnotatedDataset

SPLITS = ('train', 'val')
DATA_PREFIX = {'img_path': '', 'ann_path': ''}


@DATASETS.register_module()
class MultilabelDataset(PartlyAnnotatedDataset):
    """Images with one JSON file of polygons each, where a pixel may belong to several classes.

    The layout on disk is ``<img_path>/<patient>/<name>.png`` and
    ``<ann_path>/<patient>/<name>.json``. Images are ordered by patient folder, then by name. All
    annotations are read and checked once, when the dataset is built; their polygons are kept in
    memory as flat arrays that the loader workers share.

    Each item of the dataset is a dict with ``img_path``, ``ann_path`` (None without annotation),
    ``patient``, ``image_name`` (the file name), ``height`` and ``width``, ``polygons``
    (:class:`~handbone.datasets.Polygons`, None without annotation), ``classes``, ``seg_fields``,
    which the transforms fill further, and ``unknown``
    (:class:`~handbone.datasets.known_classes.Unknown`) where a class is unknown.

    Args:
        metainfo: ``classes``, at least one name in bit order; optionally ``palette``, one RGB
            colour per class, and ``groups``, a dict of class names by group name.
        data_root: Folder that the paths below are relative to.
        data_prefix: ``img_path`` and ``ann_path``, the folders of images and of JSON files.
        ann_file: List file with one relative image path or one patient per line, instead of folds;
            empty for all images.
        fold: The fold that is held out for validation; None takes all images.
        num_folds: Number of folds. Images of one patient are always in the same fold.
        fold_file: CSV of ``handbone folds`` with the fold of each patient; empty for none.
        split: 'train' gives the images outside the fold, 'val' those inside.
        test_mode: If True, no annotations are needed; they are still read if ``ann_path`` has them
            for every image.
        bad_files: 'stop' raises at the first bad file; 'report' collects all problems into one
            report and continues without those images.
        report_file: Text file for that report; None writes the report to the log only.
        skip_labels: Labels of the JSON files to leave out; other labels outside ``classes`` are
            errors.
        img_suffix: Suffix of the images.
        ann_suffix: Suffix of the annotation files.
        **kwargs: ``annotated_classes`` and others of :class:`PartlyAnnotatedDataset`, ``pipeline``,
            ``indices``, ``serialize_data``, ``lazy_init`` and the others of
            :class:`mmengine.dataset.BaseDataset`.

    Attributes:
        patients: Patients of all images, chosen or not, those included whose images are bad.

    Raises:
        DatasetError: Something is wrong with the data. The message names the file, the annotation
            and the remedy.

    >>> from mmseg.registry import DATASETS
    >>> dataset = DATASETS.build(  # doctest: +SKIP
    ...     dict(
    ...         type='MultilabelDataset',
    ...         metainfo=dict(classes=('left_lung', 'right_lung', 'heart')),
    ...         data_root='data/chest',
    ...         data_prefix=dict(img_path='images', ann_path='polygons'),
    ...     )
    ... )
    """

    patients: frozenset[str] = frozenset()

    def __init__(
        self,
        metainfo: Mapping | None = None,
        data_root: str | None = '',
        data_prefix: Mapping = DATA_PREFIX,
        ann_file: str = '',
        fold: int | None = None,
        num_folds: int = 5,
        fold_file: str = '',
        split: str = 'train',
        test_mode: bool = False,
        bad_files: str = 'stop',
        report_file: str | None = None,
        skip_labels: Sequence[str] = (),
        img_suffix: str = '.png',
        ann_suffix: str = '.json',
        **kwargs: Any,
    ) -> None:
        check_word('split', split, SPLITS)
        if fold is not None and ann_file:
            both = f'fold={fold} and ann_file={ann_file!r} both choose images'
            raise HandboneError(f"{both}: set one of them to None or ''")
        self.fold = fold
        self.num_folds = num_folds
        self.fold_file = fold_file
        self.split = split
        self.bad_files = BadFiles(bad_files, report_file)
        self.skip_labels = frozenset(skip_labels)
        self.img_suffix = img_suffix
        self.ann_suffix = ann_suffix
        super().__init__(
            ann_file=ann_file,
            metainfo=metainfo,
            data_root=data_root,
            data_prefix=dict(data_prefix),
            test_mode=test_mode,
            **kwargs,
        )

    @property
    def image_folder(self) -> Path:
        """The folder of the images."""
        return Path(self.data_prefix['img_path'])

    @property
    def annotation_folder(self) -> Path | None:
        """The folder of the annotation files; None if the config has none."""
        return Path(self.data_prefix['ann_path']) if 'ann_path' in self.data_prefix else None

    def load_data_list(self) -> list[dict]:
        """List, check and read the chosen images and their annotations.

        Returns:
            One dict per image, as described in the class.
        """
        all_images = list_files(self.image_folder, self.img_suffix)
        self.known_classes.check_images(image.name for image in all_images)
        self.patients = frozenset(image.patient for image in all_images)
        images = self._choose(all_images)
        annotations = self._annotations(images)
        if not self.test_mode and self.annotation_folder is not None:
            patients = {image.patient for image in images} if self.ann_file else None
            self.bad_files.add(
                annotations_without_image(
                    self.annotation_folder, annotations.values(), all_images, patients
                )
            )
        data_list = []
        progress = progress_bar(images, 'Checking images')
        with collector_paused():
            for image in progress:
                info, problems = self._read(image, annotations)
                self.bad_files.add(problems)
                if not problems:
                    data_list.append(info)
        self.bad_files.finish(len(data_list), len(images))
        if not data_list:
            fault = 'all images of the dataset are bad'
            raise DatasetError.at(self.image_folder, fault, 'Correct the reported files')
        return data_list

    def choose(self, names: Sequence[str]) -> list[bool]:
        """Tell which images belong to the dataset, by their names alone.

        Args:
            names: Names of all images below the folder of images.

        Returns:
            For each whether the dataset takes it, as far as it can be read.

        Raises:
            DatasetError: There are no images, or too few for the folds.
        """
        files = [self.image_file(name) for name in names]
        chosen = {file.name for file in self._choose(files)}
        return [file.name in chosen for file in files]

    def image_file(self, name: str) -> ImageFile:
        """Find the patient of an image.

        Args:
            name: Path of the image below the folder of images.

        Returns:
            The image with its patient.
        """
        return image_file(PurePosixPath(name))

    def _choose(self, images: list[ImageFile]) -> list[ImageFile]:
        if not images:
            raise DatasetError.at(
                self.image_folder,
                f'the folder has no {self.img_suffix} image',
                'Correct data_root, data_prefix or img_suffix in the config',
            )
        if self.ann_file:
            return read_list_file(Path(self.ann_file), images)
        if self.fold is None:
            return images
        try:
            patients = (image.patient for image in images)
            held_out = in_fold([*patients], self.fold, self.num_folds, self.fold_file)
        except FoldNumberError as error:
            raise DatasetError.at(self.image_folder, str(error), error.REMEDY) from error
        wanted = held_out if self.split == 'val' else ~held_out
        return [image for image, chosen in zip(images, wanted, strict=True) if chosen]

    def _annotations(self, images: list[ImageFile]) -> dict[str, ImageFile]:
        """List the annotation files by key; none if only images are needed."""
        folder = self.annotation_folder
        if folder is None and not self.test_mode:
            raise DatasetError.at(
                'data_prefix of the dataset',
                'ann_path is missing',
                'Name the folder of the JSON files, or set test_mode=True to predict only',
            )
        if folder is None or (self.test_mode and not folder.is_dir()):
            return {}
        annotations = {file.key: file for file in list_files(folder, self.ann_suffix)}
        if self.test_mode:
            check_all_or_none(folder, annotations, images)
            return annotations if images[0].key in annotations else {}
        return annotations

    def _read(
        self, image: ImageFile, annotations: Mapping[str, ImageFile]
    ) -> tuple[dict, list[DatasetError]]:
        """Build the info of one image and list the problems with its files."""
        path = self.image_folder / image.name
        info: dict = dict(
            img_path=str(path),
            ann_path=None,
            patient=image.patient,
            image_name=path.name,
            polygons=None,
            seg_fields=[],
        )
        size, problems = None, []
        try:
            size = read_image_size(path)
            info.update(height=size[0], width=size[1])
        except DatasetError as error:
            problems.append(error)
        folder = self.annotation_folder
        if folder is not None and image.key in annotations:
            annotation = folder / annotations[image.key].name
            indices = self.known_classes.label_indices()
            found, more, named = read_annotations(annotation, indices, size, self.skip_labels)
            problems += more
            polygons, unknown, more = self.known_classes.of_image(
                image.name, found, annotation, named
            )
            problems += more
            info.update(ann_path=str(annotation), polygons=polygons)
            if unknown is not None:
                info['unknown'] = unknown
        elif folder is not None and not self.test_mode:
            problems.append(image_without_annotation(path, folder, image, self.ann_suffix))
        return info, problems

    def prepare_data(self, idx: int) -> dict | None:
        """Run the pipeline on one image.

        Args:
            idx: Index of the image.

        Returns:
            The pipeline's result. In training with ``bad_files='report'``, None for an image whose
            damage is found only while decoding; mmengine then takes a different image at random.
        """
        try:
            return super().prepare_data(idx)
        except DatasetError as error:
            if self.bad_files.mode == 'stop' or self.test_mode or self.split == 'val':
                raise
            print_log(f'Left out: {error}', logger='current', level=logging.WARNING)
            return None
