"""Mixed precision and compilation, checked against the hardware before any data is read."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import torch
from mmengine.config import Config

from handbone.errors import HandboneError

#: Names of data types on the command line and what configs call them.
DTYPES = {'bf16': 'bfloat16', 'fp16': 'float16'}
#: Names that Linux gives to processors' bfloat16 instructions: x86-64 and Arm.
BFLOAT16_FLAGS = {'avx512_bf16', 'amx_bf16', 'bf16'}
CPU_INFO = Path('/proc/cpuinfo')
NO_INSTRUCTIONS = 'this processor has no bfloat16 instructions (avx512_bf16, amx_bf16)'
FLOAT32_REMEDY = 'train in float32 with --precision fp32'


def use_precision(cfg: Config, precision: str) -> None:
    """Choose float32 or mixed precision, whatever the config asks for.

    Args:
        cfg: Configuration, changed in place.
        precision: ``fp32``, or ``bf16`` or ``fp16`` for mixed precision.
    """
    wrapper = cfg.optim_wrapper
    if precision == 'fp32':
        wrapper.type = 'OptimWrapper'
        _drop_amp_settings(wrapper)
        return
    former = wrapper.get('dtype')
    if former is not None and str(former).removeprefix('torch.') != DTYPES[precision]:
        wrapper.pop('loss_scale', None)  # it was chosen for the other precision
    wrapper.type = 'AmpOptimWrapper'
    wrapper.dtype = DTYPES[precision]


def check_amp(cfg: Config) -> None:
    """Refuse mixed precision that the hardware has no instructions for.

    Without a GPU, bfloat16 runs through ``CPUAmpOptimWrapper`` if the processor supports it. The
    loss is scaled only for float16, unless the configuration says otherwise.

    Args:
        cfg: Configuration, changed in place.

    Raises:
        HandboneError: If the hardware cannot do it; the message says what to choose instead.
    """
    wrapper = cfg.get('optim_wrapper', {})
    kind = getattr(wrapper.get('type'), '__name__', wrapper.get('type'))
    if kind not in ('AmpOptimWrapper', 'CPUAmpOptimWrapper'):
        if kind == 'OptimWrapper':
            _drop_amp_settings(wrapper)
        return
    # mmengine's choice if the config names none
    default = 'float16' if torch.cuda.is_available() else 'bfloat16'
    dtype = str(wrapper.get('dtype') or default).removeprefix('torch.')
    if torch.cuda.is_available():
        # older GPUs emulate it, which is slower than float32
        if dtype == 'bfloat16' and not torch.cuda.is_bf16_supported(including_emulation=False):
            raise HandboneError(
                f'{torch.cuda.get_device_name()} has no bfloat16: use --precision fp16, or '
                f'{FLOAT32_REMEDY}'
            )
        if dtype == 'bfloat16':
            # bfloat16 has float32's exponent; mmengine would scale, unscale and check anyway
            wrapper.setdefault('loss_scale', dict(enabled=False))
        return
    if dtype != 'bfloat16':
        raise HandboneError(
            f'mixed precision in {dtype} needs a GPU, and there is none: {FLOAT32_REMEDY}'
        )
    if not cpu_has_bfloat16():
        raise HandboneError(
            f'there is no GPU, and {NO_INSTRUCTIONS}, without which bfloat16 is slower than '
            f'float32: {FLOAT32_REMEDY}'
        )
    wrapper.type = 'CPUAmpOptimWrapper'
    _drop_amp_settings(wrapper)


def _drop_amp_settings(wrapper: dict) -> None:
    """Remove the settings that only mmengine's GPU wrapper accepts."""
    for setting in ('dtype', 'loss_scale', 'use_fsdp'):
        wrapper.pop(setting, None)


def cpu_has_bfloat16() -> bool:
    """Tell whether the processor has bfloat16 instructions, according to Linux."""
    if not CPU_INFO.is_file():
        return False
    return not BFLOAT16_FLAGS.isdisjoint(CPU_INFO.read_text(encoding='utf-8').split())


def use_compile(cfg: Config) -> None:
    """Compile the network, unless the configuration already does.

    Args:
        cfg: Configuration, changed in place.
    """
    if 'compile' not in (cfg.get('default_hooks') or {}):
        cfg.merge_from_dict({'default_hooks.compile': dict(type='CompileHook')})


def check_compile(cfg: Config) -> None:
    """Refuse ``torch.compile`` where its compiler is missing.

    Args:
        cfg: Configuration, with ``CompileHook`` as ``default_hooks.compile`` or mmengine's own
            ``compile``.

    Raises:
        HandboneError: If inductor, the default backend, cannot run on this machine.
    """
    options = cfg.get('compile') or (cfg.get('default_hooks') or {}).get('compile')
    if not options:
        return
    if isinstance(options, dict) and options.get('backend', 'inductor') != 'inductor':
        return
    if torch.cuda.is_available():
        if find_spec('triton') is None:
            raise HandboneError(
                'torch.compile needs Triton: python -m pip install triton, or do not compile'
            )
    elif not any(shutil.which(name) for name in (os.environ.get('CXX', 'g++'), 'clang++')):
        raise HandboneError(
            'torch.compile needs a C++ compiler and found none: install g++, or do not compile'
        )


def check_activation_checkpointing(cfg: Config) -> None:
    """Refuse mmengine's ``activation_checkpointing`` of a part that takes the image.

    It only trains parts whose inputs need gradients. An image needs none, so the part would keep
    its initial weights, and nothing but a warning from torch would say so.

    Args:
        cfg: Configuration.

    Raises:
        HandboneError: If it names the whole backbone.
    """
    named = cfg.get('activation_checkpointing') or []
    if 'backbone' in ([named] if isinstance(named, str) else named):
        raise HandboneError(
            "activation_checkpointing=['backbone'] would leave the backbone without gradients: "
            'use --cfg-options model.backbone.with_cp=True instead, for Swin, MiT, ConvNeXt and '
            'ResNet'
        )
