"""A COCO document that is written image by image.

COCO lists all images before all annotations or after them, so both are gathered line by line, one
line per image, in an unfinished file, and put in order at the end; neither step holds more than one
image in memory. Images and annotations are numbered from 1, categories too: category ``i + 1`` is
class ``i``. Ignored pixels belong to no class.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from handbone.appended_file import AppendedFile
from handbone.errors import HandboneError
from handbone.masks import encode
from handbone.masks.coco_rle import coco_counts
from handbone.structure import Fields, check_structure, parse_json

IMAGE = Fields(dict(file_name=str, height=int, width=int))
ANNOTATION = Fields(
    dict(
        category_id=int,
        segmentation=Fields(dict(size=[int], counts=str)),
        area=int,
        bbox=[int],
        iscrowd=int,
    )
)


class CocoDocument:
    """One annotation, as compressed RLE, for each class that an image has.

    Args:
        target: The file.
        classes: Names in class order.
        palette: RGB colours, one per class; COCO's field ``color`` of a category.
        description: What the document says about itself.

    Attributes:
        file: The lines gathered so far.
    """

    def __init__(
        self,
        target: Path,
        classes: Sequence[str],
        palette: Sequence[tuple[int, int, int]] = (),
        description: str = 'Labels',
    ) -> None:
        self.file = AppendedFile(target.with_suffix('.jsonl'))
        self._target = target
        self._classes = tuple(classes)
        self._palette = tuple(palette)
        self._description = description

    def line(self, name: str, packed: np.ndarray) -> bytes:
        """Make the line of one image.

        Args:
            name: Name of the image file.
            packed: Packed map, (H, W) or (H, W, P).

        Returns:
            The line.
        """
        height, width = packed.shape[:2]
        image = {'file_name': name, 'height': height, 'width': width}
        annotations = [
            _annotation(class_index, runs, height, width)
            for class_index, runs in enumerate(encode(packed, len(self._classes), 'F'))
            if len(runs)
        ]
        return json.dumps([image, annotations], separators=(',', ':')).encode() + b'\n'

    def check(self) -> None:
        """Check that all lines gathered so far are whole.

        Raises:
            HandboneError: If one is not.
        """
        for _ in self._gathered():
            pass

    def finish(self) -> None:
        """Put images and annotations in order and bring the document into its place."""
        self.file.position()
        document = AppendedFile(self._target)
        try:
            for piece in self._pieces():
                document.append(piece)
            document.finish()
        except BaseException:
            document.discard()
            raise
        self.file.discard()

    def _pieces(self) -> Iterator[bytes]:
        """Make the document piece by piece."""
        categories = [
            {'id': index + 1, 'name': name, 'supercategory': ''}
            | ({'color': list(self._palette[index])} if self._palette else {})
            for index, name in enumerate(self._classes)
        ]
        info = json.dumps({'description': self._description}, separators=(',', ':'))
        yield f'{{"info":{info},"licenses":[],"categories":'.encode()
        yield json.dumps(categories, separators=(',', ':')).encode() + b',\n"images":['
        for number, (image, _) in enumerate(self._gathered(), 1):
            yield _entry({'id': number, **image}, number)
        yield b'],\n"annotations":['
        annotation_number = 0
        for number, (_, annotations) in enumerate(self._gathered(), 1):
            entries = []
            for annotation in annotations:
                annotation_number += 1
                identity = {'id': annotation_number, 'image_id': number}
                entries.append(_entry(identity | annotation, annotation_number))
            yield b''.join(entries)
        yield b']}\n'

    def _gathered(self) -> Iterator[tuple[dict, list[dict]]]:
        for number, line in enumerate(self.file.lines(), 1):
            place = f'{self.file.unfinished}, line {number}'
            try:
                content = parse_json(line, place)
                check_structure(content, [object], place)
                if len(content) != 2 or not line.endswith(b'\n'):
                    raise HandboneError(f'{place} is not a whole image with its annotations')
                image, annotations = content
                check_structure(image, IMAGE, f'{place}: image')
                check_structure(annotations, [ANNOTATION], f'{place}: annotations')
            except HandboneError as error:
                raise HandboneError(
                    f'{error}, so {self._target.name} cannot be made: start over with --restart'
                ) from error
            yield image, annotations


def _entry(content: dict, number: int) -> bytes:
    """Write one entry of a list on a line of its own."""
    return (b',\n' if number > 1 else b'\n') + json.dumps(content, separators=(',', ':')).encode()


def _annotation(class_index: int, runs: np.ndarray, height: int, width: int) -> dict:
    """Describe the mask of a class by its runs, which go column by column."""
    first, last = runs[:, 0], runs.sum(axis=1) - 1
    left, right = int(first[0]) // height, int(last[-1]) // height
    top, bottom = 0, height - 1
    if (first // height == last // height).all():
        top, bottom = int((first % height).min()), int((last % height).max())
    return {
        'category_id': class_index + 1,
        'segmentation': {'size': [height, width], 'counts': coco_counts(runs, height * width)},
        'area': int(runs[:, 1].sum()),
        'bbox': [left, top, right - left + 1, bottom - top + 1],
        'iscrowd': 0,
    }
