"""A model in a process of its own: it neither holds up the viewer nor takes it down."""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from signal import Signals
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from handbone.checkpoints.trust import unpickling, unpickling_allowed
from handbone.errors import HandboneError

from .sentences import Sentence

if TYPE_CHECKING:
    from handbone.inference.predictor import Predictor

#: Added to the process's niceness: the viewer and whatever else runs here come first.
POLITENESS = 10
#: Seconds that the process has to end before it is killed.
STOP_TIMEOUT = 5


class Model(NamedTuple):
    """A model that predicts while the viewer runs.

    Attributes:
        config: A config file, an exported file, or the values of a config.
        checkpoint: Its checkpoint; None for an exported file.
        device: 'cpu', 'cuda' and so on; None takes a GPU where there is one.
    """

    config: Path | Mapping[str, Any]
    checkpoint: Path | None = None
    device: str | None = None

    @property
    def path(self) -> Path:
        """The file that holds the weights."""
        return self.checkpoint or Path(str(self.config))


class Answer(NamedTuple):
    """What a model says of an image.

    Attributes:
        runs: Runs of each of its classes along rows, uint32 (n, 2) of [start, length].
        size: Height and width of the image as the model has read it.
        error: Why it could not be predicted, in one line; empty if it could.
    """

    runs: list[np.ndarray]
    size: tuple[int, int] = (0, 0)
    error: str = ''


class ModelEndedError(HandboneError):
    """The process of a model has ended, or could not begin."""


class ModelProcess:
    """A process that predicts one image after the other.

    Args:
        model: What it predicts with.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        context = multiprocessing.get_context('spawn')
        self._connection, self._theirs = context.Pipe()
        work = self._theirs, model, unpickling_allowed()
        self._process = context.Process(target=_serve, args=work, daemon=True)

    def start(self) -> None:
        """Start the process, which then reads the model while the caller goes on."""
        self._process.start()
        self._theirs.close()

    def predict(self, path: Path) -> Answer:
        """Wait for the masks of an image.

        Args:
            path: The image.

        Returns:
            What the model says of it.

        Raises:
            ModelEndedError: The model cannot be opened, or its process is gone.
        """
        try:
            self._connection.send(path)
            answer = self._connection.recv()
        except (EOFError, OSError) as error:
            self._process.join(STOP_TIMEOUT)
            raise ModelEndedError(self._why()) from error
        if isinstance(answer, Answer):
            return answer
        raise ModelEndedError(answer)

    def close(self) -> None:
        """End the process."""
        if self._process.pid is not None:
            self._process.terminate()
            self._process.join(STOP_TIMEOUT)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
        self._theirs.close()
        self._connection.close()

    def _why(self) -> Sentence:
        code, path = self._process.exitcode or 0, self._model.path
        if code == -signal.SIGKILL:
            return Sentence(
                'said_model_out_of_memory',
                '{path}: the process that predicts was killed by SIGKILL; the memory may have run '
                'out. Start the viewer again to predict the rest.',
                path=path,
            )
        if code < 0:
            return Sentence(
                'said_model_killed',
                '{path}: the process that predicts was killed by {signal}. Start the viewer again '
                'to predict the rest.',
                path=path,
                signal=Signals(-code).name,
            )
        return Sentence(
            'said_model_ended',
            '{path}: the process that predicts has ended. Start the viewer again to predict the '
            'rest.',
            path=path,
        )


def _serve(connection: Connection, model: Model, unpickle: bool) -> None:
    """Answer until nobody asks any more; what ends the process is sent as a text."""
    # the interrupt that ends the viewer reaches this process too, which the viewer ends itself
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.nice(POLITENESS)
    from handbone.user_message import error_line

    # the viewer is gone where the connection is closed or broken
    with contextlib.suppress(EOFError, ConnectionError):
        try:
            with unpickling(unpickle):
                predictor = open_model(model)
            while True:
                connection.send(_predict(predictor, connection.recv()))
        except (EOFError, ConnectionError):
            raise
        except Exception as error:
            connection.send(error_line(error))


def named_model(words: Sequence[str], device: str | None = None) -> Model:
    """Name a model by its files.

    Args:
        words: A config and its checkpoint or work dir, or an exported file.
        device: Where it computes.

    Returns:
        The model, whose files exist.

    Raises:
        FileNotFoundError: One of them does not.
        HandboneError: They are too few or too many.
    """
    from handbone.checkpoints import find_checkpoint
    from handbone.export import is_exported

    config, *rest = words
    if len(rest) != (0 if is_exported(config) else 1):
        raise HandboneError(
            f'--model takes a config and its checkpoint, or an exported model, not '
            f'{" ".join(words)}.'
        )
    if not Path(config).is_file():
        raise FileNotFoundError(f'there is no config or model {config}')
    checkpoint = Path(find_checkpoint(rest[0])) if rest else None
    if checkpoint and not checkpoint.is_file():
        raise FileNotFoundError(f'there is no checkpoint {checkpoint}')
    return Model(Path(config), checkpoint, device)


def model_classes(model: Model) -> tuple[str, ...]:
    """Find the classes of a model, without reading its weights.

    Args:
        model: The model.

    Returns:
        Their names in order.

    Raises:
        HandboneError: Its config or file cannot be read.
    """
    from mmengine.config import Config

    from handbone.configuration.config_file import read_config_file
    from handbone.configuration.dataset_configs import dataset_classes
    from handbone.export import open_exported
    from handbone.registration import register

    if not isinstance(model.config, Path):
        register()
        return dataset_classes(Config(dict(model.config)))
    if model.checkpoint is None:
        return open_exported(model.config, 'cpu').classes
    return dataset_classes(read_config_file(model.config))


def open_model(model: Model) -> 'Predictor':
    """Open a model.

    Args:
        model: The model.

    Returns:
        What predicts with it.

    Raises:
        HandboneError: Its files do not fit each other.
    """
    from mmengine.config import Config

    from handbone.inference import TorchPredictor, open_predictor
    from handbone.registration import register

    if isinstance(model.config, Path):
        return open_predictor(model.config, model.checkpoint, model.device)
    register()
    return TorchPredictor(Config(dict(model.config)), str(model.checkpoint), model.device or 'auto')


def _predict(predictor: 'Predictor', path: Path) -> Answer:
    from handbone.inference.sources import Source
    from handbone.inference.stream import predict_sources
    from handbone.masks import encode

    source = Source(path, path.stem, path.name)
    ((outcome,),) = predict_sources(predictor, [source], batch_size=1, workers=1)
    if outcome.prediction is None:
        return Answer([], error=outcome.error)
    labels = outcome.prediction.labels
    runs = encode(labels, len(predictor.classes))
    return Answer([each.astype(np.uint32) for each in runs], labels.shape[:2])
