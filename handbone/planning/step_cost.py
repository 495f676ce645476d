"""What a training step costs on this machine: measured where it has the device, else estimated."""

import time
from collections.abc import Callable
from statistics import median

import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from handbone.checkpoints.pretrained import drop_pretrained
from handbone.configuration.shipped import base_path

from .plan import CostOf, Step, StepCost
from .training_step import training_step

#: Steps that are timed, after one that warms up.
TIMED = 3
#: Steps that warm a GPU up, while cuDNN tries its algorithms.
WARM_UP = 2


def cost_on(device: str, num_classes: int, image_seconds: float, workers: int) -> CostOf:
    """Choose how costs are found.

    Args:
        device: ``'cpu'`` or ``'cuda'``, whether this machine has it or not.
        num_classes: Number of classes.
        image_seconds: Time in which one process loads and augments an image.
        workers: Processes that load images.

    Returns:
        What a step costs.
    """
    if device == 'cuda' and not torch.cuda.is_available():
        return _estimated

    def measured(step: Step) -> StepCost:
        seconds, memory = _measure(step, num_classes, device)
        loading = step.batch * image_seconds
        if device == 'cpu':
            # workers and network share the cores
            return StepCost(seconds + loading / torch.get_num_threads(), memory, True, False)
        return StepCost(max(seconds, loading / max(workers, 1)), memory, True, True)

    return measured


def step_config(step: Step, num_classes: int) -> Config:
    """Read the parts of a config that a step needs.

    Args:
        step: The step.
        num_classes: Number of classes.

    Returns:
        Model, data preprocessor and optimiser.
    """
    config = Config.fromfile(base_path(f'models/{step.kind.base}.py'))
    config.merge_from_dict(
        dict(Config.fromfile(base_path(f'schedules/{step.kind.schedule}.py'))._cfg_dict)
    )
    config.model.decode_head.num_classes = num_classes
    if step.kind.auxiliary:
        config.model.auxiliary_head.num_classes = num_classes
    if step.recompute:
        config.model.backbone.with_cp = True
    drop_pretrained(config)
    return config


def _estimated(step: Step) -> StepCost:
    pixels = step.size[0] * step.size[1]
    arguments = (pixels, step.batch, step.half, step.recompute)
    seconds = step.kind.estimated_seconds(*arguments)
    return StepCost(seconds, step.kind.estimated_bytes(*arguments), False, False)


def _measure(step: Step, num_classes: int, device: str) -> tuple[float, int]:
    """Measure the median time of a step and its peak memory."""
    config = step_config(step, num_classes)
    model = MODELS.build(config.model).to(device).train()
    run = training_step(config, model, step.batch, step.size[::-1], step.precision)
    if device == 'cpu':
        run()
        pixels = step.size[0] * step.size[1]
        memory = step.kind.estimated_bytes(pixels, step.batch, step.half, step.recompute)
        return _seconds(run), memory
    try:
        for _ in range(WARM_UP):
            run()
        torch.cuda.reset_peak_memory_stats()
        seconds = _seconds(run)
        memory = torch.cuda.max_memory_reserved()
    except torch.cuda.OutOfMemoryError:
        seconds, memory = float('inf'), torch.cuda.get_device_properties(0).total_memory * 2
    del model, run
    torch.cuda.empty_cache()
    return seconds, memory


def _seconds(run: Callable[[], None]) -> float:
    times = []
    for _ in range(TIMED):
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return median(times)
