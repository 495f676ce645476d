"""Count and measure one config in a process of its own.

    python -m benchmarks.studies.model_cost upernet_swin_1536
    python -m benchmarks.studies.model_cost upernet_swin_1536 --size 512 --precision bfloat16

The first counts parameters and the operations of one image of 1536 x 1536; the second measures
training steps. The result is one line of JSON.
"""

import argparse
import json
import time
from statistics import median

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import handbone  # noqa: F401
from benchmarks.harness.memory import resident_peak
from benchmarks.harness.plain_packages import import_smp
from handbone.checkpoints.pretrained import drop_pretrained
from handbone.configuration.shipped import config_path
from handbone.engine.hooks.model_input_hook import SmallBatchError, check_input, logits_shape
from handbone.engine.memory import keep_freed_memory
from handbone.planning.training_step import training_step

COUNTED_SIZE = 1536


def count(model: nn.Module, size: int = COUNTED_SIZE) -> dict[str, int]:
    """Count what a model has and does; nothing is computed.

    Args:
        model: A segmentor.
        size: Height and width of the image.

    Returns:
        ``parameters``, of the auxiliary heads too, and ``flops`` of predicting the logits of one
        image: two for each multiplication with its addition, in convolutions, matrix products and
        attention.
    """
    parameters = sum(weight.numel() for weight in model.parameters())
    model.eval()
    model.auxiliary_head = None  # has no part in predictions
    with FlopCounterMode(display=False) as counter:
        logits_shape(model, (1, 3, size, size))
    return dict(parameters=parameters, flops=counter.get_total_flops())


def measure(
    config: Config, model: nn.Module, size: int, device: str, precision: str, repetitions: int
) -> dict[str, float]:
    """Measure training steps: losses, gradients and the optimiser's step.

    Args:
        config: The model's config, of which the optimiser is taken.
        model: The segmentor.
        size: Height and width of the images.
        device: ``'cpu'`` or ``'cuda'``.
        precision: ``'float32'``, ``'bfloat16'`` or ``'float16'``.
        repetitions: Steps to time, after those that warm up.

    Returns:
        ``images``, the batch size: 1, or 2 where BatchNorm needs it; ``seconds`` of a step, the
        median; ``bytes``, the peak with weights, gradients and the optimiser's state: of the
        allocator on a GPU, else of the process above what it held before the model was built.
    """
    model = model.to(device).train()
    images = batch_size(model, size)
    step = training_step(config, model, images, (size, size), precision)
    torch.backends.cudnn.benchmark = True
    step()
    if device == 'cuda':
        step()
        torch.cuda.reset_peak_memory_stats()  # cuDNN tried algorithms that it does not take
        step()
        peak = torch.cuda.max_memory_allocated()
    else:
        peak = resident_peak()
        # as tools/train.py does; before, freed arrays went back at once, so that memory is exact
        keep_freed_memory()
        step()
    seconds = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - begin)
    return dict(images=images, seconds=median(seconds), bytes=peak)


def batch_size(model: nn.Module, size: int) -> int:
    """Find the smallest batch that can be trained.

    Args:
        model: A segmentor in training mode.
        size: Height and width of the images.

    Returns:
        1, or 2 where BatchNorm needs it.
    """
    try:
        check_input(model, (1, 3, size, size))
    except SmallBatchError:
        return 2
    return 1


def build(config: Config) -> nn.Module:
    """Build the model of a config with random weights.

    Args:
        config: The config.

    Returns:
        The segmentor.
    """
    init_default_scope('mmseg')
    if config.model.type == 'SMPSegmentor':
        import_smp()
    drop_pretrained(config)
    return MODELS.build(config.model)


def main() -> None:
    """Count or measure, and print the result."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.studies.model_cost', description=__doc__
    )
    parser.add_argument('config', help='name of a config')
    parser.add_argument('--size', type=int, help='measure a training step at this size')
    parser.add_argument('--device', choices=['cpu', 'cuda'], default='cpu')
    parser.add_argument(
        '--precision', choices=['float32', 'bfloat16', 'float16'], default='float32'
    )
    parser.add_argument('--repetitions', type=int, default=3)
    arguments = parser.parse_args()
    config = Config.fromfile(config_path(arguments.config))
    before = resident_peak()
    model = build(config)
    if arguments.size is None:
        result = count(model)
    else:
        result = measure(
            config,
            model,
            arguments.size,
            arguments.device,
            arguments.precision,
            arguments.repetitions,
        )
        if arguments.device == 'cpu':
            result['bytes'] -= before
    print(json.dumps(result))


if __name__ == '__main__':
    main()
