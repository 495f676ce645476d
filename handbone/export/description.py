"""What an exported file says of itself: texts in JSON, nothing to execute."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from handbone.errors import HandboneError

from .preprocessing import Preprocessing

#: Stands in every file written here; another one means that the reader is too old or too new.
FORMAT = 'handbone export 1'
KEYS = ('format', 'classes', 'palette', 'thresholds', 'preprocessing', 'precision', 'model_hash')


@dataclass(frozen=True)
class Description:
    """Everything beside the graph.

    Attributes:
        classes: Names in class order.
        palette: RGB colours, 0 to 255, one a class.
        thresholds: Probability above which a class is present, one a class.
        preprocessing: What happens to an image before the graph.
        precision: ``fp32``, ``fp16`` or ``int8``.
        model_hash: SHA-256 of graph, weights and the rest of the description.
    """

    classes: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]
    thresholds: tuple[float, ...]
    preprocessing: Preprocessing
    precision: str = 'fp32'
    model_hash: str = ''

    def to_texts(self) -> dict[str, str]:
        """Return the description as the files hold it, a text by each of :data:`KEYS`."""
        return dict(
            format=FORMAT,
            classes=json.dumps(self.classes, ensure_ascii=False),
            palette=json.dumps(self.palette),
            thresholds=json.dumps(self.thresholds),
            preprocessing=json.dumps(self.preprocessing.to_plain()),
            precision=self.precision,
            model_hash=self.model_hash,
        )

    @classmethod
    def from_texts(cls, texts: Mapping[str, str], path: str | Path) -> 'Description':
        """Read and check what a file says.

        Args:
            texts: Texts by name.
            path: The file, for messages.

        Returns:
            The description.

        Raises:
            HandboneError: If the file was not exported here, or its description is damaged.
        """
        if texts.get('format') != FORMAT:
            found = texts.get('format')
            raise HandboneError(
                f'{path} '
                + (f'has the format {found!r}' if found else 'does not tell its classes and sizes')
                + f', this program reads {FORMAT!r}: write the file with `handbone export`'
            )
        try:
            description = cls(
                tuple(str(name) for name in json.loads(texts['classes'])),
                tuple(tuple(int(value) for value in rgb) for rgb in json.loads(texts['palette'])),
                tuple(float(value) for value in json.loads(texts['thresholds'])),
                Preprocessing.from_plain(json.loads(texts['preprocessing'])),
                texts['precision'],
                texts['model_hash'],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise HandboneError(
                f'{path}: its description is damaged ({error}); export it again'
            ) from error
        count = len(description.classes)
        if not count or len(description.palette) != count:
            raise HandboneError(f'{path}: {count} classes with {len(description.palette)} colours')
        return description.with_thresholds(description.thresholds, path)

    def with_thresholds(self, thresholds: Sequence[float], path: str | Path) -> 'Description':
        """Take other thresholds.

        Args:
            thresholds: Probabilities, one a class.
            path: Where they come from, for messages.

        Returns:
            A description whose hash is another one if the thresholds are.

        Raises:
            HandboneError: If they are not one probability a class.
        """
        if len(thresholds) != len(self.classes) or not all(0 < each < 1 for each in thresholds):
            raise HandboneError(
                f'{path}: {len(self.classes)} classes take as many thresholds between 0 and 1, got '
                f'{list(thresholds)}'
            )
        chosen = tuple(float(each) for each in thresholds)
        if chosen == self.thresholds:
            return self
        text = f'{self.model_hash}\0{json.dumps(chosen)}'
        return replace(
            self, thresholds=chosen, model_hash=hashlib.sha256(text.encode()).hexdigest()
        )

    def check_classes(self, classes: Sequence[str], path: str | Path) -> None:
        """Check that the file is for a list of classes.

        Args:
            classes: The names wanted, in order.
            path: The file, for the message.

        Raises:
            HandboneError: If names, number or order differ.
        """
        if tuple(classes) == self.classes:
            return
        wanted, own = set(classes), set(self.classes)
        differences = (
            f'only there: {", ".join(sorted(own - wanted)) or "none"}; '
            f'only here: {", ".join(sorted(wanted - own)) or "none"}'
            if wanted != own
            else 'the same names in another order'
        )
        raise HandboneError(
            f'{path} was exported for another class list, {len(self.classes)} classes instead of '
            f'{len(classes)} ({differences}): take the file that belongs to this config, or export '
            'it again'
        )
