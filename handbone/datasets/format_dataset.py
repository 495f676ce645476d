"""Datasets in any format that ``handbone convert`` reads."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from mmengine.logging import print_log
from mmseg.registry import DATASETS

from handbone.errors import shown
from handbone.progress import progress_bar

from .errors import DatasetError
from .file_list import ImageFile
from .formats.annotated_image import AnnotatedImage
from .formats.catalogue import reader_class
from .formats.class_choice import ClassChoice
from .formats.format_options import check_options
from .formats.format_reader import FormatReader
from .formats.layers import COVERED
from .multilabel_dataset import MultilabelDataset
from .patient_pattern import PatientPattern
from .polygons import Polygons


@DATASETS.register_module()
class FormatDataset(MultilabelDataset):
    """Images with labels in one of the formats of ``handbone.datasets.formats``.

    ``data_prefix`` names the folder of the images, ``img_path``, and the file or folder of the
    labels, ``ann_path``. Items are those of :class:`MultilabelDataset`; labels that are no polygons
    are in ``masks``, where LoadPolygonAnnotations finds them.

    Args:
        format: Name of the format, such as 'coco'.
        rename: New name by the name in the labels; several may become one class.
        patient_pattern: Regular expression with one group that finds the patient in the name of an
            image, such as ``r'_(P[0-9]+)_'``; None takes its folder, or its stem without one.
        reader_options: Further arguments of the format's reader.
        **kwargs: As for :class:`MultilabelDataset`; ``skip_labels`` names classes to leave out.

    Raises:
        HandboneError: The format or one of the options is unknown, or the pattern is not valid.
        DatasetError: Something is wrong with the data.

    >>> from mmseg.registry import DATASETS
    >>> dataset = DATASETS.build(  # doctest: +SKIP
    ...     dict(
    ...         type='FormatDataset',
    ...         format='coco',
    ...         metainfo=dict(classes=('Radius', 'Ulna')),
    ...         data_root='data/wrists',
    ...         data_prefix=dict(img_path='images', ann_path='coco.json'),
    ...     )
    ... )
    """

    def __init__(
        self,
        format: str,
        rename: Mapping[str, str] | None = None,
        patient_pattern: str | None = None,
        reader_options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self._make_reader = self.reader_class(format)
        self._rename = dict(rename or {})
        self._reader_options = dict(reader_options or {})
        check_options(self._make_reader, format, self._reader_options)
        self._pattern = None if patient_pattern is None else PatientPattern(patient_pattern)
        super().__init__(**kwargs)

    def reader_class(self, name: str) -> type[FormatReader]:
        """Choose the reader of the labels.

        Args:
            name: Name of the format.

        Returns:
            A class of :class:`FormatReader`.

        Raises:
            HandboneError: There is no such format.
        """
        return reader_class(name)

    def load_data_list(self) -> list[dict]:
        """Read and check all labels and take the chosen images; see the base class."""
        source = self.annotation_folder
        if source is None:
            raise DatasetError.at(
                'data_prefix of the dataset', 'ann_path is missing', 'Name the labels'
            )
        known = self.known_classes
        names = (*known.annotated, *known.marks)
        unread = set(known.classes).difference(known.annotated)
        choice = ClassChoice(names, self._rename, self.skip_labels, unread)
        reader = self._make_reader(
            source, self.image_folder, choice, self.bad_files, **self._reader_options
        )
        for note in reader.notes:
            print_log(f'{source}: {note}', logger='current')
        if self.ann_file or self.fold_file or known.names_images:
            # to read all labels may take minutes, so lists of other images are refused before
            self._chosen(reader.names())
        progress = progress_bar(reader, 'Checking images')
        indices = known.label_indices()
        source_indices = [indices[name] for name in names]
        images = []
        for image in progress:
            info, problems = self._info(image, source_indices)
            self.bad_files.add(problems)
            if not problems:
                images.append((self.image_file(image.name), info))
        self.bad_files.finish(len(images), len(reader))
        if covered := reader.losses.counts[COVERED]:
            print_log(f'{source} has {covered} {COVERED}, which take them', logger='current')
        if not images:
            raise DatasetError.at(
                source, 'no image of the dataset can be used', 'Correct the reported files'
            )
        named = dict.fromkeys(file.name for file, _ in images)
        if self.bad_files.problems:  # what is bad has its place in lists and folds all the same
            named = dict.fromkeys([*reader.names(), *named])
        chosen = self._chosen([*named])
        images = [(file, info) for file, info in images if file.name in chosen]
        if not images:
            raise DatasetError.at(source, 'all chosen images are bad', 'Correct the reported files')
        return [dict(info, patient=file.patient) for file, info in images]

    def _chosen(self, names: Sequence[str]) -> set[str]:
        """Choose images by their names, and keep their patients."""
        files = [self.image_file(name) for name in names]
        self.known_classes.check_images(names)
        self.patients = frozenset(file.patient for file in files)
        return {file.name for file in self._choose(files)} if files else set()

    def image_file(self, name: str) -> ImageFile:
        """Find the patient of an image; see the base class."""
        file = super().image_file(name)
        if self._pattern is None:
            return file
        patient = self._pattern.find(name)
        if patient is None:
            raise DatasetError.at(
                name,
                f'patient_pattern {shown(self._pattern.pattern)} finds no patient in its name',
                'Correct the pattern or the name',
            )
        return file._replace(patient=patient)

    def _info(
        self, image: AnnotatedImage, source_indices: Sequence[int]
    ) -> tuple[dict, list[DatasetError]]:
        """Build the info of an image from its labels, whose classes have indices of their own."""
        place = self.annotation_folder or ''
        complete = source_indices == list(range(len(self._metainfo['classes'])))
        labels, unknown, problems = self.known_classes.of_image(
            image.name,
            image.labels,
            place,
            (source_indices[index] for index in image.unknown),
            None if complete else source_indices,
        )
        polygons = labels if isinstance(labels, Polygons) else None
        info = dict(
            img_path=str(image.path),
            ann_path=str(place),
            image_name=PurePosixPath(image.name).name,
            height=image.height,
            width=image.width,
            polygons=polygons,
            masks=labels if polygons is None else None,
            seg_fields=[],
        )
        if unknown is not None:
            info['unknown'] = unknown
        return info, problems
