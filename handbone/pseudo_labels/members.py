"""The CSV files whose opinions become labels, and the images that they are about."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from handbone.datasets.file_list import ImageFile, check_keys
from handbone.datasets.image_header import read_image_size
from handbone.datasets.named_files import NamedFiles
from handbone.errors import HandboneError, listed, shown
from handbone.listing import normal_forms
from handbone.submissions import SubmissionRows

from .agreement import agreement, vote


class Opinion(NamedTuple):
    """What the members say about an image together.

    Attributes:
        image: The image.
        size: Its height and width in pixels.
        runs: Runs of every class that most members have.
        confidence: How well they agree on each class, float64 (C,).
    """

    image: ImageFile
    size: tuple[int, int]
    runs: list[np.ndarray]
    confidence: np.ndarray


class Members:
    """CSV files of masks, open for reading, one for each model, view or threshold.

    Args:
        paths: The files; where the votes are even, the first one decides.
        images: The images that they are about.
        classes: Class names in order. Default: those of the first file, as they first come.
        predicted: Those of the files that were made here from all files of the folder; what is no
            image of a dataset is passed over in them.

    Attributes:
        classes: The class names in normal form.
        left_out: Images of the folder that a file does not have.

    Raises:
        FileNotFoundError: If a file does not exist.
        HandboneError: If a file is not such a CSV, has other classes, or names images that are not
            there.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        images: NamedFiles,
        classes: Sequence[str] | None = None,
        predicted: Sequence[Path] = (),
    ) -> None:
        self._images = images
        check_keys(images.folder, images.files)
        with contextlib.ExitStack() as stack:
            self._files = [stack.enter_context(SubmissionRows(path)) for path in paths]
            self.classes = normal_forms(self._files[0].classes if classes is None else classes)
            of_file = [self._names(file, file.path in predicted) for file in self._files]
            self._close = stack.pop_all()
        shared = set.intersection(*map(set, of_file))
        self._chosen = [
            (file, [names[file.key] for names in of_file])
            for file in images.files
            if file.key in shared
        ]
        self.left_out = [file for file in images.files if file.key not in shared]
        if not self._chosen:
            self._close.close()
            raise HandboneError(
                f'{listed([str(path) for path in paths])}: no image of {images.folder} is in all '
                'of them'
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._close.close()

    def __len__(self) -> int:
        return len(self._chosen)

    def __iter__(self) -> Iterator[Opinion]:
        for image, names in self._chosen:
            height, width = read_image_size(self._images.folder / image.name)
            opinions = []
            for file, name in zip(self._files, names, strict=True):
                file.check_complete(name, self.classes)
                opinions.append(file.read(name, self.classes, height * width))
            divided = [each.by_class(len(self.classes)) for each in opinions]
            voted = vote(opinions, self.classes)
            yield Opinion(image, (height, width), voted, agreement(divided))

    def _names(self, file: SubmissionRows, predicted: bool) -> dict[str, str]:
        """Find the names that the images have in a file, by their keys."""
        extra = [name for name in file.classes if name not in self.classes]
        missing = [name for name in self.classes if name not in file.classes]
        if extra or missing:
            faults = [f'it has {listed(extra, 10)}'] * bool(extra)
            faults += [f'it lacks {listed(missing, 10)}'] * bool(missing)
            raise file.error(
                file.classes[extra[0]] if extra else 1,
                f'other classes than the labels to be made: {"; ".join(faults)}',
                'Give files of one class list, or correct --classes.',
            )
        names: dict[str, str] = {}
        strange = []
        for key, name in file.names.items():
            found = self._images.find(name)
            if found is None:
                strange.append(name)
            elif found.key in names:
                raise file.error(
                    next(iter(file.rows[key].values())).line,
                    f'{shown(names[found.key])} and {shown(name)} are the same image',
                    'Keep the rows of one of them.',
                )
            else:
                names[found.key] = name
        if strange and not predicted:
            raise HandboneError(
                f'{file.path}: {len(strange)} of its {len(file.names)} images are not in '
                f'{self._images.folder} ({listed(strange)}). Give the folder of all of its images.'
            )
        return names
