"""Writes what a run reached into a table that all runs share."""

import atexit
import contextlib
import math
import threading
import time
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.utils import get_git_hash
from mmseg.registry import HOOKS

from handbone.configuration.dataset_configs import inner_datasets
from handbone.csv_files import read_table
from handbone.errors import HandboneError
from handbone.machine.use import machine_use
from handbone.sheets.keyed_table import Cell, KeyedTable, open_table
from handbone.sheets.result_row import (
    FAILED,
    FILE,
    FINISHED,
    KEY,
    RUNNING,
    new_row,
    read_row,
    write_row,
)
from handbone.sheets.row_sender import RowSender
from handbone.sheets.stopped_runs import BEAT, sign_of_life, write_stopped

MEAN = 'mDice'
#: Seconds that the end of a run waits for a table that is slow or away.
LAST_WAIT = 20.0


@HOOKS.register_module()
class ResultSheetHook(Hook):
    """Write a row for this run: config, data, folds, Dice, time, commit, machine.

    The row is written when the training begins, after every validation and at the end, with the
    scores of the best validation: their mean, of each group and of each class. A resumed run keeps
    its row. The row of a run that was killed becomes 'stopped' when the next run begins. A second
    table says what each machine does; ``handbone status`` shows both.

    A table that is away does not stop the training: rows are sent in the background, one warning
    is logged, and ``result_row.json`` in the work dir has the row for
    ``handbone status TABLE --add WORK_DIR``.

    Args:
        table: A CSV file, an SQLite file (``.db``), or the address of a Google Sheet; see
            :func:`~handbone.sheets.keyed_table.open_table`.
        account: Key file of the service account, for a Google Sheet. Default: what the
            environment variable ``GOOGLE_APPLICATION_CREDENTIALS`` names.

    Example:
        >>> custom_hooks = [dict(type='ResultSheetHook', table='work_dirs/results.csv')]
    """

    priority = 'VERY_LOW'

    def __init__(self, table: str = 'work_dirs/results.csv', account: str | None = None) -> None:
        self.table = table
        self.account = Path(account) if account else None
        self._row: dict[str, Cell] = {}
        self._sender: RowSender | None = None
        self._before = 0.0
        self._began = time.monotonic()
        self._over = threading.Event()

    def before_train(self, runner: Runner) -> None:
        """Begin the row, or continue that of the interrupted run.

        Args:
            runner: The runner of the training.
        """
        if not is_main_process():
            return
        self._began = time.monotonic()
        folder = Path(runner.work_dir)
        row = self._former(runner) or new_row(folder)
        self._before = float(row.get('seconds') or 0.0)
        self._row = {**row, 'state': RUNNING, **_described(runner)}
        self._sender = RowSender(
            self._open,
            lambda reason: runner.logger.warning(
                f'{self.table} is not written: {reason}. The training goes on; the row is in '
                f'{folder / FILE}'
            ),
        )
        atexit.register(self._end, FAILED)
        self._send(runner)
        self._over.clear()
        self._beating = threading.Thread(target=self._beat, args=(self._sender,), daemon=True)
        self._beating.start()

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Write the scores, if they are the best ones so far.

        Args:
            runner: The runner of the training.
            metrics: The scores by name.
        """
        if self._sender is None:
            return
        scores = {name: float(score) for name, score in (metrics or {}).items() if _finite(score)}
        best = self._row.get(MEAN)
        if MEAN in scores and (not isinstance(best, (int, float)) or scores[MEAN] > best):
            self._row |= {MEAN: scores.pop(MEAN), 'iteration': runner.iter}
            self._row |= {name: score for name, score in scores.items() if 'Dice' in name}
            self._row |= _class_scores(runner)
        self._send(runner)

    def after_train(self, runner: Runner) -> None:
        """Finish the row.

        Args:
            runner: The runner of the training.
        """
        self._row['iterations'] = runner.iter
        self._end(FINISHED)

    def _open(self, name: str) -> KeyedTable:
        table = open_table(self.table, name, self.account)
        if name == 'results':
            write_stopped(table, self._row[KEY])
        return table

    def _beat(self, sender: RowSender) -> None:
        """Say now and then that the run goes on."""
        while not self._over.wait(BEAT):
            sender.send('results', {**self._row, **sign_of_life()})

    def _former(self, runner: Runner) -> dict[str, Cell] | None:
        if not runner.cfg.get('resume', False):
            return None
        try:
            return read_row(Path(runner.work_dir))
        except (HandboneError, OSError) as error:
            runner.logger.warning(f'The run gets a new row in {self.table}: {error}')
            return None

    def _send(self, runner: Runner | None = None) -> None:
        if self._sender is None:
            return
        self._row['seconds'] = round(self._before + time.monotonic() - self._began)
        self._row |= sign_of_life()
        folder = Path(str(self._row['work dir']))
        try:
            write_row(self._row, folder)
        except OSError as error:
            if runner is not None:
                runner.logger.warning(str(error))
        self._sender.send('results', self._row)
        with contextlib.suppress(OSError):  # a disk that is away has no free space
            self._sender.send('machines', machine_use(folder, with_own=True).row())

    def _end(self, state: str) -> None:
        if self._sender is None:
            return
        atexit.unregister(self._end)
        self._over.set()
        self._beating.join()
        self._row['state'] = state
        self._send()
        self._sender.close(LAST_WAIT)
        self._sender = None


def _described(runner: Runner) -> dict[str, Cell]:
    """Say what is trained, on what."""
    cfg = runner.cfg
    datasets = [each for _, each in inner_datasets(cfg.train_dataloader.dataset)]
    folds = [
        f'{each["fold"]} of {each["num_folds"]}'
        for each in datasets
        if each.get('fold') is not None and each.get('num_folds')
    ]
    return {
        'config': str(getattr(cfg, 'filename', None) or ''),
        'data': ', '.join(dict.fromkeys(str(each.get('data_root', '')) for each in datasets)),
        'fold': ', '.join(dict.fromkeys(folds)),
        'commit': get_git_hash(fallback='', digits=10),
    }


def _class_scores(runner: Runner) -> dict[str, Cell]:
    """Read the Dice of each class from the table that the metric has just written."""
    path = Path(runner.log_dir) / 'dice_per_class.csv'
    if not path.is_file():
        return {}
    header, rows = read_table(path)
    records = [dict(zip(header, fields, strict=True)) for _, fields in rows]
    return {
        f'Dice/{record["name"]}': float(record['dice'])
        for record in records
        if record['kind'] == 'class' and _finite(record['dice'])
    }


def _finite(score: object) -> bool:
    try:
        return math.isfinite(float(score))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
