"""Outcomes to files, and the journal that goes with them."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

from handbone.errors import HandboneError
from handbone.outputs.failure_table import FailureTable
from handbone.outputs.prediction import Prediction
from handbone.outputs.writer import OutputWriter

from .image_failures import failure_text
from .journal import Journal
from .stream import Outcome

FAILURES = 'failures'
#: Seconds between entries of the journal, each of which waits for the disk.
SECONDS_BETWEEN = 1.0
#: Bytes of a file's name that leave room for the suffixes of outputs; file systems take 255.
LONGEST_NAME = 240


class Recorder:
    """Writes outcomes in order and keeps the journal; it stops for good at the first fault.

    Args:
        writers: Writers by the name of their format.
        out_dir: Folder of the outputs.
        journal: Where to continue; a new one starts over.

    Attributes:
        journal: How far the run is.

    Raises:
        HandboneError: If unfinished files of the interrupted run are missing or too short.
        OSError: If the folder cannot be written.
    """

    def __init__(
        self, writers: Mapping[str, OutputWriter], out_dir: Path, journal: Journal
    ) -> None:
        self._failures = FailureTable(out_dir)
        self._writers = {**writers, FAILURES: self._failures}
        self._out_dir = out_dir
        self._in_place: set[str] = set()
        self._stopped = False
        self._saved = 0.0
        self.journal = journal
        if journal.positions:
            self._resume()
        else:
            self._save()

    def record(self, batch: list[Outcome]) -> int:
        """Write one batch, and now and then the journal.

        Args:
            batch: Outcomes that follow on those before.

        Returns:
            Number of sources written: none after an error.

        Raises:
            OSError: If something cannot be written.
        """
        if self._stopped:  # what follows on a gap must not be written
            return 0
        try:
            failed = sum(not self._write(outcome) for outcome in batch)
            self.journal = self.journal.advanced(
                done=self.journal.done + len(batch),
                failed=self.journal.failed + failed,
                last=batch[-1].source.name,
            )
            if time.monotonic() - self._saved > SECONDS_BETWEEN:
                self._save()
        except OSError as error:
            self._stopped = True
            raise self._interrupted(error) from error
        except BaseException:
            self._stopped = True
            raise
        return len(batch)

    def finish(self) -> None:
        """Give the files for all images their names.

        Raises:
            OSError: If one cannot be written.
        """
        try:
            self._save(state='finishing')
            for name, writer in self._writers.items():
                if name not in self._in_place:
                    writer.finish()
            self.journal = self.journal.advanced(state='finished')
            self.journal.write(self._out_dir)
        except OSError as error:
            raise self._interrupted(error) from error

    def close(self) -> None:
        """Let go of all files."""
        for writer in self._writers.values():
            writer.close()

    def _write(self, outcome: Outcome) -> bool:
        """Write an image in all formats, or why it failed; tells which."""
        prediction, error = outcome.prediction, outcome.error
        contents: list[tuple[OutputWriter, bytes]] = []
        if prediction is not None:
            try:
                contents = self._encode(prediction)
            except Exception as fault:
                error = failure_text(fault, outcome.source.place, 'written')
        if prediction is None or error:
            self._failures.add(outcome.source.place, error)
            return False
        for writer, content in contents:
            writer.put(prediction, content)
        return True

    def _encode(self, prediction: Prediction) -> list[tuple[OutputWriter, bytes]]:
        """Make an image's content in all formats, before any of it is written."""
        if len(os.fsencode(Path(prediction.name).name)) > LONGEST_NAME:
            raise HandboneError('the name is too long for files of outputs: shorten it')
        return [
            (writer, writer.encode(prediction))
            for name, writer in self._writers.items()
            if name != FAILURES
        ]

    def _save(self, state: str = 'running') -> None:
        positions = {
            name: writer.position()
            for name, writer in self._writers.items()
            if name not in self._in_place
        }
        self.journal = self.journal.advanced(
            state=state, positions=self.journal.positions | positions
        )
        self.journal.write(self._out_dir)
        self._saved = time.monotonic()

    def _resume(self) -> None:
        for name, writer in self._writers.items():
            try:
                writer.resume(self.journal.positions[name])
            except ValueError:
                # interrupted between the names of two files: this one has its name already
                if self.journal.state != 'finishing':
                    raise
                self._in_place.add(name)

    def _interrupted(self, error: OSError) -> OSError:
        return OSError(
            error.errno,
            f'{error.strerror}. {self.journal.done} of {self.journal.images} images are done. '
            'After you have corrected that, the same command continues where it stopped',
            error.filename,
        )
