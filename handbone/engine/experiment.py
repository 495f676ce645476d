"""Whether a checkpoint is of the experiment that a config describes."""

from collections.abc import Mapping
from logging import Logger
from typing import Any

from mmengine.config import Config

from handbone.configuration.dumped_config import (
    ConfigTextError,
    config_differences,
    parse_config_text,
)
from handbone.errors import HandboneError

#: What makes another experiment of it: the optimizer's state or the held-out images would not be
#: those that the weights were trained with. CheckpointCompatibilityHook compares the rest.
DECISIVE = (
    'model.type',
    'model.backbone.type',
    'model.decode_head.type',
    'optim_wrapper.optimizer.type',
    'optim_wrapper.constructor',
    'optim_wrapper.paramwise_cfg',
    'train_cfg.type',
    'train_cfg.by_epoch',
    'train_dataloader.dataset.type',
    'train_dataloader.dataset.ann_file',
    'train_dataloader.dataset.fold',
    'train_dataloader.dataset.num_folds',
)
#: What differs between any two starts.
DIFFERENT_IN_EVERY_RUN = (
    'launcher',
    'load_from',
    'start_from',
    'resume',
    'work_dir',
    'filename',
    'allow_pickle',
)
#: Pretrained weights count no more once a training has begun.
PRETRAINED = ('init_cfg', 'init_cfg.checkpoint', 'pretrained', 'encoder_weights')
SHOWN = 12


def check_same_experiment(path: str, meta: Mapping, cfg: Config, logger: Logger) -> None:
    """Stop where a checkpoint of another experiment would be resumed; say what else differs.

    Args:
        path: The checkpoint, for the message.
        meta: Its ``meta``, with ``config_text``; without a text nothing is compared.
        cfg: The config of the run.
        logger: Where differences are written that do not hinder.

    Raises:
        HandboneError: If kind of model, optimizer or the choice of images differ.
    """
    try:
        old = parse_config_text(meta.get('config_text') or '')
        new = parse_config_text(cfg.pretty_text)
    except ConfigTextError as error:
        logger.warning(f'The config in {path} is not compared: {error}.')
        return
    if not old:
        return
    differences = [
        difference
        for difference in config_differences(old, new)
        if not _differs_anyway(difference[0])
    ]
    decisive = [each for each in differences if _is_decisive(each[0])]
    if decisive:
        raise HandboneError(
            f'{path} is of another experiment: {"; ".join(map(_said, decisive[:SHOWN]))}. Give '
            'its own config, or the work dir of this config; to start from its weights instead: '
            f'--cfg-options load_from={path}, without --resume'
        )
    if differences:
        lines = [f'  {_said(each)}' for each in differences[:SHOWN]]
        rest = len(differences) - SHOWN
        lines += [f'  and {rest} more'] if rest > 0 else []
        logger.warning('\n'.join(['The config differs from that of the interrupted run:', *lines]))


def _differs_anyway(key: str) -> bool:
    return key.partition('.')[0] in DIFFERENT_IN_EVERY_RUN or key.endswith(
        tuple(f'.{end}' for end in PRETRAINED)
    )


def _is_decisive(key: str) -> bool:
    return any(f'{key}.'.startswith(f'{each}.') or each.startswith(f'{key}.') for each in DECISIVE)


def _said(difference: tuple[str, Any, Any]) -> str:
    key, old, new = difference
    return f'{key} was {_short(old)}, is {_short(new)}'


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f'{text[:57]}...'
