"""Running sums of low-resolution logits on disk."""

import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


class LogitStore:
    """One float32 array (C, h, w) per image, in an unnamed file.

    The system frees the file even if the process is killed. Space is reserved by writing, so that a
    full disk raises an error instead of killing the process with a signal.

    Args:
        folder: Folder of the file; made if it does not exist.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        # unbuffered: the mapped content must be in the file
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        self._places: dict[str, tuple[int, tuple[int, int, int]]] = {}
        self._end = 0

    def __contains__(self, image: str) -> bool:
        return image in self._places

    def size(self, image: str) -> tuple[int, int]:
        """Height and width of an image's sums."""
        return self._places[image][1][1:]

    def add(self, image: str, values: Tensor) -> None:
        """Add to the sums of an image, which start at zero.

        Args:
            image: Its path.
            values: (C, h, w), the same shape each time.

        Raises:
            OSError: If the disk is full.
        """
        array = values.float().cpu().contiguous().numpy()
        if image in self._places:
            sums = self._map(image)
            sums += array
            return
        content = memoryview(array.tobytes())
        try:
            while content:
                content = content[self._file.write(content) :]
        except OSError as error:
            raise OSError(
                error.errno,
                f'no space for the sums of logits ({error.strerror}): leave out --one-at-a-time, '
                'which stores them, or set --work-dir to a different disk',
                str(self._folder),
            ) from error
        classes, height, width = array.shape
        self._places[image] = (self._end, (classes, height, width))
        self._end += array.nbytes

    def read(self, image: str) -> Tensor:
        """Read the sums of an image.

        Args:
            image: Its path.

        Returns:
            float32 (C, h, w).
        """
        return torch.from_numpy(np.array(self._map(image)))

    def close(self) -> None:
        """Free the space."""
        self._file.close()

    def _map(self, image: str) -> np.memmap:
        offset, shape = self._places[image]
        return np.memmap(self._file, np.float32, 'r+', offset, shape)
