"""What an exported file says of itself: texts in JSON, nothing to execute."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from handbone.errors import HandboneError, counted, shown
from handbone.listing import normal_forms
from handbone.masks import check_thresholds
from handbone.structure import Fields, check_class_list, check_structure, parse_json

from .preprocessing import Preprocessing

#: Stands in every file written here; any other means that the reader is too old or too new.
FORMAT = 'handbone export 1'
#: The same where classes exclude each other, which earlier versions would not notice.
EXCLUSIVE_FORMAT = 'handbone export 2'
#: The same where a second look is blended in, which earlier versions would leave out.
LOOKS_FORMAT = 'handbone export 3'
KEYS = ('format', 'classes', 'palette', 'thresholds', 'preprocessing', 'precision', 'model_hash')
STRUCTURE = Fields(dict.fromkeys(KEYS, str))


@dataclass(frozen=True)
class Description:
    """Everything beside the graph.

    Attributes:
        classes: Names in class order.
        palette: RGB colours, 0 to 255, one per class.
        thresholds: Probability above which a class is present, one per class.
        preprocessing: What happens to an image before the graph.
        precision: ``fp32``, ``fp16`` or ``int8``.
        model_hash: SHA-256 of graph, weights and the rest of the description.
        exclusive: Whether a pixel has at most one class.
        looks: Whether closer views are blended in.
    """

    classes: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]
    thresholds: tuple[float, ...]
    preprocessing: Preprocessing
    precision: str = 'fp32'
    model_hash: str = ''
    exclusive: bool = False
    looks: bool = False

    def to_texts(self) -> dict[str, str]:
        """Return the description as the files hold it, one text for each of :data:`KEYS`."""
        return dict(
            format=self._format,
            classes=json.dumps(self.classes, ensure_ascii=False),
            palette=json.dumps(self.palette),
            thresholds=json.dumps(self.thresholds),
            preprocessing=json.dumps(self.preprocessing.to_plain()),
            precision=self.precision,
            model_hash=self.model_hash,
        )

    @property
    def _format(self) -> str:
        """The lowest format whose readers do what the file needs."""
        if self.looks:
            return LOOKS_FORMAT
        return EXCLUSIVE_FORMAT if self.exclusive else FORMAT

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
        place = str(path)
        found = texts.get('format')
        if found not in (FORMAT, EXCLUSIVE_FORMAT, LOOKS_FORMAT):
            told = f'has the format {shown(found)}' if found else 'does not tell its classes'
            raise HandboneError(
                f'{place} {told}, this program reads {FORMAT!r}: write the file with '
                '`handbone export`'
            )
        check_structure(texts, STRUCTURE, place)
        classes, palette, thresholds, preprocessing = (
            parse_json(texts[key], f'{place}: {key}')
            for key in ('classes', 'palette', 'thresholds', 'preprocessing')
        )
        check_class_list(classes, palette, place)
        description = cls(
            tuple(classes),
            tuple(tuple(color) for color in palette),
            check_thresholds(thresholds, classes, place),
            Preprocessing.from_plain(preprocessing, f'{place}: preprocessing'),
            texts['precision'],
            texts['model_hash'],
            found == EXCLUSIVE_FORMAT,
            found == LOOKS_FORMAT,
        )
        if not palette:
            raise HandboneError(f'{place}: {counted(len(classes), "class")} without colours')
        return description

    def with_thresholds(self, thresholds: Sequence[float], path: str | Path) -> 'Description':
        """Use different thresholds.

        Args:
            thresholds: Probabilities, one per class.
            path: Where they come from, for messages.

        Returns:
            A description, whose hash differs if the thresholds do.

        Raises:
            HandboneError: If they are not one probability per class, or the classes exclude each
                other.
        """
        if self.exclusive:
            raise HandboneError(
                f'{path}: classes that exclude each other have no thresholds to choose; the class '
                'with the largest logit is taken'
            )
        chosen = check_thresholds(thresholds, self.classes, str(path))
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
        classes = normal_forms(classes)
        if classes == normal_forms(self.classes):
            return
        wanted, own = set(classes), set(normal_forms(self.classes))
        differences = (
            f'only there: {", ".join(sorted(own - wanted)) or "none"}; '
            f'only here: {", ".join(sorted(wanted - own)) or "none"}'
            if wanted != own
            else 'the same names in a different order'
        )
        raise HandboneError(
            f'{path} was exported for a different class list, '
            f'{counted(len(self.classes), "class")} instead of {len(classes)} ({differences}): '
            'use the file that belongs to this config, or export it again'
        )
