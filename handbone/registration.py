"""The parts of handbone in the registries of mmseg and mmengine."""

import contextlib
import sys
from importlib import import_module

#: Every module that registers something, or a package that imports such modules.
REGISTERING = (
    'checkpoints.durable_backend',
    'checkpoints.loading',
    'datasets.multilabel_dataset',
    'datasets.transforms',
    'datasets.xray_hand_bone_dataset',
    'engine',
    'ensembles.ensemble_test_loop',
    'evaluation.dice_metric',
    'evaluation.surface_metric',
    'evaluation.threshold_metric',
    'models',
    'postprocessing.components',
    'postprocessing.dense_crf',
    'postprocessing.holes',
    'visualization.local_visualizer',
)


def register() -> None:
    """Register every dataset, transform, model, hook, metric and so on, once per process."""
    # mmseg prints notes about parts that are not installed; standard output is for results
    with contextlib.redirect_stdout(sys.stderr):
        for name in REGISTERING:
            import_module(f'handbone.{name}')
