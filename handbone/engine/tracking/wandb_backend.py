"""Weights & Biases in one run, which a resumed training continues."""

import secrets
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import MMLogger
from mmengine.visualization import WandbVisBackend
from mmseg.registry import VISBACKENDS

from handbone.extras import import_extra
from handbone.files import write_atomically
from handbone.structure import Fields, check_structure, parse_json

from .tracker import TrackedCheckpoint, Tracker, ends_no_training, run_folder

EXTRA = 'wandb'
STATE = Fields(dict(run_id=str))
#: Seconds to wait for W&B at the start, before the run is written offline.
INIT_SECONDS = 20.0
#: Name of the axis of all charts.
STEP = 'iteration'


@VISBACKENDS.register_module()
class ResumableWandbVisBackend(Tracker, WandbVisBackend):
    """mmengine's W&B, whose run a resumed training continues, with the iteration as the axis.

    The run's name at W&B is kept in ``WORK_DIR/wandb.json``. With ``mode='offline'`` or without a
    network, everything is written into ``WORK_DIR/wandb``, and ``wandb sync`` of its folders sends
    it later. W&B sends from a process of its own, so the training never waits for it. What goes
    wrong here is a warning, and the training continues without it.

    Args:
        save_dir: The folder of the visualizer's files.
        init_kwargs: Arguments of ``wandb.init``, such as ``project`` and ``mode``. The key belongs
            into the variable WANDB_API_KEY.
        log_checkpoints: Also store the best and the last checkpoint, not their hashes alone.
    """

    def __init__(
        self, save_dir: str, init_kwargs: dict | None = None, log_checkpoints: bool = False
    ) -> None:
        import_extra('wandb', EXTRA)
        super().__init__(save_dir, init_kwargs=dict(init_kwargs or {}))
        self._work_dir = run_folder(save_dir)
        self._log_checkpoints = log_checkpoints
        self._run: Any = None

    @property
    def experiment(self) -> Any:
        """The run of W&B."""
        return self._started()

    @ends_no_training
    def add_image(self, name: str, image: np.ndarray, step: int = 0, **_: Any) -> None:
        """Record a picture.

        Args:
            name: Its name.
            image: RGB, uint8.
            step: Iteration of the training.
        """
        picture = import_extra('wandb', EXTRA).Image(image)
        self._started().log({name: picture, STEP: int(step)})

    @ends_no_training
    def add_numbers(self, values: dict[str, float], step: int) -> None:
        """Record numbers.

        Args:
            values: Numbers by name.
            step: Iteration of the training.
        """
        self._started().log({**values, STEP: step})

    @ends_no_training
    def add_checkpoint(self, checkpoint: TrackedCheckpoint, step: int) -> None:
        """Record the hash of a checkpoint, or all of it.

        Args:
            checkpoint: The checkpoint.
            step: Iteration of the training; not used.
        """
        run = self._started()
        run.summary[f'checkpoint/{checkpoint.kind}'] = checkpoint.path.name
        run.summary[f'checkpoint/{checkpoint.kind}/sha256'] = checkpoint.sha256
        if self._log_checkpoints:
            artifact = import_extra('wandb', EXTRA).Artifact(f'{run.id}-{checkpoint.kind}', 'model')
            artifact.add_file(str(checkpoint.path))
            run.log_artifact(artifact)

    @ends_no_training
    def fail(self) -> None:
        """End the run as one that failed."""
        self._finish(1)

    @ends_no_training
    def close(self) -> None:
        """End the run."""
        self._finish(0)

    def _finish(self, status: int) -> None:
        run, self._run = self._run, None
        if run is not None:
            run.finish(exit_code=status)

    def _started(self) -> Any:
        if self._run is None:
            wandb = import_extra('wandb', EXTRA)
            settings = dict(
                dir=str(self._work_dir),
                name=self._work_dir.name,
                settings=dict(init_timeout=INIT_SECONDS),
            )
            settings |= {**(self._init_kwargs or {}), 'id': self._run_id(), 'resume': 'allow'}
            try:
                self._run = wandb.init(**settings)
            except wandb.errors.Error as error:  # no network, no key, no such project
                reason = ' '.join(str(error).split())[:200]
                MMLogger.get_current_instance().warning(
                    f'W&B cannot be reached ({reason}): the run is written to {self._work_dir}/'
                    'wandb, and `wandb sync` sends it later.'
                )
                wandb.teardown()  # it would say that the run is in use
                self._run = wandb.init(**settings | dict(mode='offline'))
            self._run.define_metric('*', step_metric=STEP)
            if self._config is not None:
                self._run.config.update(self._config.to_dict(), allow_val_change=True)
        return self._run

    def _run_id(self) -> str:
        """Take the run of a resumed training, or a new one."""
        path: Path = self._work_dir / 'wandb.json'
        if self._config is not None and self._config.get('resume') and path.is_file():
            state = parse_json(path.read_bytes(), str(path))
            check_structure(state, STATE, str(path))
            return state['run_id']
        run_id = secrets.token_hex(4)
        write_atomically(path, f'{{"run_id": "{run_id}"}}\n'.encode())
        return run_id
