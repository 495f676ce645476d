"""The masks that a submission is scored against: a folder of JSON files or a second CSV."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath

import numpy as np

from handbone.datasets.annotation_file import annotated_size, read_annotations
from handbone.datasets.errors import DatasetError
from handbone.datasets.image_header import read_image_size
from handbone.datasets.known_classes import KnownClasses, Unknown
from handbone.datasets.labels import Labels
from handbone.datasets.mask_runs import pack_runs
from handbone.datasets.named_files import NamedFiles, without_suffix
from handbone.errors import HandboneError, counted, listed, shown
from handbone.listing import by_normal_form, normal_form
from handbone.masks import decode, encode
from handbone.masks.unknown import without
from handbone.submissions import read_submission

#: Folder of the JSON files in the hand-bone layout.
ANNOTATIONS = 'outputs_json'
#: Annotation files whose polygons are kept in memory.
CACHED_FILES = 4096

Size = tuple[int, int]


class AnnotationReference:
    """Reference masks from JSON files of the hand-bone layout.

    Args:
        folder: Folder of the JSON files, or one that holds it as ``outputs_json``.
        classes: Class names in bit order.
        size: Height and width of all images, for files without metadata.
        images: Images, whose headers tell their sizes.
        skip_labels: Labels to leave out.
        known: What the images do not know, beside the classes that their files call unknown.
    """

    def __init__(
        self,
        folder: Path,
        classes: Sequence[str],
        size: Size | None = None,
        images: NamedFiles | None = None,
        skip_labels: Sequence[str] = (),
        known: KnownClasses | None = None,
    ) -> None:
        inner = folder / ANNOTATIONS
        self.files = NamedFiles(inner if inner.is_dir() else folder, ['.json'])
        self.place = str(self.files.folder)
        self._by_key = {file.key: file for file in self.files.files}
        self.names = list(self._by_key)
        self._num_classes = len(classes)
        self._known = known or KnownClasses(classes)
        self._size = size
        self._images = images
        self._skip_labels = skip_labels
        self._read = lru_cache(CACHED_FILES)(self._read_file)

    def key(self, name: str) -> str | None:
        """Find the key that an image has here, or None."""
        file = self.files.find(name)
        return None if file is None else file.key

    def patient(self, key: str) -> str:
        """Name the patient of an image: its folder, or the image itself without one."""
        return self._by_key[key].patient

    def size(self, key: str) -> Size:
        """Find the height and width of an image."""
        return self._read(key)[0]

    def undrawn(self, key: str) -> Labels:
        """Find the reference masks of an image as the files have them."""
        return self._read(key)[1]

    def labels(self, key: str) -> np.ndarray:
        """Draw the reference masks of an image.

        Args:
            key: Key of the image.

        Returns:
            Packed map, without classes in places where they are unknown.
        """
        size, labels, unknown = self._read(key)
        packed = labels.draw(*size, self._num_classes)
        if unknown is None or unknown.regions is None:
            return packed
        return without(packed, unknown.regions.draw(*size, self._num_classes))

    def runs(self, key: str) -> list[np.ndarray]:
        """Find the runs of every class of an image."""
        return encode(self.labels(key), self._num_classes)

    def unknown(self, key: str) -> Unknown | None:
        """Find what is unknown in an image."""
        return self._read(key)[2]

    def _read_file(self, key: str) -> tuple[Size, Labels, Unknown | None]:
        path = self.files.folder / self._by_key[key].name
        image = self._images.path(key) if self._images else None
        size = read_image_size(image) if image else self._size
        polygons, problems, named = read_annotations(
            path, self._known.label_indices(), size, self._skip_labels
        )
        labels, unknown, contradictions = self._known.of_image(key, polygons, path, named)
        problems += contradictions
        if problems:
            raise problems[0]
        size = size or annotated_size(path)
        if size is None:
            raise DatasetError.at(
                path,
                'the metadata does not tell height and width of the image',
                'Add --size HEIGHT WIDTH if all images have one size, or --images FOLDER',
            )
        return size, labels, unknown


class SubmissionReference:
    """Reference masks, or a second opinion, from a CSV.

    Args:
        path: The CSV.
        classes: Class names in bit order.
        size: Height and width of all images.
        images: Images, whose headers tell their sizes and whose folders are the patients.
        known: The classes that images do not know.
    """

    def __init__(
        self,
        path: Path,
        classes: Sequence[str],
        size: Size | None = None,
        images: NamedFiles | None = None,
        known: KnownClasses | None = None,
    ) -> None:
        self.place = str(path)
        self._known = known or KnownClasses(classes)
        self._size = size
        self._images = images
        self._masks = read_submission(path, classes, num_pixels(self.size))
        self.names = list(self._masks)
        by_normal_form(self.names, path)
        self._keys = {normal_form(without_suffix(name)): name for name in self.names}

    def key(self, name: str) -> str | None:
        """Find the key that an image has here, or None."""
        return name if name in self._masks else self._keys.get(normal_form(without_suffix(name)))

    def patient(self, key: str) -> str:
        """Name the patient of an image: its folder, or the image itself without one."""
        file = self._images.find(key) if self._images else None
        return file.patient if file else patient_of(key)

    def size(self, key: str) -> Size | None:
        """Find the height and width of an image, None if they are not known."""
        path = self._images.path(key) if self._images else None
        return read_image_size(path) if path else self._size

    def unknown(self, key: str) -> Unknown | None:
        """Find the classes that are unknown in an image; the file itself has no place for them."""
        _, unknown, problems = self._known.of_image(key, self.undrawn(key), self.place)
        if problems:
            raise problems[0]
        return unknown

    def undrawn(self, key: str) -> Labels:
        """Find the masks of an image as the file has them."""
        return pack_runs(dict(enumerate(self._masks[key])), 'C')

    def labels(self, key: str) -> np.ndarray:
        """Draw the masks of an image, as a packed map."""
        size = self.size(key)
        if size is None:
            raise HandboneError(
                f'{self.place} does not tell the size of image {shown(key)}: add --size HEIGHT '
                'WIDTH or --images FOLDER.'
            )
        return decode(self._masks[key], *size)

    def runs(self, key: str) -> list[np.ndarray]:
        """Find the runs of every class of an image."""
        return self._masks[key]


ReferenceMasks = AnnotationReference | SubmissionReference


def num_pixels(size_of: Callable[[str], Size | None]) -> Callable[[str], int | None]:
    """Count the pixels of images whose sizes are known."""

    def count(name: str) -> int | None:
        size = size_of(name)
        return None if size is None else size[0] * size[1]

    return count


def patient_of(name: str) -> str:
    """Name the patient of an image: the first folder of its name, or the name without one."""
    parts = PurePosixPath(name).parts
    return parts[0] if len(parts) > 1 else name


def match_names(
    path: Path, masks: Mapping[str, object], reference: ReferenceMasks, common: bool
) -> dict[str, str]:
    """Pair the images of a submission with those of the reference masks.

    Args:
        path: The submission, for errors.
        masks: Its images by name.
        reference: The reference masks.
        common: Take the images that both have.

    Returns:
        Key of the reference masks by image name, in the order of the submission.

    Raises:
        HandboneError: If the sets of images differ and ``common`` is not set, if they have no image
            in common, or if two names mean one image.
    """
    by_normal_form(masks, path)
    keys = {name: reference.key(name) for name in masks}
    pairs = {name: key for name, key in keys.items() if key is not None}
    seen: dict[str, str] = {}
    for name, key in pairs.items():
        if key in seen:
            raise HandboneError(
                f'{path}: {shown(seen[key])} and {shown(name)} are the same image of '
                f'{reference.place}. Keep the rows of one of them.'
            )
        seen[key] = name
    extra = [name for name in masks if name not in pairs]
    missing = [key for key in reference.names if key not in seen]
    if not pairs:
        raise HandboneError(
            f'{path} and {reference.place} have no image in common: {listed(extra)} there, '
            f'{listed(missing)} here. Check that they belong to the same data.'
        )
    if (extra or missing) and not common:
        faults = []
        if extra:
            faults.append(f'{len(extra)} are not in {reference.place} ({listed(extra)})')
        if missing:
            faults.append(f'{len(missing)} of {reference.place} are missing ({listed(missing)})')
        raise HandboneError(
            f'{path}: of its {counted(len(masks), "image")} {len(pairs)} can be scored; '
            f'{"; ".join(faults)}. Add what is missing, or score the '
            f'{counted(len(pairs), "common image")} with --common.'
        )
    return pairs
