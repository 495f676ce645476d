"""Predict what an archive of images lacks, on all processes and each image once."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from handbone.errors import HandboneError, shown
from handbone.files import put_in_place
from handbone.inference.predictor import Predictor, default_batch_size
from handbone.quality.model import QualityModel

from .cluster import check_address, map_tables, processes_for, ray_session
from .failures import Failures
from .folder import ArchiveFolder
from .hashing import add_known_hashes, hash_images
from .review import Review, write_review
from .work_unit_predictor import WorkUnitPredictor, WorkUnitSettings
from .work_units import cut_work_units, predicted_hashes

#: Files that a process hashes at once.
HASHED_TOGETHER = 64
#: Seconds after which the small tables are written again.
SAVE_EVERY = 30


@dataclass(frozen=True)
class ArchiveSummary:
    """What a run has done.

    Attributes:
        images: Images that were listed.
        predicted: Images that this run predicted.
        failures: Failures of this run: ``image``, ``image_hash``, ``model_hash`` and ``error``.
        earlier_failures: Images that failed in an earlier run and were not tried again.
        review: The queue for review, where a model of quality judges the images.
    """

    images: int
    predicted: int
    failures: pd.DataFrame
    earlier_failures: int
    review: Review | None = None

    @property
    def known(self) -> int:
        """Images that were in the archive before, or have the same bytes as a different image."""
        return self.images - self.predicted - len(self.failures) - self.earlier_failures


@dataclass(frozen=True)
class Workforce:
    """Which processes predict, and how.

    Attributes:
        address: Cluster, as for :func:`handbone.archive.cluster.ray_session`; ``None`` is this
            machine.
        actors: Processes that predict; ``None`` is one per GPU, or one per core without GPUs.
        device: ``cpu`` or ``cuda``; ``None`` takes GPUs where there are some.
        batch_size: Images predicted at once; ``None`` is 8 on GPUs, 1 on CPUs.
        images_per_file: Most images of one Parquet file, which are also the most that are predicted
            again when a process dies.
    """

    address: str | None = None
    actors: int | None = None
    device: str | None = None
    batch_size: int | None = None
    images_per_file: int = 128


def predict_archive(
    images: Mapping[str, str],
    folder: ArchiveFolder,
    open_predictor: Callable[[str], Predictor],
    *,
    workforce: Workforce | None = None,
    retry_failures: bool = False,
    quality: QualityModel | None = None,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> ArchiveSummary:
    """Predict the images that the archive lacks.

    Processes write the runs of a work unit of images into a folder of unfinished files. Only the
    process that started them brings those into the archive: what is left by a process that dies,
    or that outlives a killed run, is never seen. Images that cannot be read or predicted are noted
    with the reason, and the run continues with the others.

    Args:
        images: Name in the submission of every image, by its path.
        folder: The archive.
        open_predictor: Opens the model on a device, ``open_predictor('cpu')``; once here, where it
            predicts nothing and the device is ``meta``, and once in each process, so it has to be
            picklable.
        workforce: Which processes predict. Default: all of this machine.
        retry_failures: Try the images again that failed before.
        quality: Predicts the Dice of each mask, by which the images are sorted for review; the
            predictor has to tell how sure it is. Images that the archive has are not judged again.
        report: Is told the images that are done and how many there are to do.

    Returns:
        What was done.

    Raises:
        HandboneError: If the archive, the model and the cluster do not fit each other, or a name of
            an image is not valid UTF-8.
        OSError: If the archive cannot be written.
    """
    _check_names(images)
    workforce = workforce or Workforce()
    with ExitStack() as stack:
        if workforce.address is not None:
            # whether there is a cluster should be known before the model is opened
            check_address(workforce.address)
            stack.enter_context(ray_session(workforce.address))
        predictor = open_predictor('meta')
        stack.enter_context(folder.writing())
        model_hash = predictor.model_hash
        folder.add_model(model_hash, predictor.classes, predictor.thresholds)
        if quality is not None:
            quality.check_classes(predictor.classes, 'the model that predicts')
        del predictor  # its memory is needed by those who predict
        failures = Failures(folder, model_hash)
        stack.callback(failures.save)
        run = _Run(folder, workforce, failures, stack)
        listed = run.hash(images, retry_failures)
        earlier = failures.earlier(listed)
        before = predicted_hashes(folder, model_hash)
        units = list(
            cut_work_units(
                listed.dropna(subset='image_hash'),
                before | failures.hashes(),
                workforce.images_per_file,
            )
        )
        predicted = run.predict(units, model_hash, open_predictor, report, quality)
        review = None if quality is None else write_review(folder, model_hash)
    return ArchiveSummary(len(listed), predicted, failures.new(), earlier, review)


def _check_names(images: Mapping[str, str]) -> None:
    """Check that Parquet can hold the names of images."""
    for name in chain.from_iterable(images.items()):
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise HandboneError(
                f'{shown(name)}: the name of this file is not valid UTF-8, and an archive holds no '
                'other names. Rename the file; `convmv` does that for whole folders.'
            ) from error


class _Run:
    """The two passes over the images; Ray starts when one of them has something to do."""

    def __init__(
        self, folder: ArchiveFolder, workforce: Workforce, failures: Failures, stack: ExitStack
    ) -> None:
        self._folder = folder
        self._workforce = workforce
        self._failures = failures
        self._stack = stack

    def hash(self, images: Mapping[str, str], retry_failures: bool) -> pd.DataFrame:
        """Hash what is new or changed and bring the table of images up to date."""
        known = self._folder.images()
        listed = pd.DataFrame({'image': list(images), 'image_name': list(images.values())})
        listed = add_known_hashes(listed, known)
        if retry_failures:
            listed['hashed'] &= listed['image_hash'].notna()
            self._failures.forget(listed)
        others = known[~known['image'].isin(listed['image'])]
        save = partial(self._save, listed, others)
        places = pd.Series(listed.index, index=listed['image'])
        for hashed in _regularly(self._hashes(listed), save):
            at = places[hashed['image'].to_pylist()].to_numpy()
            listed.loc[at, 'image_hash'] = np.array(hashed['image_hash'].to_pylist(), object)
            listed.loc[at, 'hashed'] = True
            self._note_errors(hashed)
        self._failures.forget_changed(listed)
        save()
        return listed

    def predict(
        self,
        units: list[pa.Table],
        model_hash: str,
        open_predictor: Callable[[str], Predictor],
        report: Callable[[int, int], None],
        quality: QualityModel | None,
    ) -> int:
        """Predict work units and bring their files into the archive; counts the images."""
        if not units:
            return 0
        self._connect()
        device, actors = processes_for(self._workforce.device, self._workforce.actors)
        settings = WorkUnitSettings(
            root=str(Path.cwd()),
            unfinished=str(self._folder.unfinished.absolute()),
            model_hash=model_hash,
            batch_size=self._workforce.batch_size or default_batch_size(device),
            quality=quality,
        )
        arguments = (partial(open_predictor, device), settings)
        receipts = map_tables(units, WorkUnitPredictor, arguments, actors, device)
        total, done, predicted = sum(len(unit) for unit in units), 0, 0
        report(0, total)
        for receipt in _regularly(receipts, self._failures.save):
            if receipt['stop'][0].is_valid:
                raise HandboneError(receipt['stop'][0].as_py())
            if receipt['file'][0].is_valid:
                self._commit(receipt['file'][0].as_py())
            self._note_errors(receipt)
            done += len(receipt)
            predicted += receipt['error'].null_count
            report(done, total)
        return predicted

    def _connect(self) -> None:
        """Start this machine's Ray, unless one is there."""
        self._stack.enter_context(ray_session(processes=self._workforce.actors))

    def _hashes(self, listed: pd.DataFrame) -> Iterator[pa.Table]:
        new = listed.loc[~listed['hashed'], ['image']]
        if not len(new):
            return
        tables = [
            pa.Table.from_pandas(new[start : start + HASHED_TOGETHER], preserve_index=False)
            for start in range(0, len(new), HASHED_TOGETHER)
        ]
        work = partial(hash_images, root=str(Path.cwd()))
        if self._workforce.address is not None:
            yield from map_tables(tables, work)
        else:  # threads hash as fast as processes, and start at once
            with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
                yield from pool.map(work, tables)

    def _save(self, listed: pd.DataFrame, others: pd.DataFrame) -> None:
        """Write the table of images, those of this run in front and in their order."""
        hashed = listed[listed['hashed']]
        self._folder.write_images(pd.concat([hashed, others]) if len(others) else hashed)
        self._failures.save()

    def _note_errors(self, rows: pa.Table) -> None:
        for row in rows.filter(rows['error'].is_valid()).to_pylist():
            self._failures.add(row['image'], row['image_hash'], row['error'])

    def _commit(self, file: str) -> None:
        """Bring a work unit's file into the archive; it is on the disk before it has its name."""
        unfinished, target = self._folder.unfinished / file, self._folder.runs / file
        target.parent.mkdir(parents=True, exist_ok=True)
        if not unfinished.exists():
            raise HandboneError(
                f'a process has written {unfinished}, which is not visible here: --out-dir '
                'must be on a disk that all machines of the cluster share'
            )
        put_in_place(unfinished, target)


def _regularly(
    tables: Iterator[pa.Table], action: Callable[[], None], seconds: float = SAVE_EVERY
) -> Iterator[pa.Table]:
    """Pass tables on, with an action before the next one whenever some time has passed."""
    last = time.monotonic()
    for table in tables:
        yield table
        if time.monotonic() - last > seconds:
            action()
            last = time.monotonic()
