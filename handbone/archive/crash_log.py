"""How often a process ended while it was at an image."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

#: After so many crashes an image is given up. A process that is killed from outside or by the lack
#: of memory may have been at any image; one that ends at the same image, alone, for the third time
#: would always end there.
MOST_CRASHES = 3


class CrashLog:
    """Notes on the disk which images a process is at, for the process that takes over after it.

    Args:
        path: File of the work unit's notes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        words = path.read_text(encoding='ascii').split() if path.is_file() else []
        self._crashes = Counter(word[1:] for word in words if word[0] == '+')
        self._crashes.subtract(word[1:] for word in words if word[0] == '-')

    def crashes(self, image_hash: str) -> int:
        """Count the processes that ended between the begin and the end of an image."""
        return self._crashes[image_hash]

    def begin(self, image_hash: str) -> None:
        """Note an image that is about to be read."""
        self._note('+', [image_hash])

    def end(self, image_hashes: Sequence[str]) -> None:
        """Note images that have been predicted, or failed without a crash."""
        self._note('-', image_hashes)

    def _note(self, sign: str, image_hashes: Sequence[str]) -> None:
        with self._path.open('a', encoding='ascii') as file:
            file.write(''.join(f'{sign}{one}\n' for one in image_hashes))
