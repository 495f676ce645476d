"""Predicts work units in a separate process, on any machine of the cluster."""

import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
import pyarrow as pa

from handbone.errors import HandboneError
from handbone.extras import MissingExtraError
from handbone.file_hash import file_hash
from handbone.files import write_atomically
from handbone.inference.batches import Answer, predict_batches, read_ahead
from handbone.inference.image_failures import failure_text
from handbone.inference.predictor import Predictor, read_file
from handbone.masks import encode
from handbone.outputs.prediction import Prediction
from handbone.outputs.trust_table import prediction_signs
from handbone.postprocessing import flags_of
from handbone.quality.model import QualityModel
from handbone.radiographs import Radiograph

from .crash_log import MOST_CRASHES, CrashLog
from .tables import RUNS, TRUST, runs_bytes
from .work_units import work_unit_file

#: Batches that are read while the network predicts one.
BATCHES_AHEAD = 2
#: Errors of the model, the disk or the machine, after which the run cannot continue.
STOPPING_ERRORS = (OSError, MemoryError, RuntimeError, MissingExtraError)


@dataclass(frozen=True)
class WorkUnitSettings:
    """What every process of a prediction needs to know.

    Attributes:
        root: Folder from which relative paths of images start.
        unfinished: Folder for files that are not yet part of the archive.
        model_hash: Hash of the model's weights, as the process that started this one sees it.
        batch_size: Images predicted at once.
        quality: Predicts the Dice of each mask; None leaves that out.
    """

    root: str
    unfinished: str
    model_hash: str
    batch_size: int
    quality: QualityModel | None = None


class WorkUnitPredictor:
    """Reads, predicts and encodes the images of one work unit after another.

    An error that stops the whole run is returned as part of the answer, because Ray keeps only the
    text of errors that are raised in a different process.

    Args:
        open_predictor: Opens the model.
        settings: The folders, the model's hash and the batch size.
    """

    def __init__(self, open_predictor: Callable[[], Predictor], settings: WorkUnitSettings) -> None:
        self._settings = settings
        self._stop: str | None = None
        try:
            self._predictor = open_predictor()
        except (HandboneError, *STOPPING_ERRORS) as error:
            self._stop = f'{platform.node()}: {error}'
            return
        if self._predictor.model_hash != settings.model_hash:
            self._stop = (
                f'{platform.node()} has a different model under the same path: copy it there again'
            )

    def __call__(self, unit: pa.Table) -> pa.Table:
        """Predict a work unit and write its file into the folder of unfinished ones.

        Args:
            unit: ``image`` and ``image_hash``.

        Returns:
            ``image``, ``image_hash``, ``error`` (missing where there was none), ``file``, the place
            of the file below the folder of runs (missing where all failed), and ``stop``, why the
            run cannot continue (missing where it can).
        """
        file, stop = None, self._stop
        errors: dict[str, str] = {}
        if stop is None:
            try:
                file, errors = self._write(unit)
            except STOPPING_ERRORS as error:
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
        """Write the file of a work unit; returns its place, and the errors by the image's hash."""
        file = work_unit_file(self._settings.model_hash, unit['image_hash'].to_pylist())
        target = Path(self._settings.unfinished) / file
        images = [_Image(row['image'], row['image_hash']) for row in unit.to_pylist()]
        rows: list[pa.Table] = []
        errors: dict[str, str] = {}
        for answer in self._answers(images, CrashLog(target.with_suffix('.crashes'))):
            error = answer.error
            if answer.labels is not None:
                try:
                    rows.append(self._rows(answer))
                except Exception as fault:
                    error = failure_text(fault, answer.item.place, 'written')
            if error:
                errors[answer.item.hash] = error
        if rows:
            write_atomically(target, runs_bytes(pa.concat_tables(rows)))
        return file if rows else None, errors

    def _rows(self, answer: Answer['_Image']) -> pa.Table:
        classes = self._predictor.classes
        labels, radiograph = cast(np.ndarray, answer.labels), cast(Radiograph, answer.radiograph)
        rows = _rows(answer.item, labels, classes)
        if self._settings.quality is None:
            return rows
        flags = flags_of(labels, classes)
        prediction = Prediction(
            answer.item.place, labels, radiograph, flags, summary=answer.summary
        )
        signs = prediction_signs(prediction, classes).matrix()
        dice = self._settings.quality.predict(signs[None])[0]
        for column, field in zip([*signs.T, dice], TRUST, strict=True):
            rows = rows.append_column(field, pa.array(column, field.type, from_pandas=True))
        return rows

    def _answers(
        self, images: Sequence['_Image'], crash_log: CrashLog
    ) -> Iterator[Answer['_Image']]:
        """Predict images; those at which a process crashed come last and one by one."""
        size = self._settings.batch_size
        calm = [image for image in images if crash_log.crashes(image.hash) == 0]
        yield from self._predict(calm, crash_log, size, BATCHES_AHEAD * size)
        suspects = [image for image in images if 0 < crash_log.crashes(image.hash) < MOST_CRASHES]
        yield from self._predict(suspects, crash_log, 1, 0)
        for image in images:
            if crash_log.crashes(image.hash) >= MOST_CRASHES:
                error = f'{image.place}: the process ended {MOST_CRASHES} times at this image'
                yield Answer(image, None, None, error)

    def _predict(
        self, images: Sequence['_Image'], crash_log: CrashLog, batch_size: int, ahead: int
    ) -> Iterator[Answer['_Image']]:
        """Predict images in batches, reading ``ahead`` of them meanwhile."""

        def begun() -> Iterator['_Image']:
            for image in images:
                crash_log.begin(image.hash)
                yield image

        workers = self._settings.batch_size
        with closing(read_ahead(begun(), self._read, workers, ahead)) as read:
            for answers in predict_batches(self._predictor, read, batch_size):
                yield from answers
                crash_log.end([answer.item.hash for answer in answers])

    def _read(self, image: '_Image') -> Radiograph:
        path = Path(self._settings.root) / image.place
        if file_hash(path) != image.hash:
            raise HandboneError('it changed while images were predicted: predict again')
        return read_file(self._predictor, path)


class _Image(NamedTuple):
    """An image of a work unit: its path as given, and the hash of its bytes."""

    place: str
    hash: str


def _rows(image: _Image, labels: np.ndarray, classes: Sequence[str]) -> pa.Table:
    height, width = labels.shape[:2]
    runs = encode(labels, len(classes))
    ends = np.cumsum([0, *map(len, runs)])
    pairs = np.concatenate(runs)

    def lists(values: np.ndarray) -> pa.ListArray:
        return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.array(values))

    columns = [
        *([one] * len(classes) for one in (image.place, image.hash)),
        list(classes),
        *([one] * len(classes) for one in (height, width)),
        lists(pairs[:, 0] + 1),
        lists(pairs[:, 1]),
    ]
    return pa.table(columns, schema=RUNS)
