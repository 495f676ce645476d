"""Results never take the place of the files that they are made of, nor of each other."""

from collections.abc import Iterable
from pathlib import Path

from handbone.errors import HandboneError


def keep_inputs(results: Iterable[str | Path | None], inputs: Iterable[str | Path | None]) -> None:
    """Make sure that no result would be written over something that is read, or another result.

    Args:
        results: Files to write; None for one that is not asked for.
        inputs: Files and folders that are read; None for one that is not given.

    Raises:
        HandboneError: If a result is one of the inputs, or two are one file, by whatever path.
    """
    read = {Path(each).resolve() for each in inputs if each}
    written: set[Path] = set()
    for result in results:
        if not result:
            continue
        place = Path(result).resolve()
        if place in read:
            raise HandboneError(
                f'{result} is read here, and the result would take its place. Give the result '
                'another name.'
            )
        if place in written:
            raise HandboneError(f'{result} is given for two results. Give one another name.')
        written.add(place)
