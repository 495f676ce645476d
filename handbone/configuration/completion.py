"""Defaults and checks of settings that a run needs."""

from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope

from handbone.errors import HandboneError

from .known_settings import name_of, nearest
from .secrets import refuse_secrets

#: Top-level settings that a training, a test and a validation need.
TRAINING = ('model', 'train_dataloader', 'train_cfg', 'optim_wrapper')
TESTING = ('model', 'test_dataloader', 'test_cfg', 'test_evaluator')
VALIDATION = ('val_dataloader', 'val_cfg', 'val_evaluator')


def complete_config(cfg: Config, needed: Sequence[str]) -> None:
    """Set defaults in a config, and refuse one that lacks what a run needs.

    Without a ``launcher`` there is one process, without a ``work_dir`` it is
    ``work_dirs/<name of the file>``, and names are looked up in mmseg's registries first. For a
    test, a training or a validation that is set only in part is left out.

    Args:
        cfg: Configuration, changed in place.
        needed: The settings that must be there: ``TRAINING`` or ``TESTING``.

    Raises:
        HandboneError: If one of them is missing, validation is set only in part, or the config
            holds a secret.
    """
    refuse_secrets(cfg)
    _refuse_missing(cfg, needed, 'are needed')
    if any(cfg.get(name) is not None for name in VALIDATION[:2]) and needed == TRAINING:
        _refuse_missing(cfg, VALIDATION, 'belong together')
    if needed == TESTING:
        _leave_out_parts(cfg)
    for name, value in (('launcher', 'none'), ('default_scope', 'mmseg')):
        if cfg.get(name) is None:
            cfg[name] = value
    if cfg.get('work_dir') is None:
        cfg.work_dir = default_work_dir(cfg)
    init_default_scope(cfg.default_scope)


def use_validation_images(cfg: Config) -> None:
    """Let a test read and score the validation images in place of the test images.

    Without a ``val_evaluator`` they are scored as the test images would be.

    Args:
        cfg: Configuration, changed in place.

    Raises:
        HandboneError: If no images are held out for validation.
    """
    if cfg.get('val_dataloader') is None:
        raise HandboneError(f'{name_of(cfg)} has no val_dataloader, so no images are held out')
    cfg.test_dataloader = cfg.val_dataloader
    if cfg.get('val_evaluator') is not None:
        cfg.test_evaluator = cfg.val_evaluator


def use_drawing(cfg: Config, folder: str) -> None:
    """Let a test draw its predictions.

    A config without a hook or a visualizer that draws packed maps gets the usual ones.

    Args:
        cfg: Configuration, changed in place.
        folder: Where the pictures go.
    """
    hooks = dict(cfg.get('default_hooks') or {})
    own = hooks.get('visualization') or dict(type='MultilabelVisualizationHook')
    hooks['visualization'] = dict(own, draw=True, out_dir=folder)
    cfg.default_hooks = hooks
    if cfg.get('visualizer') is None:
        cfg.visualizer = dict(type='MultilabelLocalVisualizer')


def default_work_dir(cfg: Config) -> str:
    """Name the work dir of a config that does not name one: ``work_dirs/<name of the file>``."""
    return str(Path('work_dirs') / Path(getattr(cfg, 'filename', None) or 'run').stem)


def _leave_out_parts(cfg: Config) -> None:
    """Leave out a training or validation that is set only in part, which mmengine refuses."""
    for names in (TRAINING[1:], VALIDATION):
        if any(cfg.get(name) is None for name in names):
            for name in (*names, *(('param_scheduler',) if 'optim_wrapper' in names else ())):
                cfg.pop(name, None)


def _refuse_missing(cfg: Config, names: Sequence[str], why: str) -> None:
    missing = [name for name in names if cfg.get(name) is None]
    if missing:
        others = {*cfg} - {*names}
        raise HandboneError(
            f'{name_of(cfg)} has no {", ".join(missing)}{nearest(missing[0], others, 0.8)}: '
            f'{", ".join(names)} {why}'
        )
