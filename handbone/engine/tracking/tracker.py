"""What the trackers have in common."""

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

import numpy as np
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger

from handbone.user_message import error_line


class TrackedCheckpoint(NamedTuple):
    """A checkpoint, for a tracker.

    Attributes:
        kind: ``best`` or ``last``.
        path: The file.
        sha256: SHA-256 of its bytes, in hexadecimal digits.
    """

    kind: str
    path: Path
    sha256: str


class Tracker:
    """What our backends of the visualizer share, in front of mmengine's class.

    The run begins with the first values, when it is known from which step a training continues;
    until then the config is kept. Heirs define :meth:`add_numbers`.
    """

    _config: Config | None = None
    _failed = False

    def _init_env(self) -> None:
        """Nothing: the run begins with the first values."""

    def add_config(self, config: Config, **_: Any) -> None:
        """Keep the config, for when the run begins.

        Args:
            config: The config of the run.
        """
        self._config = config

    def add_scalar(self, name: str, value: Any, step: int = 0, **_: Any) -> None:
        """Record a scalar.

        Args:
            name: Its name.
            value: A number.
            step: Iteration of the training.
        """
        self.add_scalars({name: value}, step)

    def add_scalars(
        self, scalar_dict: dict, step: int = 0, file_path: str | None = None, **_: Any
    ) -> None:
        """Record scalars; what is no number is left out.

        Args:
            scalar_dict: Numbers by name.
            step: Iteration of the training.
            file_path: Not used.
        """
        self.add_numbers(numbers(scalar_dict), int(step))

    def add_numbers(self, values: dict[str, float], step: int) -> None:
        """Record numbers.

        Args:
            values: Numbers by name.
            step: Iteration of the training.
        """
        raise NotImplementedError

    def add_checkpoint(self, checkpoint: TrackedCheckpoint, step: int) -> None:
        """Record a checkpoint.

        Args:
            checkpoint: The checkpoint.
            step: Iteration of the training.
        """

    def fail(self) -> None:
        """Record that the training ended by an error or was interrupted."""


Backend = TypeVar('Backend', bound=Tracker)
Arguments = ParamSpec('Arguments')


def ends_no_training(
    method: Callable[Concatenate[Backend, Arguments], None],
) -> Callable[Concatenate[Backend, Arguments], None]:
    """Let a training go on without a tracker that fails, such as on a full disk.

    Args:
        method: A method of a tracker.

    Returns:
        The same; what it raises is a warning, the first time, and nothing is called after it.
    """

    @wraps(method)
    def guarded(self: Backend, *args: Arguments.args, **more: Arguments.kwargs) -> None:
        if self._failed:
            return
        try:
            method(self, *args, **more)
        except Exception as error:  # the packages of trackers raise anything
            self._failed = True
            MMLogger.get_current_instance().warning(
                f'{type(self).__name__} gets nothing more ({error_line(error)}). The training '
                'continues without it.'
            )

    return guarded


def run_folder(save_dir: str) -> Path:
    """Find the work dir of a training, which a resumed one shares.

    Args:
        save_dir: The folder of the visualizer's files, ``WORK_DIR/TIME/vis_data``.

    Returns:
        The work dir.
    """
    return Path(save_dir).absolute().parents[1]


def numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """Select the numbers among scalars.

    Args:
        values: Numbers, arrays or tensors of one value, and perhaps texts.

    Returns:
        The numbers by name.
    """
    found = {}
    for name, value in values.items():
        if isinstance(value, torch.Tensor):
            value = value.detach().cpu().numpy()
        if isinstance(value, (int, float, np.number, np.ndarray)) and np.size(value) == 1:
            found[name] = float(np.asarray(value).item())
    return found


def flattened(settings: Any, key: str = '') -> dict[str, Any]:
    """Name every value of a config by its place.

    Args:
        settings: Nested mappings and lists.
        key: Place of the whole.

    Returns:
        Values by dotted key. Lists of plain values stay whole.

    >>> flattened({'model': {'channels': [8, 16]}, 'hooks': [{'type': 'A'}]})
    {'model.channels': [8, 16], 'hooks.0.type': 'A'}
    """
    if isinstance(settings, Mapping):
        parts = list(settings.items())
    elif isinstance(settings, (list, tuple)) and any(isinstance(x, Mapping) for x in settings):
        parts = list(enumerate(settings))
    else:
        return {key: settings}
    found: dict[str, Any] = {}
    for name, value in parts:
        found |= flattened(value, f'{key}.{name}' if key else str(name))
    return found
