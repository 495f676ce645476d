"""What the readers of all formats have in common."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from handbone.errors import shown
from handbone.listing import existing, files_below, normal_form
from handbone.radiographs.picture_header import MAX_PIXELS
from handbone.radiographs.reading import SUFFIXES as IMAGE_SUFFIXES

from ..bad_files import BadFiles
from ..errors import DatasetError
from ..image_header import read_image_size
from ..named_files import NamedFiles, name_below
from .annotated_image import AnnotatedImage
from .class_choice import ClassChoice
from .losses import Losses

Size = tuple[int, int]


class FormatReader:
    """Reads images with their labels, one after the other.

    A reader lists what there is in :meth:`entries` and reads one of them in :meth:`read`. Labels
    are polygons, runs or files of masks; a full-size map appears only when they are drawn.

    Args:
        source: The file or folder of the labels.
        images: Folder of the images, searched with all its subfolders. Then every image must be
            there. Default: where the format has them, as far as they are there.
        choice: Which classes to read.
        bad_files: What happens to bad files; by default the first one raises its error.

    Attributes:
        place: The file or folder of the labels, for errors.
        classes: Class names in bit order.
        palette: RGB colours, 0 to 255, one per class; empty if the format has none.
        losses: What is in the source that handbone has no place for.
        notes: What was guessed, and why; one sentence each.

    Raises:
        DatasetError: The source is not of this format, or does not fit the choice.
    """

    #: Folders beside the labels in which the format keeps images.
    IMAGE_FOLDERS: ClassVar[tuple[str, ...]] = ('images', '.')
    #: Most pixels of an image.
    MAX_PIXELS: ClassVar[int] = MAX_PIXELS

    def __init__(
        self,
        source: str | Path,
        images: str | Path | None = None,
        choice: ClassChoice | None = None,
        bad_files: BadFiles | None = None,
    ) -> None:
        self.source = existing(Path(source))
        self.place = self.source
        self.choice = choice or ClassChoice()
        self.bad_files = bad_files or BadFiles('stop')
        self.losses = Losses()
        self.notes: list[str] = []
        self.classes: tuple[str, ...] = ()
        self.palette: tuple[tuple[int, int, int], ...] = ()
        self._need_images = images is not None
        self._images = self._find_images(images)
        self._noted: list[DatasetError] = []
        if not self.source.exists():
            raise DatasetError.at(
                self.source, 'there is no such file or folder', 'Correct the path'
            )
        self._prepare()

    def _prepare(self) -> None:
        """Find the classes and what else all images share; the end of the constructor."""

    def entries(self) -> Iterable[Any]:
        """List what :meth:`read` reads, one entry per image."""
        raise NotImplementedError

    def read(self, entry: Any) -> AnnotatedImage:
        """Read one image.

        Args:
            entry: One of :meth:`entries`.

        Returns:
            The image and its labels.

        Raises:
            DatasetError: Something is wrong with it.
        """
        raise NotImplementedError

    def entry_name(self, entry: Any) -> str:
        """Name an entry without reading its labels, where the format allows that.

        Args:
            entry: One of :meth:`entries`.

        Returns:
            The name that :meth:`read` gives the image.

        Raises:
            DatasetError: Something is wrong with it.
        """
        return self.read(entry).name

    def names(self) -> list[str]:
        """List the names of all images.

        What is lost and what is wrong is not counted here; it comes up when they are read.

        Returns:
            The names of those that have one, in the order of :meth:`entries`.
        """
        kept = self.losses, self.bad_files
        self.losses, self.bad_files = Losses(), BadFiles('report')
        found = []
        try:
            for entry in self.entries():
                with suppress(DatasetError):
                    found.append(self.entry_name(entry))
        finally:
            self.losses, self.bad_files = kept
        return found

    def attempt(self, entry: Any) -> tuple[AnnotatedImage | None, list[DatasetError]]:
        """Read one image as far as that is possible.

        Args:
            entry: One of :meth:`entries`.

        Returns:
            The image, None if nothing of it can be used, and what is wrong with it.
        """
        self._noted = []
        try:
            return self.read(entry), self._noted
        except DatasetError as error:
            return None, [*self._noted, error]

    def note(self, problems: Iterable[DatasetError]) -> None:
        """Report problems of the image that is being read, which is then left out."""
        self._noted += problems

    def __len__(self) -> int:
        """Count the images in the source, bad ones included."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[AnnotatedImage]:
        """Read all images; those with a problem are left out or raise it."""
        seen: set[str] = set()
        for entry in self.entries():
            image, problems = self.attempt(entry)
            if image is not None:
                problems = [*problems, *self._name_problems(image.name, seen)]
            self.bad_files.add(problems)
            if image is not None and not problems:
                yield image

    @property
    def image_folder(self) -> Path | None:
        """The folder in which images are looked for; None where there is none."""
        return self._images.folder if self._images else None

    @property
    def label_folder(self) -> Path:
        """The folder of the label files; the source where there is no folder of its own."""
        return self.source

    def image_names(self) -> list[str]:
        """List the names of all images that were found, whether there are labels for them or not.

        Returns:
            Their paths below :attr:`image_folder`.
        """
        return [file.name for file in self._images.files] if self._images else []

    def has_image(self, name: str) -> bool:
        """Tell whether the file of an image is known.

        Args:
            name: The name that the labels give the image.

        Returns:
            True if it is among the images.
        """
        return self._images is not None and self._images.find(name) is not None

    def locate(
        self, name: str, size: Size | None, place: str | Path, where: str = ''
    ) -> tuple[str, Path | None, Size]:
        """Find the file of an image and its size.

        Args:
            name: The name that the labels give the image.
            size: Height and width that they give it, or None.
            place: The file of the labels, for errors.
            where: The place in it, for errors.

        Returns:
            Name of the image below its folder, its file or None, and height and width.

        Raises:
            DatasetError: There is no such image, or its size is not known or another one.
        """
        if size is not None and (min(size) < 1 or size[0] * size[1] > self.MAX_PIXELS):
            raise DatasetError.at(
                place,
                f'image {shown(name)} has width {size[1]} and height {size[0]} there, which no '
                'image has',
                'Correct width and height',
                where,
            )
        file = self._images.find(name) if self._images else None
        if file is None or self._images is None:
            if self._need_images and self._images:
                raise DatasetError.at(
                    place,
                    f'there is no image {shown(name)} in {self._images.folder}',
                    'Add the image, or remove it from the labels',
                    where,
                )
            if size is None:
                raise DatasetError.at(
                    place,
                    f'height and width of image {shown(name)} are not known',
                    'Name the folder of the images: --images FOLDER, or images=…',
                    where,
                )
            return name_below(name, place, where), None, size
        path = self._images.folder / file.name
        found = self.image_size(path)
        if size is not None and size != found:
            raise DatasetError.at(
                place,
                f'image {shown(name)} has width {size[1]} and height {size[0]} there, but {path} '
                f'has width {found[1]} and height {found[0]}',
                'Put the original image back, or correct the labels',
                where,
            )
        return file.name, path, found

    def image_size(self, path: Path) -> Size:
        """Read height and width of an image from its header.

        Args:
            path: The image.

        Returns:
            Height and width in pixels.

        Raises:
            DatasetError: It cannot be used.
        """
        return read_image_size(path)

    def _find_images(self, images: str | Path | None) -> NamedFiles | None:
        if images is not None:
            return NamedFiles(existing(Path(images)), IMAGE_SUFFIXES)
        base = self.source if self.source.is_dir() else self.source.parent
        for name in self.IMAGE_FOLDERS:
            folder = base / name
            if folder.is_dir() and any(map(_is_image, files_below(folder))):
                return NamedFiles(folder, IMAGE_SUFFIXES)
        return None

    def known_name(self, name: str) -> str:
        """Name an image as :meth:`locate` does, without looking at its size.

        Args:
            name: The name that the labels give the image.

        Returns:
            Its path below the folder of images.

        Raises:
            DatasetError: No file can have the name.
        """
        file = self._images.find(name) if self._images else None
        return name_below(name, self.place) if file is None else file.name

    def _name_problems(self, name: str, seen: set[str]) -> list[DatasetError]:
        key = normal_form(name)
        if key in seen:
            problem = f'image {shown(name)} occurs twice'
            return [DatasetError.at(self.place, problem, 'Keep one of the two entries')]
        seen.add(key)
        return []


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES
