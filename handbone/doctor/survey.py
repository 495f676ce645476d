"""All that was measured on a dataset, split by split."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from handbone.datasets.errors import DatasetError
from handbone.datasets.formats.annotated_image import AnnotatedImage
from handbone.datasets.formats.format_reader import FormatReader
from handbone.datasets.formats.source import Source
from handbone.datasets.formats.unlabelled import UnlabelledReader
from handbone.datasets.unknown_names import UnknownFile
from handbone.errors import HandboneError

from .image_record import ImageRecord
from .measuring import measure_images
from .predictions import Predictions
from .rejected_images import Rejected, rejected_images
from .unpaired_images import unpaired_images

#: The border of the image usually cuts a class off if it does so in this share of the images in
#: which the class is.
USUALLY = 0.3
#: Images without labels are no finding if they are more than this share of the data: then many
#: images show nothing of what is looked for.
EMPTY_USUALLY = 0.05

Progress = Callable[[Iterable[AnnotatedImage]], Iterable[AnnotatedImage]]


@dataclass(frozen=True)
class Survey:
    """What was measured on all images.

    Attributes:
        classes: Class names in bit order.
        palette: RGB colours, one per class; empty if the format has none.
        records: One per image.
        problems: Split, and what a reader rejected.
        notes: How the readers read, what they guessed, and what the predictions, the folders of
            images and the list of rejected ones lack; one sentence each.
        unlabelled: Split and name of images that no label names, where they are few.
        rejected: Names of the images of the first part that a person rejected.
    """

    classes: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]
    records: tuple[ImageRecord, ...]
    problems: tuple[tuple[str, DatasetError], ...]
    notes: tuple[str, ...] = ()
    unlabelled: tuple[tuple[str, str], ...] = ()
    rejected: frozenset[str] = frozenset()

    @cached_property
    def areas(self) -> np.ndarray:
        """(N, C) float32, square pixels, 0 for a class that is not there."""
        return self._stacked('areas')

    @cached_property
    def centres(self) -> np.ndarray:
        """(N, C, 2) float32, NaN for a class that is not there."""
        return self._stacked('centres')

    @cached_property
    def present(self) -> np.ndarray:
        """(N, C) bool, which classes are there."""
        return self.areas > 0

    @cached_property
    def known(self) -> np.ndarray:
        """(N, C) bool, whether the labels tell if the class is there."""
        known = np.repeat(self.labelled[:, None], len(self.classes), axis=1)
        for row, record in enumerate(self.records):
            known[row, list(record.unknown)] = False
        return known

    @cached_property
    def labelled(self) -> np.ndarray:
        """(N,) bool, whether the part of the data that an image is in has labels."""
        return np.array([record.labelled for record in self.records], bool)

    @cached_property
    def empty(self) -> np.ndarray:
        """(N,) bool, images in which none of the classes is that could be known."""
        nothing: np.ndarray = self.present.sum(axis=1) == 0
        return nothing & (self.known.sum(axis=1) > 0)

    @cached_property
    def empty_is_usual(self) -> bool:
        """Whether so many images have no labels that none of them is reported."""
        return bool(self.empty.sum() > max(EMPTY_USUALLY * self.known.any(axis=1).sum(), 1))

    @cached_property
    def without_file(self) -> np.ndarray:
        """(N,) bool, images whose file is not there, as those of others of the same part are."""
        with_files = {record.split for record in self.records if record.path}
        return np.array([not each.path and each.split in with_files for each in self.records], bool)

    @cached_property
    def border(self) -> np.ndarray:
        """(N, C) bool, whether the mask touches the border of the image."""
        return self._stacked('border')

    @cached_property
    def usually_cut(self) -> np.ndarray:
        """(C,) bool, whether the border of the image usually cuts the class off."""
        cut: np.ndarray = self.border.sum(axis=0) >= USUALLY * self.present.sum(axis=0).clip(1)
        return cut

    def _stacked(self, name: str) -> np.ndarray:
        arrays = [getattr(record.classes, name) for record in self.records]
        return np.stack(arrays) if arrays else np.zeros((0, len(self.classes)), np.float32)


def survey(
    sources: Sequence[Source],
    progress: Progress | None = None,
    predictions: Path | None = None,
    unknown_file: str | Path = '',
    rejected: Rejected | None = None,
) -> Survey:
    """Read and measure all images; nothing of them but a few kilobytes each is kept.

    Args:
        sources: The parts of the data.
        progress: Called with the images of each part; what it gives is measured.
        predictions: CSV of runs that the labels are compared with.
        unknown_file: CSV ``image_name,class`` of classes that are unknown in single images.
        rejected: Images of the first part that a person rejected.

    Returns:
        The measurements.

    Raises:
        HandboneError: A source cannot be read at all, none has labels, two have different classes,
            or a list names images that are not there.
    """
    readers = [source.open() for source in sources]
    labelled = _labelled(sources, readers)
    classes, palette = labelled[0].classes, labelled[0].palette
    unknown = UnknownFile(unknown_file, {name: index for index, name in enumerate(classes)})
    # to measure all images may take minutes, so wrong names are refused before
    unknown.check_images(name for reader in readers for name in reader.names())
    turned_down, passed_over = frozenset[str](), list[str]()
    if rejected is not None:
        turned_down, passed_over = rejected_images(rejected, sources[0], readers[0].names())
    records: list[ImageRecord] = []
    problems: list[tuple[str, DatasetError]] = []
    notes: list[str] = []
    with Predictions(predictions, classes) if predictions else nullcontext() as predicted:
        for source, reader in zip(sources, readers, strict=True):
            known = reader in labelled
            images = _with_unknown(progress(reader) if progress else reader, unknown)
            records += measure_images(source.split, images, classes, predicted, known)
            problems += ((source.split, problem) for problem in reader.bad_files.problems)
            notes += (f'{source.split}: {note}' for note in reader.notes)
        if predicted is not None:
            notes += predicted.gaps([each.name for each in records if each.labelled])
    if not records and not problems:
        raise HandboneError('There is no image in the data.')
    parts = [
        (source.split, reader)
        for source, reader in zip(sources, readers, strict=True)
        if reader in labelled
    ]
    unlabelled, unpaired = unpaired_images(parts, records)
    return Survey(
        classes,
        palette,
        tuple(records),
        tuple(problems),
        (*notes, *unpaired, *passed_over),
        tuple(unlabelled),
        turned_down,
    )


def _labelled(sources: Sequence[Source], readers: Sequence[FormatReader]) -> list[FormatReader]:
    """Choose the readers of labels, which must have the same classes."""
    labelled = [each for each in readers if not isinstance(each, UnlabelledReader)]
    if not labelled:
        raise HandboneError(
            f'{sources[0].path} has images but no labels that handbone can read. Name the labels, '
            'and then the images that have none.'
        )
    other = next((each for each in labelled if each.classes != labelled[0].classes), None)
    if other is not None:
        raise HandboneError(
            f'{other.source} has other classes than {labelled[0].source}, or in another order. '
            'Name those of both: --classes'
        )
    return labelled


def _with_unknown(
    images: Iterable[AnnotatedImage], unknown: UnknownFile
) -> Iterator[AnnotatedImage]:
    """Add to what images do not know what the CSV says about them."""
    for image in images:
        yield replace(image, unknown=image.unknown | unknown.indices(image.name))
