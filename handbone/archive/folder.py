"""The folder of an archive: its files and its lock."""

import contextlib
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as parquet

from handbone.errors import HandboneError, shown
from handbone.files import write_atomically
from handbone.folder_lock import NAME as LOCK
from handbone.folder_lock import locked_folder
from handbone.listing import normal_forms
from handbone.masks import check_thresholds
from handbone.structure import Fields, check_class_list, check_structure, one_line, parse_json

from .tables import FAILURES, IMAGES, REVIEW, parquet_bytes

FORMAT = 'handbone archive 1'
DESCRIPTION = 'archive.json'
STRUCTURE = Fields(
    dict(format=str, classes=[str], models={str: Fields(dict(thresholds=[float]))}),
)


class ArchiveFolder:
    """Predictions of any number of images by any number of models with the same classes.

    - ``runs/model_hash=…/image_prefix=…/….parquet``: one row per image and class;
    - ``images.parquet``: every image that was listed, and the hash of its bytes;
    - ``failures.parquet``: images that could not be read or predicted, and why;
    - ``review-HASH.parquet``: images that a model of quality has judged, the doubtful ones first,
      one file per model;
    - ``archive.json``: the classes, and the thresholds of each model;
    - ``unfinished/``: files of the running prediction, not to be read.

    Args:
        root: The folder; an archive, or one that does not exist or is empty.

    Raises:
        HandboneError: If it holds something else.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        self.runs = self.root / 'runs'
        self.unfinished = self.root / 'unfinished'
        self._images = self.root / 'images.parquet'
        self._failures = self.root / 'failures.parquet'
        self._description = self._read_description()

    @property
    def classes(self) -> tuple[str, ...]:
        """Names in class order; none before the first model."""
        return tuple(self._description.get('classes', ()))

    @property
    def models(self) -> tuple[str, ...]:
        """Hashes of the models that predicted, in the order in which they came."""
        return tuple(self._description.get('models', {}))

    def add_model(
        self, model_hash: str, classes: Sequence[str], thresholds: Sequence[float]
    ) -> None:
        """Note which model is about to predict.

        Args:
            model_hash: Hash of its weights and all else that decides about its answers.
            classes: Names in class order.
            thresholds: Probability above which a class is present, one per class.

        Raises:
            HandboneError: If the archive has other classes.
        """
        known = self._description or {'format': FORMAT, 'classes': list(classes), 'models': {}}
        if normal_forms(known['classes']) != normal_forms(classes):
            held, predicted = (one_line(', '.join(names)) for names in (known['classes'], classes))
            raise HandboneError(
                f'{self.root} holds predictions of the classes {held}, but the model predicts '
                f'{predicted}: give a different --out-dir'
            )
        if model_hash not in known['models']:
            known['models'][model_hash] = {'thresholds': list(thresholds)}
            text = json.dumps(known, indent=2, ensure_ascii=False) + '\n'
            write_atomically(self.root / DESCRIPTION, text.encode(errors='surrogatepass'))
        self._description = known

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only one who writes; what an interrupted run left unfinished is removed.

        Yields:
            Nothing.

        Raises:
            FolderInUseError: If another process is writing.
        """
        with locked_folder(self.root):
            # whoever wrote before may have added a model since
            self._description = self._read_description()
            shutil.rmtree(self.unfinished, ignore_errors=True)
            try:
                yield
            finally:
                shutil.rmtree(self.unfinished, ignore_errors=True)

    def images(self) -> pd.DataFrame:
        """Read the images that are known, in the order in which they were listed."""
        return _read(self._images, IMAGES)

    def write_images(self, images: pd.DataFrame) -> None:
        """Replace the table of images."""
        write_atomically(self._images, parquet_bytes(images, IMAGES))

    def failures(self) -> pd.DataFrame:
        """Read the failures of all models."""
        return _read(self._failures, FAILURES)

    def write_failures(self, failures: pd.DataFrame) -> None:
        """Replace the table of failures."""
        write_atomically(self._failures, parquet_bytes(failures, FAILURES))

    def write_review(self, model_hash: str, review: pd.DataFrame) -> Path:
        """Replace the queue for review of a model; returns the file."""
        path = self.root / f'review-{model_hash[:12]}.parquet'
        write_atomically(path, parquet_bytes(review, REVIEW))
        return path

    def _read_description(self) -> dict[str, Any]:
        path = self.root / DESCRIPTION
        if self.root.is_dir() and not path.is_file():
            others = sorted(set(entry.name for entry in self.root.iterdir()) - {LOCK})
            if others:
                raise HandboneError(
                    f'{self.root} is not an archive of predictions, it holds {others[0]!r} and no '
                    f'{DESCRIPTION}: give a new or empty folder'
                )
        elif self.root.exists() and not self.root.is_dir():
            raise HandboneError(f'{self.root} is a file: give a folder')
        if not path.is_file():
            return {}
        try:
            content = parse_json(path.read_bytes(), str(path))
            _check_description(content, str(path))
        except HandboneError as error:
            raise HandboneError(f'{error}: restore it, or give a different --out-dir') from error
        return content


def _check_description(content: Any, place: str) -> None:
    """Check what the file ``archive.json`` holds."""
    if not isinstance(content, dict) or content.get('format') != FORMAT:
        raise HandboneError(f'{place} is not the description of a {FORMAT!r}')
    check_structure(content, STRUCTURE, place)
    check_class_list(content['classes'], [], place)
    for model, described in content['models'].items():
        # it is a part of the names of folders
        if not (model.isascii() and model.isalnum()):
            raise HandboneError(f'{place}: {one_line(shown(model))} is not the hash of a model')
        thresholds = described['thresholds']
        check_thresholds(thresholds, len(content['classes']), f'{place}: thresholds')


def _read(path: Path, schema: Any) -> pd.DataFrame:
    if not path.is_file():
        return schema.empty_table().to_pandas()
    try:
        return parquet.read_table(path, schema=schema).to_pandas()
    except ValueError as error:
        raise HandboneError(f'{path} cannot be read ({error}): restore or remove it') from error
