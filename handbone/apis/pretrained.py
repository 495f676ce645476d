"""Find the pretrained weights that a configuration names, before the run starts."""

from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlparse

import torch
from mmengine.config import Config


class PretrainedWeightsError(RuntimeError):
    """Pretrained weights are neither on disk nor to be had from the network."""


def train_from_scratch(cfg: Config) -> None:
    """Remove every reference to pretrained weights from the model.

    Args:
        cfg: Configuration, changed in place.
    """
    for part in _pretrained_parts(cfg.model):
        part['init_cfg'] = None
    cfg.model['pretrained'] = None


def fetch_pretrained(cfg: Config) -> None:
    """Replace the URLs of pretrained weights by files, downloading what is missing.

    Args:
        cfg: Configuration, changed in place.

    Raises:
        PretrainedWeightsError: If a file cannot be downloaded; the message says where to put it.
    """
    for part in _pretrained_parts(cfg.model):
        source = part['init_cfg']['checkpoint']
        if urlparse(source).scheme in ('http', 'https'):
            part['init_cfg']['checkpoint'] = str(_download(source))
        elif not Path(source).is_file():
            raise PretrainedWeightsError(
                f'pretrained weights {source} do not exist; correct init_cfg.checkpoint, '
                'or train from scratch with --from-scratch'
            )


def _pretrained_parts(part: object) -> Iterator[dict]:
    """Walk through a model's configuration and yield the modules with ``Pretrained`` weights."""
    if isinstance(part, dict):
        init_cfg = part.get('init_cfg')
        if isinstance(init_cfg, dict) and init_cfg.get('type') == 'Pretrained':
            yield part
        for value in part.values():
            yield from _pretrained_parts(value)
    elif isinstance(part, (list, tuple)):
        for value in part:
            yield from _pretrained_parts(value)


def _download(url: str) -> Path:
    folder = Path(torch.hub.get_dir()) / 'checkpoints'
    file = folder / Path(urlparse(url).path).name
    if file.is_file():
        return file
    folder.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(url, str(file))
    except (URLError, OSError) as error:
        raise PretrainedWeightsError(
            f'cannot download the pretrained weights {url} ({error}). Download that file on '
            f'another machine and put it to {file}, or train from scratch with --from-scratch'
        ) from error
    return file
