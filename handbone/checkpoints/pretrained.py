"""Find the pretrained weights that a configuration names, before the run starts."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlparse

from mmengine.config import Config
from mmengine.runner.checkpoint import get_external_models

from handbone.checkpoints.download import PretrainedWeightsError
from handbone.checkpoints.weight_source import is_weight_source, weight_file
from handbone.errors import HandboneError
from handbone.starter import WEIGHTS

from .fitting import check_starter_classes
from .loading import load_checkpoint_file, starter_or_file


def drop_pretrained(cfg: Config) -> None:
    """Remove every reference to pretrained weights from the model.

    Args:
        cfg: Configuration, changed in place.
    """
    for part, key in list(_pretrained_parts(cfg.model)):
        part[key] = None


def fetch_pretrained(cfg: Config, classes: Callable[[], Sequence[str]] | None = None) -> None:
    """Download the pretrained weights that are missing, and check those that are there.

    Args:
        cfg: Configuration; it keeps the names of the sources, so that it runs elsewhere too.
        classes: Gives the names of the dataset's classes, which have to be those of the starter
            weights where these are named; not compared by default.

    Raises:
        MissingExtraError: If a package of weights is not installed.
        PretrainedWeightsError: If a file cannot be downloaded (the message says where to put it),
            does not exist, or has another hash than its source states.
        HandboneError: If the starter weights do not fit.
    """
    for part, key in _pretrained_parts(cfg.model):
        if key == 'init_cfg':
            part, key = part['init_cfg'], 'checkpoint'
        source = resolve_model_zoo(part[key])
        if key == 'encoder_weights' and not is_weight_source(source):
            continue  # segmentation_models.pytorch looks it up
        name = str(weight_file(source)) if is_weight_source(source) else source
        if starter_or_file(name) == str(WEIGHTS):
            if classes is not None:
                content = load_checkpoint_file(name, mmap=True)
                check_starter_classes(content, name, classes(), key)
            _check_prefix(cfg, part, key)
        elif _is_missing(name):
            raise PretrainedWeightsError(
                f'pretrained weights {source} do not exist; correct `{key}` in the config, '
                'or train from scratch with --from-scratch'
            )


def resolve_model_zoo(source: str) -> str:
    """Translate a name of OpenMMLab's zoo, such as ``open-mmlab://resnet50_v1c``, into its URL.

    Args:
        source: URL, path or name.

    Returns:
        The URL of a name in the zoo; anything else unchanged.
    """
    scheme, _, name = source.partition('://')
    if scheme not in ('open-mmlab', 'openmmlab'):
        return source
    return get_external_models().get(name, source)


def _check_prefix(cfg: Config, part: dict, key: str) -> None:
    """Refuse to look in the starter weights for names that they do not have."""
    whole = part is cfg.model.get('init_cfg') and cfg.model.get('type') == 'RegionCascade'
    if not whole and not part.get('prefix'):
        raise HandboneError(
            f'{key}={part[key]!r}: the starter weights are those of a cascade, so nothing of them '
            "would be loaded. Start from what fits by load_from='starter', or name the network in "
            "init_cfg: prefix='network.'"
        )


def _is_missing(source: str) -> bool:
    return not urlparse(source).scheme and not Path(source).is_file()


def _pretrained_parts(part: object) -> Iterator[tuple[dict, str]]:
    """Find the entries of a model's configuration that name weights.

    Yields:
        The dict and its key: ``init_cfg`` of type ``Pretrained``, the older ``pretrained``, or
        ``encoder_weights``, a name that segmentation_models.pytorch looks up itself.
    """
    if isinstance(part, dict):
        init_cfg = part.get('init_cfg')
        if isinstance(init_cfg, dict) and init_cfg.get('type') == 'Pretrained':
            yield part, 'init_cfg'
        if isinstance(part.get('pretrained'), str):
            yield part, 'pretrained'
        if isinstance(part.get('encoder_weights'), str):
            yield part, 'encoder_weights'
        for value in part.values():
            yield from _pretrained_parts(value)
    elif isinstance(part, (list, tuple)):
        for value in part:
            yield from _pretrained_parts(value)
