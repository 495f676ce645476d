"""Predicts units of images, in a process of its own on whichever machine."""

import platform
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

from handbone.extras import MissingExtraError
from handbone.files import write_atomically
from handbone.inference.predictor import Predictor
from handbone.masks import encode
from handbone.radiographs import RadiographError, read_radiograph

from .attempts import MOST_ATTEMPTS, Attempts
from .hashing import file_hash
from .tables import RUNS, runs_bytes
from .unit import unit_file

#: Batches that are read while the network is busy.
AHEAD = 2
#: What a file that cannot be read raises, and an image that cannot be predicted; the rest is a
#: fault of the program or the machine.
READING_ERRORS = (RadiographError, OSError, MemoryError)
PREDICTION_ERRORS = (ValueError, MemoryError, torch.OutOfMemoryError)

#: Labels of an image, or why there are none.
_Answer = np.ndarray | str


@dataclass(frozen=True)
class UnitSettings:
    """What every process of a prediction needs to know.

    Attributes:
        root: Folder from which relative paths of images start.
        unfinished: Folder for files that are not yet part of the archive.
        model_hash: Hash of the model's weights, as the process that started this one sees it.
        batch_size: Images predicted at once.
    """

    root: str
    unfinished: str
    model_hash: str
    batch_size: int


class UnitPredictor:
    """Reads, predicts and encodes the images of one unit after another.

    What stops the whole run is passed on as an answer: of errors raised in another process Ray
    keeps the text alone.

    Args:
        open_predictor: Opens the model.
        settings: Where and how.
    """

    def __init__(self, open_predictor: Callable[[], Predictor], settings: UnitSettings) -> None:
        self._settings = settings
        self._stop = None
        try:
            self._predictor = open_predictor()
        except (ValueError, OSError, MissingExtraError) as error:
            self._stop = f'{platform.node()}: {error}'
            return
        self._window = getattr(self._predictor, 'window', 'file')
        if self._predictor.model_hash != settings.model_hash:
            self._stop = (
                f'{platform.node()} has another model under the same path: copy it there anew'
            )

    def __call__(self, unit: pa.Table) -> pa.Table:
        """Predict a unit and write its file into the folder of unfinished ones.

        Args:
            unit: ``image`` and ``image_hash``.

        Returns:
            ``image``, ``image_hash``, ``error`` (missing where there was none), ``file``, the place
            of the file below the folder of runs (missing where all failed), and ``stop``, why the
            run cannot go on (missing where it can).
        """
        file, errors, stop = None, {}, self._stop
        if stop is None:
            try:
                file, errors = self._write(unit)
            except (OSError, MissingExtraError) as error:
                stop = f'{platform.node()}: {error}'
        columns = {
            'error': [errors.get(one) for one in unit['image_hash'].to_pylist()],
            'file': [file] * len(unit),
            'stop': [stop] * len(unit),
        }
        for name, values in columns.items():
            unit = unit.append_column(name, pa.array(values, pa.string()))
        return unit

    def _write(self, unit: pa.Table) -> tuple[str | None, dict[str, str]]:
        """Write the file of a unit; returns its place, and the errors by the image's hash."""
        file = unit_file(self._settings.model_hash, unit['image_hash'].to_pylist())
        target = Path(self._settings.unfinished) / file
        attempts = Attempts(target.with_suffix('.attempts'))
        rows: list[pa.Table] = []
        errors: dict[str, str] = {}
        for image, answer in self._answers(unit, attempts):
            if isinstance(answer, str):
                errors[image.hash] = answer
            else:
                rows.append(_rows(image, answer, self._predictor.classes))
        if rows:
            write_atomically(target, runs_bytes(pa.concat_tables(rows)))
        return file if rows else None, errors

    def _answers(self, unit: pa.Table, attempts: Attempts) -> Iterator[tuple['_Image', _Answer]]:
        """Predict a unit, in the end and one by one the images at which a process died."""
        images = [_Image(row['image'], row['image_hash']) for row in unit.to_pylist()]
        calm = [image for image in images if attempts.deaths(image.hash) == 0]
        size = self._settings.batch_size
        batches = [calm[start : start + size] for start in range(0, len(calm), size)]
        yield from self._stream(batches, attempts, AHEAD)
        suspects = [image for image in images if 0 < attempts.deaths(image.hash) < MOST_ATTEMPTS]
        yield from self._stream([[image] for image in suspects], attempts, 0)
        for image in images:
            if attempts.deaths(image.hash) >= MOST_ATTEMPTS:
                yield image, f'the process ended {MOST_ATTEMPTS} times while it was at this image'

    def _stream(
        self, batches: Sequence[Sequence['_Image']], attempts: Attempts, ahead: int
    ) -> Iterator[tuple['_Image', _Answer]]:
        """Read batches, ``ahead`` of them while one is predicted."""
        with ThreadPoolExecutor(self._settings.batch_size) as pool:
            waiting = deque()
            for place in range(len(batches) + ahead):
                if place < len(batches):
                    attempts.begin([image.hash for image in batches[place]])
                    waiting.append([pool.submit(self._read, image) for image in batches[place]])
                if place >= ahead:
                    batch = [reading.result() for reading in waiting.popleft()]
                    yield from self._predict(batch)
                    attempts.end([image.hash for image in batch])

    def _read(self, image: '_Image') -> '_Image':
        path = Path(self._settings.root) / image.path
        try:
            if file_hash(path) != image.hash:
                return image.failed('it changed while images were predicted: predict again')
            return image.read(read_radiograph(path, self._window).image)
        except READING_ERRORS as error:
            return image.failed(_message(error))

    def _predict(self, batch: Sequence['_Image']) -> Iterator[tuple['_Image', _Answer]]:
        """Predict a batch; where that fails, its images one by one."""
        yield from ((image, image.error) for image in batch if image.error is not None)
        whole = [image for image in batch if image.error is None]
        if not whole:
            return
        try:
            labels = self._predictor.predict([image.grey for image in whole])
        except PREDICTION_ERRORS as error:
            if len(whole) == 1:
                yield whole[0], _message(error)
                return
            for image in whole:
                yield from self._predict([image])
        else:
            yield from zip(whole, labels, strict=True)


@dataclass(frozen=True)
class _Image:
    """An image on its way: its grey values when it is read, or why it failed."""

    path: str
    hash: str
    grey: np.ndarray | None = None
    error: str | None = None

    def read(self, grey: np.ndarray) -> '_Image':
        return _Image(self.path, self.hash, grey)

    def failed(self, error: str) -> '_Image':
        return _Image(self.path, self.hash, error=error)


def _message(error: Exception) -> str:
    return str(error) or type(error).__name__


def _rows(image: _Image, labels: np.ndarray, classes: Sequence[str]) -> pa.Table:
    height, width = labels.shape[:2]
    runs = encode(labels, len(classes))
    ends = np.cumsum([0, *map(len, runs)])
    pairs = np.concatenate(runs)

    def lists(values: np.ndarray) -> pa.ListArray:
        return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.array(values))

    columns = [
        *([one] * len(classes) for one in (image.path, image.hash)),
        list(classes),
        *([one] * len(classes) for one in (height, width)),
        lists(pairs[:, 0] + 1),
        lists(pairs[:, 1]),
    ]
    return pa.table(columns, schema=RUNS)
