"""How often a process died while it was at an image."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

#: A process that is killed from outside or by the lack of memory may have been at any image; one
#: that dies at the same image, alone, for the third time would die for ever.
MOST_ATTEMPTS = 3


class Attempts:
    """Notes on the disk which images are being read and predicted, for whoever tries again.

    Args:
        path: File of the unit's notes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        words = path.read_text(encoding='ascii').split() if path.is_file() else []
        self._deaths = Counter(word[1:] for word in words if word[0] == '+')
        self._deaths.subtract(word[1:] for word in words if word[0] == '-')

    def deaths(self, image_hash: str) -> int:
        """Count the processes that died while an image was begun and not ended."""
        return self._deaths[image_hash]

    def begin(self, image_hashes: Sequence[str]) -> None:
        """Note images that are about to be read."""
        self._note('+', image_hashes)

    def end(self, image_hashes: Sequence[str]) -> None:
        """Note images that have been predicted, or failed without the death of the process."""
        self._note('-', image_hashes)

    def _note(self, sign: str, image_hashes: Sequence[str]) -> None:
        with self._path.open('a', encoding='ascii') as file:
            file.write(''.join(f'{sign}{one}\n' for one in image_hashes))
