"""Whether a checkpoint belongs to the experiment that a config describes."""

from collections.abc import Mapping
from logging import Logger

from mmengine.config import Config

from handbone.configuration.dumped_config import (
    ConfigTextError,
    config_differences,
    describe_difference,
    parse_config_text,
)
from handbone.errors import HandboneError

#: Settings whose change makes it a different experiment: the optimizer's state or the held-out
#: images would not be those of the stored weights. CheckpointCompatibilityHook compares the rest.
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
    'train_dataloader.dataset.fold_file',
)
#: Settings that may differ whenever a run is started.
DIFFERENT_IN_EVERY_RUN = (
    'launcher',
    'load_from',
    'start_from',
    'resume',
    'work_dir',
    'filename',
    'allow_pickle',
)
#: Endings of keys that name pretrained weights, which do not matter once training has begun.
PRETRAINED = ('init_cfg', 'init_cfg.checkpoint', 'pretrained', 'encoder_weights')
#: Number of differences that a message lists.
SHOWN = 12


def check_same_experiment(path: str, meta: Mapping, cfg: Config, logger: Logger) -> None:
    """Refuse to resume a checkpoint of a different experiment; warn of other differences.

    Args:
        path: The checkpoint, for messages.
        meta: Its ``meta``, with ``config_text``; nothing is compared without it.
        cfg: The config of the run.
        logger: Gets a warning about differences that do not prevent resuming.

    Raises:
        HandboneError: If the type of the model, the optimizer or the choice of images differs.
    """
    try:
        old = parse_config_text(meta.get('config_text') or '')
        new = parse_config_text(cfg.pretty_text)
    except ConfigTextError as error:
        logger.warning(f'The config in {path} cannot be compared: {error}.')
        return
    if not old:
        return
    differences = [
        difference for difference in config_differences(old, new) if not _may_differ(difference[0])
    ]
    decisive = [each for each in differences if _is_decisive(each[0])]
    if decisive:
        raise HandboneError(
            f'{path} belongs to a different experiment: '
            f'{"; ".join(describe_difference(*each) for each in decisive[:SHOWN])}. Give '
            'the config it was trained with, or a different work dir; to start from its weights '
            f'instead: --cfg-options load_from={path}, without --resume'
        )
    if differences:
        lines = [f'  {describe_difference(*each)}' for each in differences[:SHOWN]]
        rest = len(differences) - SHOWN
        lines += [f'  and {rest} more'] if rest > 0 else []
        logger.warning('\n'.join(['The config differs from that of the interrupted run:', *lines]))


def _may_differ(key: str) -> bool:
    return key.partition('.')[0] in DIFFERENT_IN_EVERY_RUN or key.endswith(
        tuple(f'.{end}' for end in PRETRAINED)
    )


def _is_decisive(key: str) -> bool:
    return any(f'{key}.'.startswith(f'{each}.') or each.startswith(f'{key}.') for each in DECISIVE)
