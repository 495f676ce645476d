"""Weights from the internet, stored in PyTorch's cache."""

import hashlib
import re
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlparse

import torch

from handbone.errors import HandboneError

#: The hash in the name of a file, such as resnet50-19c8e357.pth.
HASH_IN_NAME = re.compile(r'-([0-9a-f]{8,64})\.[a-z]+$')


class PretrainedWeightsError(HandboneError):
    """Pretrained weights are neither on disk nor can they be downloaded."""


def download_weights(url: str) -> Path:
    """Download a file, unless it has already been downloaded.

    Args:
        url: Its address.

    Returns:
        The file in the folder of ``torch.hub``. One whose name has no hash is in a subfolder of
        its address, as other addresses may end alike.

    Raises:
        PretrainedWeightsError: If it cannot be downloaded; the message says where to put it.
    """
    folder = Path(torch.hub.get_dir()) / 'checkpoints'
    name = Path(urlparse(url).path).name
    if HASH_IN_NAME.search(name) is None:
        folder /= hashlib.sha256(url.encode()).hexdigest()[:16]
    file = folder / name
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
