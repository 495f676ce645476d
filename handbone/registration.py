"""The parts of handbone in the registries of mmseg and mmengine."""

import contextlib
import gc
import io
import sys
import warnings
from collections.abc import Iterator
from importlib import import_module

#: Every module that registers something, or a package that imports such modules.
REGISTERING = (
    'checkpoints.durable_backend',
    'checkpoints.loading',
    'datasets.format_dataset',
    'datasets.multilabel_dataset',
    'datasets.mixed_sampler',
    'datasets.repeat_factor_sampler',
    'datasets.section_dataset',
    'datasets.transforms',
    'datasets.xray_hand_bone_dataset',
    'engine',
    'ensembles.distillation',
    'ensembles.ensemble_test_loop',
    'evaluation.dice_metric',
    'evaluation.exclusive_iou_metric',
    'evaluation.overlap_metric',
    'evaluation.surface_metric',
    'evaluation.threshold_metric',
    'models',
    'postprocessing.components',
    'postprocessing.dense_crf',
    'postprocessing.holes',
    'quality.uncertainty_metric',
    'regions.class_region',
    'regions.template_region',
    'visualization.local_visualizer',
)


_notes: list[str] = []


def runs_command() -> bool:
    """Tell whether this process runs the command ``handbone``."""
    return getattr(sys.modules.get('handbone_command'), 'running', False)


def register() -> None:
    """Register every dataset, transform, model, hook, metric and so on, once per process.

    mmseg and mmcv print and warn about parts that are not installed, which most models do not need:
    :func:`import_notes` has these notes.
    """
    printed = io.StringIO()
    with (
        warnings.catch_warnings(record=True) as caught,
        contextlib.redirect_stdout(printed),
        _outside_garbage_collection(),
    ):
        try:
            for name in REGISTERING:
                import_module(f'handbone.{name}')
        except BaseException:
            sys.stderr.write(printed.getvalue())
            raise
    _notes.extend(printed.getvalue().splitlines())
    _notes.extend(f'{each.category.__name__}: {each.message}' for each in caught)


@contextlib.contextmanager
def _outside_garbage_collection() -> Iterator[None]:
    """Keep what is imported out of garbage collection: none of it is garbage.

    The search takes over a second. A program searches again afterwards; a command never searches
    what it has imported.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if runs_command():
            gc.freeze()  # not even when the process ends
        if enabled:
            gc.enable()


def import_notes() -> list[str]:
    """List what packages printed and warned while they were imported, for the log of a run.

    Returns:
        One text per note.
    """
    return list(dict.fromkeys(_notes))
