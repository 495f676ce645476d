"""A config for a dataset, planned from its measures and from what its training may take."""

import json
import math
import os
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import psutil
import torch
from mmcv.transforms import Compose
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from handbone.datasets import (
    LoadPolygonAnnotations,
    LoadRadiograph,
    MultilabelDataset,
    PackMultilabelInputs,
    RandomAffine,
    RandomExposure,
)
from handbone.datasets.fold_file import folds_of, read_fold_file
from handbone.errors import HandboneError
from handbone.evaluation.drawn_tables import draw_table, plain_text
from handbone.files import write_atomically
from handbone.planning.config_text import config_text, is_planned
from handbone.planning.fingerprint import Fingerprint, is_fingerprint, take_fingerprint
from handbone.planning.plan import Budget, Plan, Step, StepCost
from handbone.planning.rules import make_plan
from handbone.planning.source import find_source
from handbone.planning.step_cost import cost_on, is_here
from handbone.progress import progress_bar

#: Images whose loading is timed.
LOADED = 5


class PlannedTraining(NamedTuple):
    """A plan and what it follows from.

    Attributes:
        config: The config file.
        fingerprint_file: The JSON file of the fingerprint.
        fingerprint: Measures of the dataset.
        plan: What was decided.
        notes: What needs a word.
    """

    config: Path
    fingerprint_file: Path
    fingerprint: Fingerprint
    plan: Plan
    notes: tuple[str, ...]

    def text(self) -> str:
        """Write the fingerprint and the plan as tables.

        Returns:
            Lines of text.
        """
        tables: list[tuple[Sequence[str], Sequence[Sequence[str]]]] = [
            (('Measure', 'Value'), _measures(self.fingerprint)),
            (('Class', 'In images', 'Area', 'Width', 'Side'), _classes(self.fingerprint)),
            (('Decision', 'Choice', 'Reason'), self.plan.reasons),
        ]
        left = ('Measure', 'Class', 'Side', 'Decision', 'Choice', 'Reason')
        drawn = [plain_text(draw_table(header, [rows], left)) for header, rows in tables]
        return '\n'.join([*self.notes, *drawn])


def plan(
    data: str | Path,
    out: str | Path,
    time_limit: float = 8 * 3600,
    device_memory: float | None = None,
    source_format: str | None = None,
    images: str | Path | None = None,
    classes: Sequence[str] | None = None,
    patient_pattern: str | None = None,
    reader_options: Mapping[str, Any] | None = None,
    device: str | None = None,
    rename: Mapping[str, str] | None = None,
    skip: Collection[str] = (),
    fold_file: str | Path | None = None,
) -> PlannedTraining:
    """Measure a dataset and write a config that trains on it.

    >>> planned = plan('data/phantom', 'configs/mine.py', time_limit=600)
    >>> print(planned.text())

    Args:
        data: File or folder of the labels, or the root of the hand-bone layout.
        out: The config to write; the fingerprint is written beside it, with the suffix ``.json``.
            Only an earlier fingerprint may be there.
        time_limit: Time of the training in seconds.
        device_memory: Memory of the GPU in GB (10^9 bytes). Without a GPU here that has as much,
            the plan is for one of that size. Default: that of the GPU here.
        source_format: Format of the dataset, as ``handbone convert`` names it; found out by
            default.
        images: Folder of the images; by default where the format has them.
        classes: Class names in bit order; by default those of the labels.
        patient_pattern: Regular expression with one group that finds the patient in the name of an
            image.
        reader_options: Further arguments of the format's reader.
        device: ``'cpu'`` or ``'cuda'``. Default: ``'cuda'`` with a GPU or ``device_memory``.
        rename: New name by the name in the labels; several may become one class.
        skip: Classes to leave out.
        fold_file: CSV of ``handbone folds``; by default patients are divided in their order.

    Returns:
        The plan, and the files that were written.

    Raises:
        HandboneError: The dataset is not valid, nothing fits into memory and time, or the config or
            the fingerprint would take the place of another file.
        OSError: A file cannot be read or written.
    """
    out = Path(out)
    fingerprint_file = _fingerprint_file(out)
    if not (math.isfinite(time_limit) and time_limit > 0):
        raise HandboneError(f'--time is more than 0, not {time_limit}')
    if device_memory is not None and not (math.isfinite(device_memory) and device_memory > 0):
        raise HandboneError(f'--device-memory is more than 0 GB, not {device_memory}')
    budget = _budget(device, device_memory, time_limit)
    init_default_scope('mmseg')
    source = find_source(
        data, source_format, images, classes, patient_pattern, reader_options, rename, skip
    )
    dataset = DATASETS.build(dict(source.settings, pipeline=[]))
    folds_given = None if fold_file is None else _folds_of(Path(fold_file), dataset)
    fingerprint = take_fingerprint(dataset, lambda each: progress_bar(each, 'Measuring images'))
    workers = min(2 if budget.device == 'cpu' else 8, os.cpu_count() or 1)
    cost_of = cost_on(
        budget.device,
        len(fingerprint.classes),
        _image_seconds(dataset, fingerprint),
        workers,
        budget.memory,
    )
    with progress_bar(description='Trying training steps', unit='step') as tried:

        def counted(step: Step) -> StepCost:
            cost = cost_of(step)
            tried.update()
            return cost

        decided = make_plan(fingerprint, budget, counted, folds_given)
    text = config_text(decided, fingerprint, source, out, workers)
    content = json.dumps(fingerprint.to_plain(), indent=1, ensure_ascii=False) + '\n'
    write_atomically(fingerprint_file, content.encode())
    write_atomically(out, text.encode())
    return PlannedTraining(out, fingerprint_file, fingerprint, decided, source.notes)


def _fingerprint_file(out: Path) -> Path:
    """Name the file of the fingerprint; what a plan did not write is not replaced."""
    if out.suffix != '.py':
        raise HandboneError(f'{out}: a config is a .py file. Name it so: --out {out.stem}.py')
    if out.exists() and not is_planned(out):
        raise HandboneError(
            f'{out} is there and is not the config of an earlier plan, whose place it would have. '
            f'Name the config otherwise: --out {out.stem}_plan.py'
        )
    path = out.with_suffix('.json')
    if path.exists() and not is_fingerprint(path):
        raise HandboneError(
            f'{path} is there and is not the fingerprint of an earlier plan, whose place it would '
            f'have. Name the config otherwise: --out {out.stem}_plan.py'
        )
    return path


def _budget(device: str | None, memory: float | None, seconds: float) -> Budget:
    """Find out what the training may take."""
    there = torch.cuda.is_available()
    if device is None:
        device = 'cuda' if there or memory is not None else 'cpu'
    if device == 'cpu':
        available = psutil.virtual_memory().available
        return Budget('cpu', int(memory * 1e9) if memory else available, seconds)
    if memory is None:
        if not there:
            raise HandboneError(
                'There is no GPU here. Say how much memory the one of the training has: '
                '--device-memory GB'
            )
        memory = torch.cuda.get_device_properties(0).total_memory / 1e9
    lacking = is_here('cuda', memory * 1e9) and not torch.cuda.is_bf16_supported()
    half = 'float16' if lacking else 'bfloat16'
    return Budget('cuda', int(memory * 1e9), seconds, half)


def _folds_of(path: Path, dataset: MultilabelDataset) -> tuple[int, str]:
    """Check that a CSV has a fold for every patient, and count the folds."""
    number = max(read_fold_file(path).values(), default=0) + 1
    folds_of(
        path, [dataset.get_data_info(index)['patient'] for index in range(len(dataset))], number
    )
    return number, path.as_posix()


def _image_seconds(dataset: MultilabelDataset, fingerprint: Fingerprint) -> float:
    """Measure how long one process takes to load and augment an image."""
    size = (min(fingerprint.long_side, 1024),) * 2
    pipeline = Compose(
        [
            LoadRadiograph(color_type='color' if fingerprint.color else 'grayscale'),
            RandomAffine(size=size, degrees=10, scale=(0.8, 1.25)),
            LoadPolygonAnnotations(frame='image'),
            RandomExposure(),
            PackMultilabelInputs(),
        ]
    )
    seconds = []
    for index in np.linspace(0, len(dataset) - 1, LOADED).round().astype(int):
        begin = time.perf_counter()
        pipeline(dataset.get_data_info(index))
        seconds.append(time.perf_counter() - begin)
    return median(seconds)


def _measures(fingerprint: Fingerprint) -> list[tuple[str, str]]:
    """Write the measures of all images."""
    low, middle, high = fingerprint.extent
    smallest, largest = (f'{w} x {h}' for w, h in (fingerprint.smallest, fingerprint.largest))
    return [
        ('images', str(fingerprint.images)),
        ('images whose pixels were read', str(fingerprint.measured_images)),
        ('patients', str(fingerprint.patients)),
        ('width x height, median', f'{fingerprint.width} x {fingerprint.height}'),
        ('smallest, largest', f'{smallest}, {largest}'),
        (
            'grey values, mean and deviation',
            f'{fingerprint.grey_mean:.0f}, {fingerprint.grey_deviation:.0f}',
        ),
        ('grey values, 1 % to 99 %', '{:.0f} to {:.0f}'.format(*fingerprint.grey_range)),
        ('labelled pixels with several classes', f'{fingerprint.overlap:.2%}'),
        ('pairs of classes that overlap', str(fingerprint.overlapping_pairs)),
        ('extent of the labels, 5 %, 50 %, 95 %', f'{low:.2f}, {middle:.2f}, {high:.2f}'),
        ('shift of the labels, deviation', f'{fingerprint.shift:.1%}'),
        ('thinnest class', fingerprint.thinnest.name),
    ]


def _classes(fingerprint: Fingerprint) -> list[tuple[str, ...]]:
    """Write the measures of each class."""
    return [
        (
            each.name,
            f'{each.presence:.0%}',
            f'{each.area:.3%}',
            f'{each.thickness:.0f}',
            each.side,
        )
        for each in fingerprint.classes
    ]
