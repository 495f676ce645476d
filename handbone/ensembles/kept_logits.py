"""Low-resolution logits on disk, one file per image, so that each is computed once."""

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from handbone.errors import HandboneError
from handbone.files import write_atomically

#: What is beyond it is infinite in half precision.
LARGEST = 6e4
#: Digits of a hash in names of files.
DIGITS = 32


class KeptLogits:
    """One float16 array (C, h, w) per image, in a folder that is named by what they depend on.

    Args:
        folder: Folder of many of these.
        made_of: All that the logits depend on besides the images: the hash of the checkpoint, the
            view and so on. It stands in ``made_of.json`` of the folder.
    """

    def __init__(self, folder: str | Path, made_of: Mapping[str, Any]) -> None:
        text = json.dumps(made_of, sort_keys=True, indent=1)
        self.key = hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
        self.folder = Path(folder) / self.key
        self._text = text

    def __contains__(self, image: str) -> bool:
        return self.file(image).is_file()

    def file(self, image: str) -> Path:
        """Name the file of an image.

        Args:
            image: Its key, see :func:`image_key`.

        Returns:
            The file, whether it is there or not.
        """
        return self.folder / f'{image}.npy'

    def keep(self, image: str, logits: Tensor) -> None:
        """Write the logits of an image.

        Args:
            image: Its key.
            logits: (C, h, w).

        Raises:
            OSError: If they cannot be written.
        """
        described = self.folder / 'made_of.json'
        if not described.is_file():
            write_atomically(described, self._text.encode())
        array = logits.detach().float().clamp(-LARGEST, LARGEST).half().cpu().numpy()
        content = io.BytesIO()
        np.save(content, array, allow_pickle=False)
        write_atomically(self.file(image), content.getvalue())

    def read(self, image: str) -> Tensor:
        """Read the logits of an image.

        Args:
            image: Its key.

        Returns:
            Float32 (C, h, w).

        Raises:
            HandboneError: If the file is damaged.
        """
        file = self.file(image)
        try:
            array = np.load(file, allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise HandboneError(
                f'{file} is damaged ({error}): remove it, and the same command computes it again'
            ) from error
        return torch.from_numpy(array.astype(np.float32))


def image_key(path: str | Path) -> str:
    """Name an image so that a changed file has another name.

    Args:
        path: The image.

    Returns:
        Hexadecimal digits, of path, size and time of the last change.

    Raises:
        OSError: If the file is not there.
    """
    path = Path(path)
    state = path.stat()
    text = f'{path.resolve()}\0{state.st_size}\0{state.st_mtime_ns}'
    return hashlib.sha256(text.encode(errors='surrogateescape')).hexdigest()[:DIGITS]
