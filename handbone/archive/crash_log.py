"""Counts how often a process crashed while it was working on an image."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

#: An image is given up after this many crashes. A process that is killed from outside or for lack
#: of memory may have been working on any image; one that crashes for the third time on the same
#: image, predicted alone, would always crash there.
MOST_CRASHES = 3


class CrashLog:
    """Records on disk which images a process is working on, for the process that replaces it.

    Args:
        path: The file of the work unit's records.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        words = path.read_text(encoding='ascii').split() if path.is_file() else []
        self._crashes = Counter(word[1:] for word in words if word[0] == '+')
        self._crashes.subtract(word[1:] for word in words if word[0] == '-')

    def crashes(self, image_hash: str) -> int:
        """Count the processes that ended between the start and the end of an image."""
        return self._crashes[image_hash]

    def begin(self, image_hash: str) -> None:
        """Record an image that is about to be read."""
        self._note('+', [image_hash])

    def end(self, image_hashes: Sequence[str]) -> None:
        """Record images that have been predicted, or have failed without a crash."""
        self._note('-', image_hashes)

    def _note(self, sign: str, image_hashes: Sequence[str]) -> None:
        with self._path.open('a', encoding='ascii') as file:
            file.write(''.join(f'{sign}{one}\n' for one in image_hashes))
