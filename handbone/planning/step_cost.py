"""What a training step costs on this machine: measured where it has the device, else estimated."""

import time
from collections.abc import Callable
from statistics import median

import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from handbone.checkpoints.pretrained import drop_pretrained
from handbone.configuration.shipped import base_path
from handbone.resource_errors import is_gpu_full

from .plan import CostOf, Step, StepCost
from .training_step import training_step

#: Steps that are timed, after one that warms up.
TIMED = 3
#: Steps that warm a GPU up, while cuDNN tries its algorithms.
WARM_UP = 2
#: Share of a GPU's memory up to which it is the one that is meant: one of 24 GB has 23.6 to 25.8.
NEARLY = 1.1


def is_here(device: str, memory: float) -> bool:
    """Whether this machine has a device, so that its steps can be measured.

    Args:
        device: ``'cpu'`` or ``'cuda'``.
        memory: Bytes that a GPU is said to have.

    Returns:
        False without a GPU, and where the one here has less memory.
    """
    return device == 'cpu' or (torch.cuda.is_available() and memory <= NEARLY * _gpu_memory())


def cost_on(
    device: str, num_classes: int, image_seconds: float, workers: int, memory: float
) -> CostOf:
    """Choose how costs are found.

    Args:
        device: ``'cpu'`` or ``'cuda'``, whether this machine has it or not.
        num_classes: Number of classes.
        image_seconds: Time in which one process loads and augments an image.
        workers: Processes that load images.
        memory: Bytes of the device.

    Returns:
        What a step costs. One that does not fit costs more than the memory.
    """

    def estimated(step: Step) -> StepCost:
        return _estimated(step, num_classes)

    if not is_here(device, memory):
        return estimated

    def measured(step: Step) -> StepCost:
        estimate = estimated(step)
        if device == 'cpu' and estimate.memory > memory:
            return estimate  # the system would end the process
        try:
            seconds, peak = _measure(step, num_classes, device)
        except RuntimeError as error:
            if not is_gpu_full(error):
                raise
            return estimate._replace(memory=max(estimate.memory, int(memory), _gpu_memory()))
        finally:
            torch.cuda.empty_cache()
        loading = step.batch * image_seconds
        if device == 'cpu':
            # workers and network share the cores
            seconds += loading / torch.get_num_threads()
            return StepCost(seconds, estimate.memory, True, False)
        return StepCost(max(seconds, loading / max(workers, 1)), peak, True, True)

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


def _gpu_memory() -> int:
    return torch.cuda.get_device_properties(0).total_memory


def _estimated(step: Step, num_classes: int) -> StepCost:
    pixels = step.size[0] * step.size[1]
    arguments = (pixels, step.batch, step.half, step.recompute)
    memory = step.kind.estimated_bytes(*arguments, num_classes)
    return StepCost(step.kind.estimated_seconds(*arguments), memory, False, False)


def _measure(step: Step, num_classes: int, device: str) -> tuple[float, int]:
    """Measure the median time of a step and, on a GPU, its peak memory."""
    config = step_config(step, num_classes)
    model = MODELS.build(config.model).to(device).train()
    run = training_step(config, model, step.batch, step.size[::-1], step.precision)
    if device == 'cpu':
        run()
        return _seconds(run), 0
    for _ in range(WARM_UP):
        run()
    torch.cuda.reset_peak_memory_stats()
    seconds = _seconds(run)
    return seconds, torch.cuda.max_memory_reserved()


def _seconds(run: Callable[[], None]) -> float:
    times = []
    for _ in range(TIMED):
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return median(times)
