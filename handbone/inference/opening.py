"""One way to open whatever can predict."""

from collections.abc import Sequence
from pathlib import Path

from .predictor import Predictor
from .torch_predictor import TorchPredictor

#: Suffixes of models that need no checkpoint: ONNX and OpenVINO.
EXPORTED = ('.onnx', '.xml')


def is_exported(model: str | Path) -> bool:
    """Tell by its suffix whether a model stands for itself, without a checkpoint."""
    return Path(model).suffix.lower() in EXPORTED


def open_predictor(
    model: str | Path,
    checkpoint: str | Path | None = None,
    device: str | None = None,
    precision: str | None = None,
    tta: bool = False,
    thresholds: Sequence[float] | None = None,
) -> Predictor:
    """Open a config with its checkpoint, or an exported model.

    Args:
        model: A config file, or an exported ``.onnx`` or ``.xml`` file.
        checkpoint: Checkpoint of the config: a file or a work dir.
        device: 'cpu', 'cuda', 'cuda:1' and so on; ``None`` takes a GPU where there is one.
        precision: 'float32', 'bf16' or 'fp16'; ``None`` is 'float32'. An exported model has its
            own.
        tta: Average over the views that the config names.
        thresholds: Probability above which a class is present, one a class; ``None`` takes those of
            the model.

    Returns:
        The predictor.

    Raises:
        FileNotFoundError: If a file does not exist.
        ValueError: If model, checkpoint and options do not fit each other.
    """
    if is_exported(model):
        if checkpoint is not None or precision is not None or tta:
            raise ValueError(
                f'{model} is an exported model: it takes no checkpoint, no precision and no '
                'test-time augmentation; give the config and the checkpoint instead'
            )
        from handbone.export import open_exported

        return open_exported(model, device or 'auto', thresholds)
    if checkpoint is None:
        raise ValueError(f'{model} is a config: give the checkpoint or the work dir after it')
    return TorchPredictor(
        model, checkpoint, device or 'auto', precision or 'float32', tta, thresholds
    )
