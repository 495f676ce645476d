"""What every writer of predictions does."""

from handbone.outputs.prediction import Prediction


class OutputWriter:
    """Writes predictions, one by one, so that an interrupted run can go on.

    A writer of one file an image writes beside and renames. A writer of one file for all appends
    to an unfinished file beside the target, tells in :meth:`position` how far it is, and renames in
    :meth:`finish`. The run keeps the positions; after an interruption it calls :meth:`go_on` with
    the last ones, and images written after them come again.
    """

    def check(self, prediction: Prediction) -> None:
        """Look whether an image can be written, before any writer writes it.

        Args:
            prediction: The image and its labels.

        Raises:
            HandboneError: If the format cannot hold it; the message names the file. The image then
                counts as a bad file, and the rest goes on.
        """

    def write(self, prediction: Prediction) -> None:
        """Write one image.

        Args:
            prediction: The image and its labels.

        Raises:
            OSError: If it cannot be written; the message names the file.
        """
        raise NotImplementedError

    def position(self) -> int:
        """Bring what was written to the disk, and return what :meth:`go_on` needs.

        Returns:
            Bytes of the unfinished file; 0 for writers of one file an image.
        """
        return 0

    def go_on(self, position: int) -> None:
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
