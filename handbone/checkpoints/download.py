"""Weights from the internet, stored in PyTorch's cache."""

from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlparse

import torch

from handbone.errors import HandboneError


class PretrainedWeightsError(HandboneError):
    """Pretrained weights are neither on disk nor can they be downloaded."""


def download_weights(url: str) -> Path:
    """Download a file, unless it has already been downloaded.

    Args:
        url: Its address.

    Returns:
        The file in the folder of ``torch.hub``.

    Raises:
        PretrainedWeightsError: If it cannot be downloaded; the message says where to put it.
    """
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
            f'a different machine and copy it to {file}, or train from scratch with --from-scratch'
        ) from error
    return file
