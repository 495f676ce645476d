"""Outcomes to files, and the journal that goes with them."""

import time
from collections.abc import Mapping
from pathlib import Path

from handbone.outputs.failure_table import FailureTable
from handbone.outputs.writer import OutputWriter

from .journal import Journal
from .stream import Outcome

FAILURES = 'failures'
SECONDS_BETWEEN = 1.0  # of journal entries, each of which waits for the disk


class Recorder:
    """Writes outcomes in order and keeps the journal; it stops for good at the first error.

    Args:
        writers: Writers by the name of their format.
        out_dir: Folder of the outputs.
        journal: Where to go on; a new one begins anew.

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
            self._go_on()
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
        """Write an image in all formats, or what is wrong with it; tells which."""
        writers = [writer for name, writer in self._writers.items() if name != FAILURES]
        error = outcome.error
        if outcome.prediction is not None:
            try:
                for writer in writers:
                    writer.check(outcome.prediction)
            except ValueError as fault:
                error = str(fault)
        if error:
            self._failures.add(outcome.source.path, error)
            return False
        for writer in writers:
            writer.write(outcome.prediction)
        return True

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

    def _go_on(self) -> None:
        for name, writer in self._writers.items():
            try:
                writer.go_on(self.journal.positions[name])
            except ValueError:
                # interrupted between the names of two files: this one has its name already
                if self.journal.state != 'finishing':
                    raise
                self._in_place.add(name)

    def _interrupted(self, error: OSError) -> OSError:
        return OSError(
            error.errno,
            f'{error.strerror}. {self.journal.done} of {self.journal.images} images are done; mend '
            'that and give the same command again: it goes on where it stopped',
            error.filename,
        )
