"""Put the two networks of a cascade into one checkpoint."""

from pathlib import Path

from mmengine.config import Config

from handbone.checkpoints import find_checkpoint, load_checkpoint_file, write_checkpoint
from handbone.checkpoints.fitting import CASCADE_PARTS, load_weights, part_that_fits, weights_of
from handbone.checkpoints.pretrained import drop_pretrained
from handbone.configuration.dataset_configs import dataset_classes
from handbone.configuration.faults import build_model
from handbone.configuration.known_settings import name_of
from handbone.errors import HandboneError


def join(cfg: Config, locator: str, network: str, out: str | Path) -> None:
    """Write the checkpoint of a cascade from those of its networks.

    The file is like one of a training with the config of the cascade: it can be tested, published,
    exported and so on. Where the checkpoint of a network is that of a cascade, its network of the
    same kind is taken.

    >>> cfg = read_config_file('configs/cascade/hand.py')
    >>> join(cfg, 'work_dirs/hand_locator', 'work_dirs/hand_network', 'hand.pth')

    Args:
        cfg: Complete configuration of the cascade, changed in place.
        locator: Checkpoint or work dir of the network that finds the region.
        network: Checkpoint or work dir of the network that labels it.
        out: The checkpoint to write.

    Raises:
        FileNotFoundError: If a checkpoint does not exist.
        HandboneError: If the config is not that of a cascade, or a checkpoint does not fit it.
        CheckpointWriteError: If the file cannot be written.
    """
    missing = [part for part in CASCADE_PARTS if not isinstance(cfg.model.get(part), dict)]
    if missing:
        raise HandboneError(
            f'{name_of(cfg)} is not the config of a cascade: its model has no '
            f'{" and no ".join(missing)}'
        )
    drop_pretrained(cfg)  # the checkpoints have all weights
    text = cfg.pretty_text
    model = build_model(cfg)
    classes = dataset_classes(cfg)
    paths = [find_checkpoint(path) for path in (locator, network)]
    for part, path in zip(CASCADE_PARTS, paths, strict=True):
        content = load_checkpoint_file(path)
        weights = part_that_fits(weights_of(content, path), getattr(model, part), [part])
        content = {**content, 'state_dict': weights}
        wanted = f'the {part} of {name_of(cfg)}'
        load_weights(getattr(model, part), content, path, classes, wanted)
    # the classes with their colours are those of the network that labels
    meta = dict(content.get('meta') or {})
    for name in ('epoch', 'iter', 'thresholds'):
        meta.pop(name, None)
    meta.update(config_text=text, joined=dict(zip(CASCADE_PARTS, paths, strict=True)))
    write_checkpoint(out, model.state_dict(), meta)
