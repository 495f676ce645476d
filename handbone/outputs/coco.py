"""COCO JSON: all images and their masks in one file."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from handbone.errors import HandboneError
from handbone.masks import encode
from handbone.outputs.prediction import Prediction
from handbone.structure import Fields, check_structure, parse_json

from .appended_file import AppendedFile
from .coco_rle import coco_counts
from .writer import AppendedFileWriter

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


class CocoWriter(AppendedFileWriter):
    """Writes ``coco.json``: one annotation for each class that an image has, as compressed RLE.

    COCO lists all images before all annotations or after them, so both are gathered line by line,
    one line per image, in an unfinished file, and put in order at the end; neither step holds more
    than one image in memory. Images and annotations are numbered from 1, categories too: category
    ``i + 1`` is class ``i``. Ignored pixels belong to no class.

    Args:
        out_dir: Folder of the outputs.
        classes: Names in class order.
        palette: RGB colours, one per class; COCO's field ``color`` of a category.
    """

    def __init__(
        self,
        out_dir: Path,
        classes: Sequence[str],
        palette: Sequence[tuple[int, int, int]] = (),
    ) -> None:
        self._target = Path(out_dir) / 'coco.json'
        super().__init__(AppendedFile(self._target.with_suffix('.jsonl')))
        self._classes = tuple(classes)
        self._palette = tuple(palette)

    def encode(self, prediction: Prediction) -> bytes:
        """Make the line of one image; see the base class."""
        height, width = prediction.labels.shape[:2]
        image = {
            'file_name': prediction.image_name or prediction.name,
            'height': height,
            'width': width,
        }
        annotations = [
            _annotation(class_index, runs, height, width)
            for class_index, runs in enumerate(encode(prediction.labels, len(self._classes), 'F'))
            if len(runs)
        ]
        line = json.dumps([image, annotations], separators=(',', ':'))
        return f'{line}\n'.encode()

    def resume(self, position: int) -> None:
        """Continue an interrupted run, if all of its lines are whole; see the base class."""
        super().resume(position)
        for _ in self._gathered():
            pass

    def finish(self) -> None:
        """Put images and annotations in order; see the base class."""
        self._file.position()
        document = AppendedFile(self._target)
        try:
            for piece in self._pieces():
                document.append(piece)
            document.finish()
        except BaseException:
            document.discard()
            raise
        self._file.discard()

    def _pieces(self) -> Iterator[bytes]:
        """Make the document piece by piece."""
        categories = [
            {'id': index + 1, 'name': name, 'supercategory': ''}
            | ({'color': list(self._palette[index])} if self._palette else {})
            for index, name in enumerate(self._classes)
        ]
        yield b'{"info":{"description":"Predictions of handbone"},"licenses":[],"categories":'
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
        for number, line in enumerate(self._file.lines(), 1):
            place = f'{self._file.unfinished}, line {number}'
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
