"""The folder of pseudo-labels: annotations to train on, and what was decided about each class.

``outputs_json/`` has the annotations of the hand-bone layout, ``images.txt`` lists the images that
have any, and ``pseudo_labels.csv`` says of every image and class how sure it is and what became of
it. Both files appear last, so a folder that has them is complete.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from handbone.annotations import annotation_json
from handbone.csv_files import csv_bytes
from handbone.datasets.file_list import ImageFile
from handbone.datasets.formats.traced_polygons import traced_polygons
from handbone.errors import HandboneError, listed
from handbone.files import write_atomically
from handbone.masks import decode
from handbone.structure import Fields, check_structure, parse_json

from .gate import LEFT_OUT, LabelledImage

SETTINGS, MEMBERS = 'settings.json', 'members'
ANNOTATIONS, IMAGES, TABLE = 'outputs_json', 'images.txt', 'pseudo_labels.csv'
COLUMNS = ('image_name', 'class', 'confidence', 'pixels', 'decision')
#: Confidence of what nothing tells it of: one opinion alone, or an image that a file lacks.
NO_CONFIDENCE = 'NA'
FORMAT = 'handbone pseudo-labels 1'
STRUCTURE = Fields(dict(format=str, members=[str], images=str))


@dataclass(frozen=True)
class Settings:
    """What pseudo-labels were made of.

    Attributes:
        members: The files, or models and views, whose opinions they are, in their order.
        images: Folder of the images.
        gate: Least confidence of what is kept.
        absent: What it means that no member finds a class.
    """

    members: tuple[str, ...]
    images: str
    gate: float
    absent: str


class PseudoLabelFolder:
    """A folder that is filled in one go or again, with other gates, and never half.

    Args:
        folder: The folder; it is made.
        settings: What the labels are made of.
        restart: Replace those of other members.

    Raises:
        HandboneError: If the folder holds something else.
    """

    def __init__(self, folder: Path, settings: Settings, restart: bool = False) -> None:
        self.folder = folder
        self.settings = settings
        self._check_own(restart)

    def begin(self, classes: Sequence[str]) -> None:
        """Take the files away that say the folder is complete.

        Args:
            classes: Class names in order.

        Raises:
            OSError: If the folder cannot be written.
        """
        self._classes = tuple(classes)
        self._rows: list[tuple[object, ...]] = []
        self._images: list[str] = []
        self._written: set[Path] = set()
        for name in (TABLE, IMAGES):
            (self.folder / name).unlink(missing_ok=True)

    def write_settings(self) -> None:
        """Mark the folder as one of pseudo-labels, before anything else is in it."""
        content = dict(format=FORMAT, **asdict(self.settings))
        write_atomically(self.folder / SETTINGS, json.dumps(content, indent=1).encode() + b'\n')

    def add(self, image: ImageFile, size: tuple[int, int], labels: LabelledImage) -> None:
        """Write the annotations of an image, and note what was decided.

        Args:
            image: The image.
            size: Its height and width in pixels.
            labels: Its labels.

        Raises:
            OSError: If they cannot be written.
        """
        cells = zip(self._classes, labels.confidence, labels.pixels, labels.decisions, strict=True)
        self._rows += [
            (
                image.name,
                name,
                NO_CONFIDENCE if confidence != confidence else f'{confidence:.6f}',
                pixels,
                decision,
            )
            for name, confidence, pixels, decision in cells
        ]
        if labels.left_out:
            return
        traced = traced_polygons(decode(labels.runs, *size), len(self._classes))
        outlines = ((self._classes[index], points) for index, points in traced)
        name = Path(image.name)
        unknown = labels.unknown(self._classes)
        content = annotation_json(outlines, name.stem, name.name, *size, unknown)
        path = self.folder / ANNOTATIONS / name.with_suffix('.json')
        write_atomically(path, content)
        self._written.add(path)
        self._images.append(image.name)

    def add_missing(self, image: ImageFile) -> None:
        """Note an image about which not all members have an opinion.

        Args:
            image: The image.
        """
        self._rows += [(image.name, name, NO_CONFIDENCE, 0, LEFT_OUT) for name in self._classes]

    def finish(self) -> None:
        """Remove annotations of an earlier gate and write the list and the table.

        Raises:
            HandboneError: If no image has a label.
            OSError: If a file cannot be written.
        """
        for path in (self.folder / ANNOTATIONS).rglob('*.json'):
            if path not in self._written:
                path.unlink()
        if self._images:
            names = '\n'.join(self._images) + '\n'
            write_atomically(self.folder / IMAGES, names.encode(errors='surrogateescape'))
        write_atomically(self.folder / TABLE, csv_bytes([COLUMNS, *self._rows]))
        if not self._images:
            raise HandboneError(
                f'no class of any image reaches the gate of {self.settings.gate}, so there is '
                f'nothing to train on; {self.folder / TABLE} has the confidences: lower --gate, or '
                'take a better model'
            )

    def _check_own(self, restart: bool) -> None:
        path = self.folder / SETTINGS
        if not path.is_file():
            others = [
                each.name
                for each in (self.folder.iterdir() if self.folder.is_dir() else ())
                if not each.name.startswith('.')
            ]
            if others:
                raise HandboneError(
                    f'{self.folder} is not empty ({listed(sorted(others))}) and holds no '
                    'pseudo-labels: give another folder'
                )
            return
        content = parse_json(path.read_bytes(), str(path))
        check_structure(content, STRUCTURE, str(path))
        if content['format'] != FORMAT:
            raise HandboneError(f'{path} is of a different format: give another folder')
        before = (content['images'], *content['members'])
        if before != (self.settings.images, *self.settings.members) and not restart:
            raise HandboneError(
                f'{self.folder} holds pseudo-labels of other images or models '
                f'({listed(before, 5)}): give another folder, or start over with --restart'
            )
