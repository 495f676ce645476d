"""Where bfloat16 pays, and where it does not: found out when a run starts."""

import logging
import time
from collections.abc import Mapping
from inspect import signature
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.logging import print_log
from mmseg.registry import MODELS

from handbone.checkpoints import load_checkpoint_file
from handbone.configuration.dumped_config import ConfigTextError, parse_config_text
from handbone.errors import HandboneError

from .acceleration import DTYPES, NO_INSTRUCTIONS, cpu_has_bfloat16, use_precision

#: Types of the network's computations; None is float32.
PRECISIONS = {'fp32': None, 'bf16': torch.bfloat16, 'fp16': torch.float16}
#: Values of ``precision`` in a config, and of ``--precision`` in training.
TRAINING_PRECISIONS = ('auto', 'fp32', *DTYPES)
#: Batch, channels and side of the maps of the probe.
PROBE = (2, 48, 64)
#: Share of float32's time that bfloat16 may take and still be chosen: less gain is noise.
WORTHWHILE = 0.9


class PrecisionChoice(NamedTuple):
    """What a run computes in.

    Attributes:
        precision: ``'fp32'``, ``'bf16'``, or ``'fp16'`` where an interrupted training has it.
        reason: Why, for the log.
    """

    precision: str
    reason: str

    def __str__(self) -> str:
        """One line for the log."""
        return f'Precision {self.precision}: {self.reason}'


def choose_precision(device: torch.device, probe: bool = True) -> PrecisionChoice:
    """Choose between float32 and bfloat16 by what the hardware can do.

    Args:
        device: Where to compute.
        probe: On a CPU, also measure whether bfloat16 is faster. Processes that have to choose
            alike do without, because measured times differ.

    Returns:
        The choice.
    """
    if device.type == 'cuda':
        name = torch.cuda.get_device_name(device)
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return PrecisionChoice('bf16', f'{name} has bfloat16')
        return PrecisionChoice('fp32', f'{name} has no bfloat16')
    if device.type != 'cpu':
        return PrecisionChoice('fp32', f'nothing is known of bfloat16 on {device.type}')
    if not cpu_has_bfloat16():
        return PrecisionChoice('fp32', NO_INSTRUCTIONS)
    if not probe:
        return PrecisionChoice('bf16', 'this processor has bfloat16 instructions; not measured')
    share = bfloat16_time()
    measured = f'convolutions in bfloat16 take {share:.2f} x the time of float32 here'
    return PrecisionChoice('bf16' if share <= WORTHWHILE else 'fp32', measured)


def bfloat16_time(repetitions: int = 5) -> float:
    """Measure how long convolutions in bfloat16 take on this processor.

    A 3 x 3 and a 1 x 1 convolution, forward and backward, in channels-last order: what bfloat16 is
    chosen for. No random number is drawn.

    Args:
        repetitions: Measurements of each, of which the fastest counts.

    Returns:
        The time as a share of that in float32.
    """
    batch, channels, side = PROBE
    values = torch.linspace(-1, 1, channels * side).repeat(batch * side)
    maps = values.reshape(batch, channels, side, side).to(memory_format=torch.channels_last)
    wide = torch.full((channels, channels, 3, 3), 0.01)
    weights = [
        each.to(memory_format=torch.channels_last).requires_grad_()
        for each in (wide, wide[..., :1, :1].contiguous())
    ]

    def seconds(enabled: bool) -> float:
        begin = time.perf_counter()
        with torch.enable_grad(), torch.autocast('cpu', torch.bfloat16, enabled=enabled):
            features = F.conv2d(F.conv2d(maps, weights[0], padding=1).relu(), weights[1])
        torch.autograd.grad(features.float().sum(), weights)
        return time.perf_counter() - begin

    times = [[seconds(enabled) for enabled in (False, True)] for _ in range(repetitions + 1)]
    # the first of each prepares kernels and memory
    plain, half = (min(column) for column in zip(*times[1:], strict=True))
    return half / plain


def settle_precision(cfg: Config, interrupted: str | None = None) -> PrecisionChoice | None:
    """Turn ``precision`` of a config into settings of the optimiser and the model.

    ``'auto'`` becomes the choice of :func:`choose_precision`. A resumed training keeps the
    precision of the interrupted one, so it ends as if it had not been interrupted. In bfloat16 on a
    CPU the weights of convolutions are kept in channels-last order.

    Args:
        cfg: Configuration, changed in place; ``precision`` is missing or None, where
            ``optim_wrapper`` decides, or one of :data:`TRAINING_PRECISIONS`.
        interrupted: The checkpoint that the training continues from, if any.

    Returns:
        The choice, for the log; None where nothing had to be chosen.

    Raises:
        HandboneError: If there is no such precision.
    """
    wanted = cfg.get('precision')
    if wanted is None:
        return None
    if wanted not in TRAINING_PRECISIONS:
        raise HandboneError(f'precision is one of {", ".join(TRAINING_PRECISIONS)}, got {wanted!r}')
    if wanted != 'auto':
        use_precision(cfg, wanted)
        return None
    choice = _former_choice(interrupted)
    if choice is None:
        device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
        choice = choose_precision(device, probe=cfg.get('launcher', 'none') == 'none')
    cfg.precision = choice.precision
    use_precision(cfg, choice.precision)
    if choice.precision == 'bf16' and not torch.cuda.is_available():
        _use_channels_last(cfg.model)
    return choice


def resolve_precision(precision: str, device: torch.device) -> str:
    """Turn ``'auto'`` into what to predict in, and say why.

    Args:
        precision: ``'auto'``, or a precision, which is returned.
        device: Where to compute.

    Returns:
        The precision.
    """
    if precision != 'auto':
        return precision
    choice = choose_precision(device)
    print_log(str(choice), logger='current', level=logging.INFO)
    return choice.precision


def use_test_precision(cfg: Config, precision: str) -> None:
    """Choose what a test computes the network in.

    mmengine's loops call it ``fp16``, whatever the type is.

    Args:
        cfg: Configuration, changed in place.
        precision: ``'auto'``, ``'fp32'``, ``'bf16'`` or, on GPUs, ``'fp16'``.

    Raises:
        HandboneError: If there is no such precision, or the device cannot do it.
    """
    device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    dtype = check_precision(resolve_precision(precision, device), device)
    cfg.test_cfg = dict(cfg.get('test_cfg') or dict(type='TestLoop'), fp16=dtype is not None)
    if dtype is None:
        return
    if device.type == 'cuda':
        torch.set_autocast_dtype('cuda', dtype)  # the loops take the type that is set here
    else:
        _use_channels_last(cfg.model)


def check_precision(precision: str, device: torch.device) -> torch.dtype | None:
    """Check that a device can compute in a precision.

    Args:
        precision: A key of :data:`PRECISIONS`.
        device: Where to compute.

    Returns:
        The type for :func:`autocast`.

    Raises:
        HandboneError: If there is no such precision, or the device cannot do it.
    """
    if precision not in PRECISIONS:
        raise HandboneError(f'precision is one of {", ".join(PRECISIONS)}, got {precision!r}')
    if precision == 'fp16' and device.type == 'cpu':
        raise HandboneError('precision fp16 needs a GPU: take bf16 or fp32')
    return PRECISIONS[precision]


def _former_choice(checkpoint: str | None) -> PrecisionChoice | None:
    """Read the precision of an interrupted training; None if there is none or it cannot be read."""
    if checkpoint is None:
        return None
    meta = load_checkpoint_file(checkpoint, mmap=True).get('meta') or {}
    try:
        former = parse_config_text(meta.get('config_text') or '')
    except ConfigTextError:
        return None
    if not former:
        return None
    precision = former.get('precision')
    if precision is None:
        precision = _of_wrapper(former.get('optim_wrapper') or {})
    return PrecisionChoice(precision, 'as in the interrupted training')


def _of_wrapper(wrapper: Mapping[str, Any]) -> str:
    """Tell what an optimiser's wrapper computes in."""
    if wrapper.get('type') not in ('AmpOptimWrapper', 'CPUAmpOptimWrapper'):
        return 'fp32'
    on_gpu = wrapper['type'] == 'AmpOptimWrapper' and torch.cuda.is_available()
    default = 'float16' if on_gpu else 'bfloat16'  # mmengine's choice if the config names none
    dtype = str(wrapper.get('dtype') or default).removeprefix('torch.')
    return 'fp16' if dtype == DTYPES['fp16'] else 'bf16'


def _use_channels_last(model: Mapping[str, Any]) -> None:
    """Keep convolutions in channels-last order, unless the config decides or the type cannot."""
    kind = model.get('type')
    kind = MODELS.get(kind) if isinstance(kind, str) else kind
    if kind is not None and 'channels_last' in signature(kind.__init__).parameters:
        model.setdefault('channels_last', True)  # type: ignore[attr-defined]
