"""How far a run is, so that it can be continued after an interruption."""

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from handbone.errors import HandboneError, shown
from handbone.files import write_atomically
from handbone.structure import Fields, check_structure, parse_json

NAME = 'journal.json'
FORMAT = 1
STATES = ('running', 'finishing', 'finished')
STRUCTURE = Fields(
    dict(format=int, model=str, sources=str, images=int, outputs=[str]),
    dict(done=int, failed=int, last=str, positions={str: int}, state=str),
)


@dataclass(frozen=True)
class Journal:
    """What a run is made of and how far it is.

    Attributes:
        model: Hash of the model.
        sources: Hash of the names of all sources.
        images: Number of sources.
        outputs: Names of the formats that are written.
        done: Number of sources that are done, bad files among them.
        failed: Number of bad files among them.
        last: Name of the last source done.
        positions: What the writers' ``position()`` returned, by format.
        state: 'running', 'finishing' while the files for all images take their names, 'finished'.
        format: Version of this file.
    """

    model: str
    sources: str
    images: int
    outputs: tuple[str, ...]
    done: int = 0
    failed: int = 0
    last: str = ''
    positions: dict[str, int] = field(default_factory=dict)
    state: str = 'running'
    format: int = FORMAT

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Read the journal of a folder.

        Args:
            folder: Folder of the outputs.

        Returns:
            The journal, ``None`` if there is none.

        Raises:
            HandboneError: If it is damaged or of a different version.
        """
        path = folder / NAME
        if not path.exists():
            return None
        try:
            content = parse_json(path.read_bytes(), str(path))
            check_structure(content, STRUCTURE, str(path))
            if content['format'] != FORMAT:
                raise HandboneError(f'{path} has the format {shown(content["format"])}')
            known = {key: content[key] for key in cls.__dataclass_fields__ if key in content}
            journal = cls(**known | dict(outputs=tuple(content['outputs'])))
            journal._check_numbers(path)
        except HandboneError as error:
            raise HandboneError(
                f'{error}, so the run cannot be continued: start over with --restart'
            ) from error
        return journal

    def _check_numbers(self, path: Path) -> None:
        counts = (self.failed, self.done, self.images)
        if min([0, *self.positions.values()]) < 0 or not 0 <= counts[0] <= counts[1] <= counts[2]:
            raise HandboneError(f'{path}: its numbers of images or bytes contradict each other')
        if self.state not in STATES:
            raise HandboneError(f'{path}: its state is {shown(self.state)}')

    def write(self, folder: Path) -> None:
        """Write it in place of the one before, in a single step.

        Args:
            folder: Folder of the outputs.

        Raises:
            OSError: If it cannot be written; the old one stays.
        """
        write_atomically(folder / NAME, json.dumps(asdict(self), indent=1).encode())

    def check_same_run(self, other: Self, folder: Path) -> None:
        """Refuse to continue with something else.

        Args:
            other: The journal of the run that is to be continued.
            folder: Folder of the outputs, for the message.

        Raises:
            HandboneError: If model, sources or formats differ.
        """
        differences = []
        if self.model != other.model:
            differences.append('a different model or different settings of it')
        if self.sources != other.sources:
            differences.append(f'different images ({self.images}, now {other.images})')
        if self.outputs != other.outputs:
            differences.append(
                f'different formats ({", ".join(self.outputs)}, now {", ".join(other.outputs)})'
            )
        if differences:
            raise HandboneError(
                f'{folder} holds a run with {" and ".join(differences)}: give another folder, or '
                'start over with --restart'
            )

    def advanced(self, **changes: Any) -> Self:
        """Return a journal that is further."""
        return replace(self, **changes)
