"""MLflow as a backend of the visualizer that no server can hold up."""

import threading
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import MMLogger
from mmengine.visualization.vis_backend import BaseVisBackend
from mmseg.registry import VISBACKENDS

from handbone.errors import HandboneError
from handbone.extras import MissingExtraError
from handbone.visualization.picture_file import write_picture

from .journal import Journal
from .mlflow_sending import EXTRA, MLflowSender, reason_of
from .tracker import TrackedCheckpoint, Tracker, flattened, run_folder

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 120.0
FOLDER = 'mlflow'


@VISBACKENDS.register_module()
class BufferedMLflowVisBackend(Tracker, BaseVisBackend):
    """MLflow: scalars, config, pictures, hashes of checkpoints, in one run also when resumed.

    Everything goes into a journal in the work dir first, ``mlflow/TIME.jsonl``, from which a thread
    sends it. A server that is away does not hold up or end the training: the log says so once, and
    what is not sent yet is sent when the server is back, by the resumed training or by
    ``handbone send-tracking WORK_DIR``. Passwords belong into MLFLOW_TRACKING_USERNAME and
    MLFLOW_TRACKING_PASSWORD.

    Args:
        save_dir: The folder of the visualizer's files.
        exp_name: The experiment.
        run_name: The run; by default the name of the work dir.
        tags: Tags of the run.
        tracking_uri: Where MLflow is. Default: the variable MLFLOW_TRACKING_URI, and without it the
            SQLite file ``mlflow.db`` beside the work dir.
        artifact_location: Where files of a new experiment go.
        log_checkpoints: Also store the best and the last checkpoint, not their hashes alone.
        wait_seconds: How long the end of the training waits for what is not sent yet.

    Raises:
        MissingExtraError: If MLflow is not installed.
    """

    def __init__(
        self,
        save_dir: str,
        exp_name: str = 'handbone',
        run_name: str | None = None,
        tags: Mapping[str, str] | None = None,
        tracking_uri: str | None = None,
        artifact_location: str | None = None,
        log_checkpoints: bool = False,
        wait_seconds: float = 20.0,
    ) -> None:
        if find_spec('mlflow') is None:
            raise MissingExtraError(f'mlflow is not installed: pip install "handbone[{EXTRA}]"')
        super().__init__(save_dir)
        self._work_dir = run_folder(save_dir)
        self._start = dict(
            experiment=exp_name,
            run_name=run_name or self._work_dir.name,
            tags=dict(tags or {}),
            artifact_location=artifact_location,
        )
        self._tracking_uri = tracking_uri
        self._log_checkpoints = log_checkpoints
        self._wait_seconds = wait_seconds
        self._journal: Journal | None = None
        self._sending: JournalThread | None = None
        self._full = False

    @property
    def experiment(self) -> 'BufferedMLflowVisBackend':
        """The backend itself; the client belongs to the thread."""
        return self

    def add_numbers(self, values: dict[str, float], step: int) -> None:
        """Record numbers.

        Args:
            values: Numbers by name.
            step: Iteration of the training.
        """
        self._append('metrics', values=values, step=step)

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **_: Any) -> None:
        """Record a picture.

        Args:
            name: Its name.
            image: RGB, uint8.
            step: Iteration of the training.
        """
        path = self._work_dir / FOLDER / 'images' / f'{name}_{step}.png'
        try:
            write_picture(path, image)
        except OSError as error:
            self._warn_of_disk(error)
        else:
            self._append('file', path=str(path), folder='images')

    def add_checkpoint(self, checkpoint: TrackedCheckpoint, step: int) -> None:
        """Record the hash of a checkpoint, or all of it.

        Args:
            checkpoint: The checkpoint.
            step: Iteration of the training; not used.
        """
        key = f'checkpoint.{checkpoint.kind}'
        values = {key: checkpoint.path.name, f'{key}.sha256': checkpoint.sha256}
        self._append('tags', values=values)
        if self._log_checkpoints:
            self._append('file', path=str(checkpoint.path.absolute()), folder='checkpoints')

    def fail(self) -> None:
        """Record that the training ended by an error."""
        self._end('FAILED')

    def close(self) -> None:
        """End the run, and wait a little for what is not sent yet."""
        self._end('FINISHED')

    def _end(self, status: str) -> None:
        if self._sending is None or self._journal is None:
            return
        self._append('end', status=status)
        sending, self._sending = self._sending, None
        if not sending.finish(self._wait_seconds):
            MMLogger.get_current_instance().warning(
                f'Not all of the run is in MLflow yet. `handbone send-tracking {self._work_dir}` '
                'or a resumed training sends the rest.'
            )

    def _append(self, kind: str, **content: Any) -> None:
        try:
            if self._journal is None:
                self._begin()
            assert self._journal is not None
            self._journal.append(do=kind, time=_now(), **content)
        except (OSError, HandboneError) as error:
            self._warn_of_disk(error)
            return
        if self._sending is not None:
            self._sending.wake()

    def _begin(self) -> None:
        """Go on in the run of a resumed training, or begin one."""
        folder = self._work_dir / FOLDER
        former = sorted(folder.glob('*.jsonl'))
        resumed = self._config is not None and bool(self._config.get('resume')) and bool(former)
        name = Path(self._save_dir).absolute().parent.name
        journal = Journal(former[-1] if resumed else folder / f'{name}.jsonl')
        journal.mark(tracking_uri=self._tracking_uri)
        journal.append(do='start', time=_now(), **self._start)
        if self._config is not None:
            if not resumed:  # MLflow lets nobody change a parameter
                values = {key: str(each) for key, each in flattened(self._config.to_dict()).items()}
                journal.append(do='parameters', time=_now(), values=values)
            text = f'config_{name}.py' if resumed else 'config.py'
            journal.append(do='text', time=_now(), text=self._config.pretty_text, name=text)
        self._journal = journal
        unsent = [Journal(path) for path in former if path != journal.path]
        self._sending = JournalThread([*unsent, journal], self._tracking_uri)

    def _warn_of_disk(self, error: Exception) -> None:
        if not self._full:
            self._full = True
            MMLogger.get_current_instance().warning(f'MLflow does not get everything: {error}')


class JournalThread:
    """Sends journals in a thread, for as long as it takes.

    Args:
        journals: Those of earlier runs, of which something may not be sent, and the one of this.
        tracking_uri: As for the backend.
    """

    def __init__(self, journals: list[Journal], tracking_uri: str | None) -> None:
        self._logger = MMLogger.get_current_instance()
        self._senders = [
            MLflowSender(each, tracking_uri, self._logger.warning) for each in journals
        ]
        self._more = threading.Event()
        self._ending = threading.Event()
        self._done = threading.Event()
        self._given_up = threading.Event()
        threading.Thread(target=self._work, daemon=True).start()

    def wake(self) -> None:
        """Say that there is something to send."""
        self._more.set()

    def finish(self, seconds: float) -> bool:
        """Wait until everything is sent, then end, so that a different process can send the rest.

        Args:
            seconds: For how long.

        Returns:
            Whether it is.
        """
        self._ending.set()
        self._more.set()
        sent = self._done.wait(seconds)
        self._given_up.set()
        return sent

    def _work(self) -> None:
        pause, away = FIRST_PAUSE, False
        while not self._given_up.is_set():
            ending = self._ending.is_set()
            self._more.clear()
            try:
                while not self._given_up.is_set() and any(each.send() for each in self._senders):
                    if away:
                        self._logger.warning('MLflow is back.')
                    pause, away = FIRST_PAUSE, False
            except Exception as error:  # MLflow, its HTTP client and its databases raise anything
                if not away:
                    self._logger.warning(
                        f'MLflow does not take anything ({reason_of(error)}). The training '
                        'continues, and it is sent later.'
                    )
                away = True
                # at the end there is little time
                wait = min(pause, 1.0) if ending else pause
                (self._given_up if ending else self._ending).wait(wait)
                pause = min(2 * pause, LONGEST_PAUSE)
                continue
            if ending:
                self._done.set()
                return
            self._more.wait()


def _now() -> int:
    """The time in milliseconds since 1970."""
    return round(1000 * time.time())
