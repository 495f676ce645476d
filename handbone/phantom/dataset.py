"""Phantom datasets on disk, in the layout of the hand-bone data."""

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from multiprocessing.context import BaseContext
from pathlib import Path

import cv2

from handbone.annotations import annotation_json
from handbone.csv_files import csv_bytes
from handbone.errors import HandboneError
from handbone.files import write_atomically
from handbone.phantom.dataset_record import claim_folder
from handbone.phantom.generator import check_numbers, compose, generate, patient_of
from handbone.phantom.planted_faults import (
    COLUMNS,
    FaultSettings,
    PlannedFault,
    fault_row,
    plan_fault,
)
from handbone.phantom.presets import PRESETS, Preset, Settings
from handbone.progress import progress_bar

#: Test images and patients are numbered from here, so that a dataset can grow.
FIRST_TEST_INDEX = 1_000_000
FIRST_TEST_PATIENT = 5001

OTHER_SPLIT = {'train': 'test', 'test': 'train'}

TABLE_NAME = 'patients.csv'
FAULTS_NAME = 'faults.csv'


@dataclass(frozen=True)
class PhantomFile:
    """One image of a dataset: where its files are and how it is generated.

    Args:
        image: Path of the PNG.
        annotation: Path of the JSON; None if none is written.
        seed: Seed of the dataset.
        index: Number of the image.
        settings: Distributions to draw from.
        size: Side of the image in pixels.
        fault: What is wrong with it, if anything.
    """

    image: Path
    annotation: Path | None
    seed: int
    index: int
    settings: Settings
    size: int
    fault: PlannedFault | None = None

    @property
    def written(self) -> bool:
        """Whether both files exist; they only appear when they are complete."""
        return self.image.exists() and (self.annotation is None or self.annotation.exists())


def write_dataset(
    root: str | Path,
    train: int,
    test: int,
    seed: int = 0,
    size: int = 2048,
    preset: Preset = PRESETS['default'],
    test_truth: bool = True,
    workers: int = 1,
    progress: bool = False,
    faults: FaultSettings | None = None,
) -> int:
    """Write a phantom dataset; after an interruption, a second call continues.

    Args:
        root: Folder of the dataset.
        train: Number of training images, two per patient.
        test: Number of test images.
        seed: Seed of the dataset.
        size: Side of the images in pixels.
        preset: Settings of training and test images.
        test_truth: Whether the polygons of test images are written, to ``test/outputs_json``.
        workers: Number of processes.
        progress: Whether to show a progress bar.
        faults: Faults to plant; ``faults.csv`` lists where they are.

    Returns:
        Number of images written by this call.

    Raises:
        HandboneError: If a number is out of range, or the folder has a dataset with other settings.
    """
    if min(train, test) < 0 or train + test < 1 or workers < 1:
        raise HandboneError(f'nothing to write: train={train}, test={test}, workers={workers}')
    if max(train, test) > 2 * (FIRST_TEST_PATIENT - 1):
        raise HandboneError(f'a split can have at most {2 * (FIRST_TEST_PATIENT - 1)} images')
    check_numbers(seed, 0, size)
    root = Path(root)
    files = list(plan_files(root, train, test, seed, size, preset, test_truth, faults))
    claim_folder(root, train, test, seed, size, preset, faults)
    _write_table(root, train, test, seed, preset)
    if faults is not None:
        _write_faults(root, files)
    missing = [file for file in files if not file.written]
    bar = partial(
        progress_bar,
        total=len(files),
        initial=len(files) - len(missing),
        description='phantoms',
        shown=progress,
    )
    if workers == 1 or len(missing) < 2:
        for file in bar(missing):
            write_phantom(file)
    else:
        _write_in_processes(missing, workers, bar)
    return len(missing)


def plan_files(
    root: Path,
    train: int,
    test: int,
    seed: int,
    size: int,
    preset: Preset,
    test_truth: bool,
    faults: FaultSettings | None = None,
) -> Iterator[PhantomFile]:
    """List the files of a dataset.

    Args:
        root: Folder of the dataset.
        train: Number of training images.
        test: Number of test images.
        seed: Seed of the dataset.
        size: Side of the images in pixels.
        preset: Settings of training and test images.
        test_truth: Whether test images have polygons.
        faults: Faults to plant.

    Yields:
        One entry per image, training images first.
    """
    for split, first, number, count, settings in _splits(train, test, preset):
        for offset in range(count):
            index = first + offset
            patient = f'ID{number + offset // 2:03d}'
            # Distinct names that look like the clinic's: milliseconds, a minute or so apart.
            stamp = 1_661_000_000_000 + index * 61_001 + seed % 1_000 * 37
            name = f'image{stamp}_{"RL"[index % 2]}'
            fault = plan_fault(faults, seed, first, index)
            lies_in = OTHER_SPLIT[split] if fault and fault.in_other_split else split
            annotated = lies_in == 'train' or test_truth
            folder = root / lies_in / 'outputs_json' / patient
            annotation = folder / f'{name}.json' if annotated else None
            image = root / lies_in / 'DCM' / patient / f'{name}.png'
            yield PhantomFile(image, annotation, seed, index, settings, size, fault)


def write_phantom(file: PhantomFile) -> None:
    """Generate one image and write its files, the JSON last.

    Args:
        file: The image, and where it is written.
    """
    index = file.fault.source if file.fault else file.index
    phantom = generate(file.seed, index, file.settings, file.size)
    pixels, polygons = phantom.image, phantom.polygons
    if file.fault:
        pixels, polygons, _ = file.fault.plant(pixels, polygons)
    encoded, data = cv2.imencode('.png', pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not encoded:
        raise OSError(f'{file.image}: OpenCV could not encode the PNG')
    write_atomically(file.image, data.tobytes())
    if file.annotation is not None:
        height, width = pixels.shape
        content = annotation_json(polygons, file.image.stem, file.image.name, height, width)
        write_atomically(file.annotation, content)


def _splits(train: int, test: int, preset: Preset) -> Iterator[tuple[str, int, int, int, Settings]]:
    """Split name, first index, first patient number, images, settings."""
    yield 'train', 0, 1, train, preset.train
    yield 'test', FIRST_TEST_INDEX, FIRST_TEST_PATIENT, test, preset.test


def _write_in_processes(
    files: list[PhantomFile], workers: int, bar: Callable[[Iterable], Iterable]
) -> None:
    """Write files in several processes and stop all of them at the first error."""
    # Workers forked from this process would hang if OpenCV's threads have already run in it.
    if 'forkserver' in multiprocessing.get_all_start_methods():
        forkserver = multiprocessing.get_context('forkserver')
        forkserver.set_forkserver_preload([__name__])
        context: BaseContext = forkserver
    else:
        context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(workers, context, _prepare_worker) as pool:
        futures = [pool.submit(write_phantom, file) for file in files]
        try:
            for future in bar(as_completed(futures)):
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _prepare_worker() -> None:
    """Leave interrupts to the main process and the other cores to the other workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)


def _write_table(root: Path, train: int, test: int, seed: int, preset: Preset) -> None:
    """Write the patient table."""
    rows: list[Sequence[object]] = [['ID', 'age', 'sex', 'weight', 'height', 'notes']]
    for _, first, number, count, settings in _splits(train, test, preset):
        for offset in range(0, count, 2):
            patient = patient_of(seed, first + offset, settings)
            row = (patient.age, patient.sex, patient.weight, patient.height, patient.notes)
            rows.append([f'ID{number + offset // 2:03d}', *row])
    write_atomically(root / TABLE_NAME, csv_bytes(rows))


def _write_faults(root: Path, files: Sequence[PhantomFile]) -> None:
    """Write the list of faults."""
    names = {file.index: file.image.relative_to(root).as_posix() for file in files}
    rows: list[Sequence[object]] = [COLUMNS]
    for file in files:
        if file.fault is None:
            continue
        split, _, image = file.image.relative_to(root).as_posix().split('/', 2)
        source = file.fault.source
        polygons = compose(file.seed, source, file.settings, file.size).polygons
        copied = '' if source == file.index else names[source].split('/', 2)[2]
        row = fault_row(split, image, file.fault, polygons, file.size, copied)
        rows += [] if row is None else [row]
    write_atomically(root / FAULTS_NAME, csv_bytes(rows))
