"""Tells people how a training fares, wherever they are."""

import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import BaseLoop, Runner
from mmseg.registry import HOOKS

from handbone.engine.training_events import ERROR, INTERRUPT, INVALID_LOSS, ListeningHook
from handbone.errors import HandboneError, counted
from handbone.evaluation.dice_metric import dice_table
from handbone.evaluation.score_table import ScoreTable
from handbone.notifications.destinations import find_destinations, refuse_addresses
from handbone.notifications.message import Message
from handbone.notifications.messenger_process import MessengerProcess
from handbone.notifications.service import Service

from .terminal_hook import duration

#: Seconds between two signs of life.
BEAT = 1.0


@HOOKS.register_module()
class NotificationHook(ListeningHook):
    """Send messages to Slack, Discord, Telegram, KakaoTalk, mail and others.

    They tell of the start, of the end with the Dice of each class, of early stopping, of an error
    with its line, of batches left out because of NaN, and, by a process of its own that watches the
    training, of a kill and of a hang. That process sends the messages, so that no service, however
    slow, holds up the training. The addresses, with their secrets, are in the environment or in a
    file that only the owner can read, never in the config.

    Args:
        to: ``$NAME`` for an environment variable or a file with the addresses. Default: the
            variable HANDBONE_NOTIFY, or ``~/.config/handbone/notify.txt``.
        hang_minutes: Minutes without an iteration after which the training hangs. A validation
            counts by its iterations.
        wait_seconds: How long the end waits for messages that are not sent yet.
        retry_seconds: Pause before the second attempt to send; it doubles up to five minutes.
        give_up_minutes: How long the other process tries after the end of the training.

    Raises:
        HandboneError: If an address stands in the config, or a number is not positive.

    Example:
        >>> custom_hooks = [dict(type='NotificationHook')]
    """

    # after the hooks that write scores and checkpoints
    priority = 'LOWEST'

    def __init__(
        self,
        to: Sequence[str] | str | None = None,
        hang_minutes: float = 30.0,
        wait_seconds: float = 10.0,
        retry_seconds: float = 2.0,
        give_up_minutes: float = 15.0,
    ) -> None:
        self.to = [to] if isinstance(to, str) else to
        refuse_addresses(self.to or [])
        if min(hang_minutes, wait_seconds, retry_seconds, give_up_minutes) <= 0:
            raise HandboneError('NotificationHook: minutes and seconds must be greater than 0')
        self.wait_seconds, self.give_up_minutes = wait_seconds, give_up_minutes
        self._settings = dict(
            to=self.to,
            hang_seconds=60 * hang_minutes,
            first_pause=retry_seconds,
            patience=60 * give_up_minutes,
        )
        self._messenger: MessengerProcess | None = None
        self._label = ''
        self._next_beat = self._started = time.monotonic()
        self._first_iteration = self._invalid = 0
        self._best: tuple[float, int, ScoreTable | None] | None = None

    def before_train(self, runner: Runner) -> None:
        """Tell of the start.

        Args:
            runner: The runner of the training.
        """
        self._started, self._first_iteration = time.monotonic(), runner.iter
        images = len(runner.train_dataloader.dataset)
        if runner.iter:
            title, length = 'Training continues', f'iteration {runner.iter} of {runner.max_iters}'
        else:
            title, length = 'Training starts', counted(runner.max_iters, 'iteration')
        self._tell(
            runner, title, f'{counted(images, "image")}, {length}. Work dir: {runner.work_dir}'
        )

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Show that the training is alive.

        Args:
            runner: The runner of the training.
            batch_idx: Number of the batch; not used.
            data_batch: The batch; not used.
            outputs: The losses; not used.
        """
        if time.monotonic() >= self._next_beat:
            self._beat(f'iteration {runner.iter + 1} of {runner.max_iters}')

    def after_val_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Show that the validation is alive.

        Args:
            runner: The runner.
            batch_idx: Number of the batch.
            data_batch: The batch; not used.
            outputs: The predictions; not used.
        """
        if self._messenger is not None and time.monotonic() >= self._next_beat:
            self._beat(f'validation after iteration {runner.iter} of {runner.max_iters}')

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Keep the scores of the best validation.

        Args:
            runner: The runner.
            metrics: The scores.
        """
        score = (metrics or {}).get('mDice')
        if score is not None and (self._best is None or score > self._best[0]):
            self._best = (score, runner.iter, dice_table(runner.val_loop.evaluator))

    def after_train(self, runner: Runner) -> None:
        """Tell of the end, with the Dice of each class.

        Args:
            runner: The runner of the training.
        """
        early = getattr(runner.train_loop, 'stop_training', False)
        title = 'Training stopped early' if early else 'Training finished'
        took = duration(time.monotonic() - self._started)
        lines = [
            f'{counted(runner.iter - self._first_iteration, "iteration")} in {took}, at iteration '
            f'{runner.iter} of {runner.max_iters}.'
        ]
        if self._invalid:
            lines.append(f'{self._invalid} batches were left out because of NaN.')
        if self._best is not None:
            score, step, table = self._best
            lines.append(f'Best validation: mDice {score:.4f} after iteration {step}.')
            lines += _dice_lines(table)
        checkpoints = [hook for hook in runner.hooks if isinstance(hook, CheckpointHook)]
        best = getattr(checkpoints[0], 'best_ckpt_path', None) if checkpoints else None
        lines.append(f'Best checkpoint: {best}' if best else f'Work dir: {runner.work_dir}')
        self._tell(runner, title, '\n'.join(lines), 'success')
        self._end(runner)

    def after_event(self, runner: Runner, event: str, text: str) -> None:
        """Tell of an error, an interrupt, and of the first batch that is left out.

        Args:
            runner: The runner of the training.
            event: What kind of event.
            text: What happened.
        """
        if event == INVALID_LOSS:
            self._invalid += 1
            if self._invalid == 1:
                more = 'The batch is left out. The end tells how many more there were.'
                self._tell(runner, 'NaN in training', f'{text}. {more}', 'warning')
        elif event in (ERROR, INTERRUPT):
            title = 'Training interrupted' if event == INTERRUPT else 'Training failed'
            line = '' if event == INTERRUPT else f'{text}\n'
            kind = 'warning' if event == INTERRUPT else 'failure'
            log = runner.logger.log_file or runner.work_dir
            # asking the runner for its iteration would build a loop that could not be built
            started = isinstance(runner._train_loop, BaseLoop)
            place = f'At iteration {runner.iter}.' if started else 'Before the first iteration.'
            self._tell(runner, title, f'{line}{place} Log: {log}', kind)
            self._end(runner)

    def _tell(self, runner: Runner, title: str, text: str, kind: str = 'info') -> None:
        if not is_main_process():
            return
        if self._messenger is None:
            folder = Path(runner.work_dir).name
            config = Path(runner.cfg.get('filename') or folder).stem
            name = config if folder == config else f'{config} in {folder}'
            self._label = f'{name} on {socket.gethostname()}'
            try:
                self._messenger = MessengerProcess(
                    self._settings | dict(label=self._label), runner.logger.warning
                )
            except OSError as error:
                runner.logger.warning(f'No messages are sent: {error}')
                return
        self._messenger.send(Message(f'{title}: {self._label}', text, kind))

    def _beat(self, done: str) -> None:
        self._next_beat = time.monotonic() + BEAT
        if self._messenger is not None:
            self._messenger.beat(done)

    def _end(self, runner: Runner) -> None:
        messenger, self._messenger = self._messenger, None
        if messenger is not None and not messenger.end(self.wait_seconds):
            more = f' A process in the background tries it for {self.give_up_minutes:g} minutes.'
            runner.logger.warning(f'Not all messages were sent.{more if messenger.running else ""}')


#: What a config may call the hook.
NAMES = ('NotificationHook', 'mmseg.NotificationHook', NotificationHook)


def check_notifications(cfg: Config) -> None:
    """Make sure that a training can send its messages, before anything of it is built.

    Args:
        cfg: Configuration; without a :class:`NotificationHook` nothing is checked.

    Raises:
        MissingExtraError: If Apprise is not installed.
        HandboneError: If there is no address, a file of addresses can be read by others, or an
            address is not complete.
        OSError: If a file cannot be read.
    """
    hooks = [*(cfg.get('default_hooks') or {}).values(), *(cfg.get('custom_hooks') or [])]
    for settings in hooks:
        if isinstance(settings, Mapping) and settings.get('type') in NAMES:
            to = settings.get('to')
            for destination in find_destinations([to] if isinstance(to, str) else to):
                Service(destination)


def _dice_lines(table: ScoreTable | None) -> list[str]:
    """List groups, then classes."""
    if table is None:
        return []
    means = [*table.means('dice', ('group',)).items(), *table.means('dice', ('class',)).items()]
    return [f'{score:.4f}  {name}' for name, score in means]
