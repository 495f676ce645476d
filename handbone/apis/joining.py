"""Put the networks of a cascade into one checkpoint."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config

from handbone.checkpoints import find_checkpoint, load_checkpoint_file, write_checkpoint
from handbone.checkpoints.fitting import load_weights, part_that_fits, weights_of
from handbone.checkpoints.pretrained import drop_pretrained
from handbone.configuration.dataset_configs import dataset_classes
from handbone.configuration.faults import build_model
from handbone.configuration.known_settings import name_of
from handbone.errors import HandboneError, counted, listed
from handbone.listing import normal_forms


def join(cfg: Config, checkpoints: Sequence[str], out: str | Path) -> None:
    """Write the checkpoint of a cascade from those of its networks.

    The file is like one of a training with the config of the cascade: it can be tested, published,
    exported and so on. Where the checkpoint of a network is that of a cascade, its network of the
    same kind is taken.

    >>> cfg = read_config_file('configs/cascade/hand.py')
    >>> join(cfg, ['work_dirs/hand_locator', 'work_dirs/hand_network'], 'hand.pth')

    Args:
        cfg: Complete configuration of the cascade, changed in place.
        checkpoints: Checkpoint or work dir of each network in the order in which they run: of a
            :class:`RegionCascade` the locator and the network, of a :class:`SecondLook` the first
            stage and the network of each group of regions.
        out: The checkpoint to write.

    Raises:
        FileNotFoundError: If a checkpoint does not exist.
        HandboneError: If the config is not that of a cascade, or a checkpoint does not fit it.
        CheckpointWriteError: If the file cannot be written.
    """
    drop_pretrained(cfg)  # the checkpoints have all weights
    text = cfg.pretty_text
    model = build_model(cfg)
    parts = getattr(model, 'parts', None)
    if parts is None:
        raise HandboneError(
            f'{name_of(cfg)} is not the config of a cascade: its model is a {cfg.model.type}, '
            'which has one network'
        )
    if len(parts) != len(checkpoints):
        raise HandboneError(
            f'{name_of(cfg)} has {counted(len(parts), "network")}, {", ".join(parts)}: give the '
            f'checkpoint or work dir of each in this order, not {len(checkpoints)}'
        )
    classes = dataset_classes(cfg)
    _check_regions(model, classes)
    paths = [find_checkpoint(path) for path in checkpoints]
    for part, path in zip(parts, paths, strict=True):
        content = load_checkpoint_file(path)
        network = model.get_submodule(part)
        weights, _ = part_that_fits(weights_of(content, path), network, [part])
        content = {**content, 'state_dict': weights}
        wanted = f'the {part} of {name_of(cfg)}'
        load_weights(network, content, path, classes, wanted)
    # the classes with their colours are those of the network that labels
    meta = dict(content.get('meta') or {})
    for name in ('epoch', 'iter', 'thresholds'):
        meta.pop(name, None)
    meta.update(config_text=text, joined=dict(zip(parts, paths, strict=True)))
    write_checkpoint(out, model.state_dict(), meta)


def _check_regions(model: Any, classes: Sequence[str]) -> None:
    """Compare the class lists of the regions with that of the dataset."""
    for region in (each for look in getattr(model, 'looks', ()) for each in look.regions):
        own = getattr(region, 'class_list', normal_forms(classes))
        if own != normal_forms(classes):
            raise HandboneError(
                f'region {region.name!r}: its class_list is not the class list of the dataset: '
                f'{listed([name for name in own if name not in normal_forms(classes)]) or "order"}'
            )
