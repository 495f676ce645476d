"""TensorBoard in one folder, which a resumed training continues."""

from pathlib import Path
from typing import Any

from mmengine.visualization import TensorboardVisBackend
from mmseg.registry import VISBACKENDS

from handbone.extras import import_extra

from .tracker import TrackedCheckpoint, Tracker, ends_no_training, run_folder

EXTRA = 'tensorboard'


@VISBACKENDS.register_module()
class ResumableTensorboardVisBackend(Tracker, TensorboardVisBackend):
    """mmengine's TensorBoard, in ``WORK_DIR/tensorboard`` for all parts of a resumed training.

    What was logged after the checkpoint from which a training is resumed is discarded, as is what
    an earlier training left in the same folder. Where the disk is full, the log says so once and
    the training continues without it.

    Args:
        save_dir: The folder of the visualizer's files.
    """

    def __init__(self, save_dir: str) -> None:
        import_extra('tensorboard', EXTRA)
        super().__init__(str(run_folder(save_dir) / 'tensorboard'))

    @property
    def experiment(self) -> Any:
        """The writer of TensorBoard."""
        return self._writer(0)

    @ends_no_training
    def add_image(self, name: str, image: Any, step: int = 0, **_: Any) -> None:
        """Record a picture.

        Args:
            name: Its name.
            image: RGB, uint8.
            step: Iteration of the training.
        """
        self._writer(step).add_image(name, image, step, dataformats='HWC')

    @ends_no_training
    def add_numbers(self, values: dict[str, float], step: int) -> None:
        """Record numbers.

        Args:
            values: Numbers by name.
            step: Iteration of the training.
        """
        for name, value in values.items():
            self._writer(step).add_scalar(name, value, step)

    @ends_no_training
    def add_checkpoint(self, checkpoint: TrackedCheckpoint, step: int) -> None:
        """Record the hash of a checkpoint.

        Args:
            checkpoint: The checkpoint.
            step: Iteration of the training.
        """
        text = f'{checkpoint.path.name}, SHA-256 {checkpoint.sha256}'
        self._writer(step).add_text(f'checkpoint/{checkpoint.kind}', text, step)

    def fail(self) -> None:
        """Write what is in memory."""
        self.close()

    @ends_no_training
    def close(self) -> None:
        """Write what is in memory, and close the file."""
        super().close()

    def _writer(self, step: int) -> Any:
        if not hasattr(self, '_tensorboard'):
            from torch.utils.tensorboard import SummaryWriter

            folder = Path(self._save_dir)
            resumed = self._config is not None and bool(self._config.get('resume'))
            if not resumed:
                for file in folder.glob('events.out.tfevents.*'):
                    file.unlink()
            self._tensorboard = SummaryWriter(str(folder), purge_step=step if resumed else None)
            if self._config is not None:
                text = self._config.pretty_text
                self._tensorboard.add_text('config', f'```python\n{text}\n```', step)
        return self._tensorboard
