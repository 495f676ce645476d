"""The hooks that keep a run from going wrong unnoticed, added to every config."""

from collections.abc import Mapping
from typing import Any

from mmengine.config import Config
from mmseg.registry import HOOKS

from .hooks import (
    CheckpointCompatibilityHook,
    ClassCountHook,
    InvalidLossHook,
    ModelInputHook,
    MosaicHook,
    OutputBiasHook,
)

#: Names of the guards in ``default_hooks``.
GUARDS = {
    'output_bias': OutputBiasHook,
    'checkpoint_compatibility': CheckpointCompatibilityHook,
    'class_count': ClassCountHook,
    'model_input': ModelInputHook,
    'mosaic': MosaicHook,
    'invalid_loss': InvalidLossHook,
}


def keep_guards(cfg: Config) -> None:
    """Add the guards that a config does not have yet.

    A guard that the config already has, under any name in ``default_hooks`` or ``custom_hooks``,
    keeps its settings; ``default_hooks.invalid_loss=None`` leaves one out. A config that does not
    mention a guard gets it, for example one whose ``custom_hooks`` replaced the list of its base.
    Only :class:`OutputBiasHook` is not added, because it changes what is trained.

    Args:
        cfg: Complete configuration, changed in place.
    """
    hooks = dict(cfg.get('default_hooks') or {})
    custom = list(cfg.get('custom_hooks') or [])
    for name, guard in GUARDS.items():
        others = [hook for key, hook in hooks.items() if key != name]
        if any(_is(hook, guard) for hook in [*others, *custom]):
            hooks.pop(name, None)
        elif guard is not OutputBiasHook:
            hooks.setdefault(name, dict(type=guard.__name__))
    cfg.default_hooks = hooks


def _is(hook: Any, guard: type) -> bool:
    kind = hook.get('type') if isinstance(hook, Mapping) else type(hook)
    kind = HOOKS.get(kind) if isinstance(kind, str) else kind
    return isinstance(kind, type) and issubclass(kind, guard)
