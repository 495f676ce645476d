"""Masks out of an archive of predictions, image by image."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from handbone.archive.folder import ArchiveFolder
from handbone.archive.work_units import PREFIX_DIGITS, predicted_images
from handbone.datasets.formats.annotated_image import AnnotatedImage
from handbone.errors import HandboneError
from handbone.listing import normal_form, normal_forms
from handbone.masks.rle import check_runs
from handbone.submissions.image_names import spellings

from .layers import PredictionLayer
from .sentences import Sentence


class ArchiveLayer(PredictionLayer):
    """The masks that one model predicted for the images of an archive.

    Args:
        folder: The archive.
        model: Hash of the model.
        name: What the page calls it.

    Raises:
        HandboneError: Two images that the model has predicted have one name.
    """

    def __init__(self, folder: ArchiveFolder, model: str, name: str) -> None:
        super().__init__(folder.root, name, normal_forms(folder.classes))
        self._runs = folder.runs / f'model_hash={model}'
        known = folder.images()
        self._hashes: dict[str, str] = {}
        # of several images of one name, that which the model has predicted
        for images in (known, predicted_images(folder, model, known)):
            names = map(normal_form, images['image_name'])
            self._hashes |= zip(names, images['image_hash'], strict=True)

    def images(self) -> Sequence[str]:
        """List the names of the images; see the base class."""
        return list(self._hashes)

    def has(self, name: str) -> bool:
        """Tell whether the archive has an image."""
        return self._hash(name) is not None

    def runs(self, index: int, image: AnnotatedImage) -> list[np.ndarray] | None:
        """Read the masks of an image; see the base class."""
        digest = self._hash(image.name)
        files = self._runs / f'image_prefix={str(digest)[:PREFIX_DIGITS]}'
        if digest is None or not files.is_dir():
            return None
        try:
            rows = parquet.read_table(
                files,
                columns=['class', 'starts', 'lengths'],
                filters=[('image_hash', '==', digest)],
                partitioning=None,
            ).to_pylist()
        except (pa.ArrowException, OSError) as error:
            reason = str(error).partition('\n')[0]
            raise HandboneError(
                Sentence(
                    'said_unreadable', '{name} cannot be read: {reason}', name=files, reason=reason
                )
            ) from error
        if not rows:
            return None
        found = {normal_form(row['class']): row for row in rows}
        return [self._of_class(found.get(normal_form(name)), image) for name in self.classes]

    def _of_class(self, row: dict | None, image: AnnotatedImage) -> np.ndarray:
        """Give the runs of a class, starts from 0."""
        if row is None:
            return np.zeros((0, 2), np.int64)
        runs = np.array([row['starts'], row['lengths']], np.int64).reshape(2, -1).T - (1, 0)
        place = f'{self.path}, image {image.name}: '
        check_runs(runs, image.height * image.width, place)
        return runs

    def _hash(self, name: str) -> str | None:
        found = next((each for each in spellings(name) if each in self._hashes), None)
        return None if found is None else self._hashes[found]


def archive_layers(path: Path, name: str) -> list[PredictionLayer]:
    """Open an archive.

    Args:
        path: Its folder.
        name: What the page calls it.

    Returns:
        One layer per model, named by the beginning of its hash if there are several.

    Raises:
        HandboneError: It is no archive, or nothing is predicted in it.
    """
    folder = ArchiveFolder(path)
    if not folder.models or not len(folder.images()):
        raise HandboneError(f'{path}: the archive has no predictions yet.')
    several = len(folder.models) > 1
    return [
        ArchiveLayer(folder, model, f'{name} {model[:8]}' if several else name)
        for model in folder.models
    ]
