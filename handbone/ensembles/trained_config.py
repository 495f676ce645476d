"""The config that a checkpoint was trained with, from the checkpoint itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.config import Config

from handbone.checkpoints import load_checkpoint_file
from handbone.checkpoints.pretrained import drop_pretrained
from handbone.configuration.dumped_config import ConfigTextError, parse_config_text
from handbone.configuration.prediction_settings import prediction_settings
from handbone.errors import HandboneError

#: What stands in the place of mode and windows that another prediction replaces.
WINDOWS = ('mode', 'crop_size', 'stride', 'window_batch', 'window_sigma', 'logit_stride')


def trained_config(checkpoint: str) -> Config:
    """Read the config of a training from its checkpoint, without executing anything.

    Args:
        checkpoint: File of a checkpoint.

    Returns:
        The complete config, without the weights that the training began with.

    Raises:
        FileNotFoundError: If there is no such file.
        HandboneError: If the checkpoint does not hold its config.
    """
    meta = load_checkpoint_file(checkpoint, mmap=True).get('meta') or {}
    try:
        values = parse_config_text(meta.get('config_text') or '')
    except ConfigTextError as error:
        raise HandboneError(f'{checkpoint}: its config cannot be read ({error})') from error
    missing = [key for key in ('model', 'test_dataloader') if not values.get(key)]
    if missing:
        raise HandboneError(
            f'{checkpoint} does not hold the config that it was trained with ({missing[0]} is '
            'missing): members of an ensemble are checkpoints of `handbone train`'
        )
    values.pop('work_dir', None)
    cfg = Config(values)
    drop_pretrained(cfg)
    return cfg


def member_config(
    checkpoint: str,
    views: Sequence[Mapping[str, Any]] = ({},),
    prediction: Mapping[str, Any] | None = None,
    merge: str = 'probabilities',
) -> Config:
    """Read the config with which a checkpoint predicts as a member of an ensemble.

    Args:
        checkpoint: File of a checkpoint.
        views: Arguments of the views that are averaged.
        prediction: Settings of ``test_cfg`` in place of those of the config.
        merge: What the views average, ``probabilities`` or ``logits``.

    Returns:
        A config whose ``model`` gives the mean of the views.

    Raises:
        FileNotFoundError: If there is no such file.
        HandboneError: If the checkpoint does not hold its config.
    """
    cfg = trained_config(checkpoint)
    settings = prediction_settings(cfg)
    if prediction:
        for name in WINDOWS:
            settings.pop(name, None)
        settings.update(prediction)
    settings['postprocess'] = []
    if [dict(view) for view in views] != [{}]:
        averaged = [dict(view) for view in views]
        cfg.model = dict(type='MultilabelTTAModel', module=cfg.model, views=averaged, merge=merge)
    return cfg
