"""What every writer of predictions does, of one file per image or of one file for all."""

from pathlib import Path

from handbone.appended_file import AppendedFile
from handbone.files import write_atomically
from handbone.outputs.prediction import Prediction


class OutputWriter:
    """Writes predictions, one by one, so that an interrupted run can be continued.

    What a format makes of an image is made first, in :meth:`encode`, and written afterwards, in
    :meth:`put`. A run encodes an image in all of its formats before it writes the first one, so
    that nothing is left of an image that one of them cannot hold.

    A writer of one file per image writes beside and renames. A writer of one file for all appends
    to an unfinished file beside the target, tells in :meth:`position` how long it is, and renames
    it in :meth:`finish`. The run keeps the positions; after an interruption it calls
    :meth:`resume` with the last ones, and images written after them come again.
    """

    def encode(self, prediction: Prediction) -> bytes:
        """Make the content for one image, without writing anything.

        Whatever this raises is a failure of the image; the run continues with the next one. Only
        faults of the machine, such as a lack of memory, end the run.

        Args:
            prediction: The image and its labels.

        Returns:
            The content.

        Raises:
            HandboneError: If the format cannot hold it; the message names the file.
        """
        raise NotImplementedError

    def put(self, prediction: Prediction, content: bytes) -> None:
        """Write the content for one image.

        Args:
            prediction: The image and its labels.
            content: What :meth:`encode` made.

        Raises:
            OSError: If it cannot be written; the message names the file.
        """
        raise NotImplementedError

    def write(self, prediction: Prediction) -> None:
        """Encode and write one image.

        Args:
            prediction: The image and its labels.

        Raises:
            HandboneError: If the format cannot hold it.
            OSError: If it cannot be written.
        """
        self.put(prediction, self.encode(prediction))

    def position(self) -> int:
        """Bring what was written to the disk, and return what :meth:`resume` needs.

        Returns:
            Bytes of the unfinished file; 0 for writers of one file per image.
        """
        return 0

    def resume(self, position: int) -> None:
        """Continue an interrupted run: drop what came after a position.

        Args:
            position: What :meth:`position` returned.

        Raises:
            HandboneError: If the unfinished file is shorter than that or missing.
        """

    def finish(self) -> None:
        """Bring the file for all images into its place."""

    def close(self) -> None:
        """Let go of files without finishing, as when a run stops on an error."""


class ImageFileWriter(OutputWriter):
    """Writes one file per image, named by the image.

    Args:
        folder: Folder of the files.
        suffix: End of their names, with its dot.
    """

    def __init__(self, folder: Path, suffix: str) -> None:
        self._folder = folder
        self._suffix = suffix

    def put(self, prediction: Prediction, content: bytes) -> None:
        """Write the file of one image; see the base class."""
        write_atomically(self._folder / f'{prediction.name}{self._suffix}', content)


class AppendedFileWriter(OutputWriter):
    """Writes into one file for all images, which grows image by image.

    Args:
        file: The file.
    """

    def __init__(self, file: AppendedFile) -> None:
        self._file = file

    def put(self, prediction: Prediction, content: bytes) -> None:
        """Append the content for one image; see the base class."""
        self._file.append(content)

    def position(self) -> int:
        """Bring what was written to the disk; see the base class."""
        return self._file.position()

    def resume(self, position: int) -> None:
        """Continue an interrupted run; see the base class."""
        self._file.resume(position)

    def finish(self) -> None:
        """Bring the file into its place; see the base class."""
        self._file.finish()

    def close(self) -> None:
        """Let go of the unfinished file; see the base class."""
        self._file.close()
