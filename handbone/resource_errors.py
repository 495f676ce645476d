"""What to change when memory runs out."""

import re
import sys
import traceback
from pathlib import Path

LESS_MEMORY = (
    'lower train_dataloader.batch_size (optim_wrapper.accumulative_counts makes up for it), or '
    'crop_size in the config'
)
#: What else to change, by where the memory is used up.
MORE_TO_CHANGE = {
    'gpu': ', train with --precision bf16, or recompute activations (--cfg-options '
    'model.backbone.with_cp=True, for Swin, MiT, ConvNeXt and ResNet)',
    'machine': ', or lower train_dataloader.num_workers',
}
#: The same where a stream of images is predicted.
PREDICTING = {
    'gpu': 'lower --batch-size, or use --precision bf16',
    'machine': 'lower --batch-size',
}
#: What torch's data loader says of a worker that is gone, and the signal if it knows it.
WORKER_GONE = re.compile(
    r'DataLoader worker \(pid\(?s?\)? [\d, ]+\) (?:is killed by signal: (?P<signal>[\w ]+)'
    r'|exited unexpectedly)'
)
#: How CUDA and its libraries say that the memory of a GPU is used up, where torch does not.
NO_GPU_MEMORY = ('CUDA error: out of memory', 'CUBLAS_STATUS_ALLOC_FAILED')
#: How torch and OpenCV begin to say that the memory of the machine is used up.
NO_MEMORY = ("can't allocate memory", 'not enough memory', 'Insufficient memory')


def is_gpu_full(error: BaseException) -> bool:
    """Whether an error says that the memory of a GPU is used up.

    Args:
        error: What was raised.

    Returns:
        True for torch's own error, and for those of CUDA and its libraries.
    """
    if isinstance(error, RuntimeError) and any(words in str(error) for words in NO_GPU_MEMORY):
        return True
    # where torch has not been imported, it has not raised the error either
    torch = sys.modules.get('torch')
    return torch is not None and isinstance(error, torch.OutOfMemoryError)


def resource_message(error: BaseException, predicting: bool = False) -> str | None:
    """Translate the errors of a machine that is too small into what to change.

    Args:
        error: What was raised.
        predicting: Whether a stream of images was predicted, where settings of the training
            do not help.

    Returns:
        The message, or None for any other error.
    """
    text = str(error)
    if is_gpu_full(error):
        wanted = re.search(r'Tried to allocate [\d.]+ \w+', text)
        return f'the GPU is out of memory{_in_brackets(wanted)}: {_remedy("gpu", predicting)}'
    # the data loader names the signal in the error that it was handling
    gone = WORKER_GONE.search(str(error.__cause__)) or WORKER_GONE.search(text)
    if gone is None and _while_fetching_from_worker(error):
        gone = re.match('.*', text)
    if gone and 'Bus error' in gone.group(0):
        return (
            'a worker of the data loader found the shared memory (/dev/shm) full: make it larger '
            '(docker run --shm-size=8g), or lower train_dataloader.num_workers and batch_size'
        )
    if gone:
        return (
            f'a worker of the data loader was killed ({gone.group(0)}), most often by the system '
            'because memory ran out: lower train_dataloader.num_workers and '
            'val_dataloader.num_workers, batch_size, or crop_size in the config; `dmesg` tells '
            'who was killed. Then continue with --resume'
        )
    if isinstance(error, MemoryError) or any(sign in text for sign in NO_MEMORY):
        wanted = re.search(r'(?:tried to|Failed to|Unable to) allocate [\d.]+ \w+', text)
        remedy = _remedy('machine', predicting)
        return f'the memory of this machine is used up{_in_brackets(wanted)}: {remedy}'
    return None


def _remedy(place: str, predicting: bool) -> str:
    return PREDICTING[place] if predicting else LESS_MEMORY + MORE_TO_CHANGE[place]


def _while_fetching_from_worker(error: BaseException) -> bool:
    """Whether the connection broke over which a worker hands out its tensors."""
    frames = traceback.extract_tb(error.__traceback__)
    sharer = Path('multiprocessing', 'resource_sharer.py').parts
    return isinstance(error, (ConnectionError, EOFError)) and any(
        Path(frame.filename).parts[-2:] == sharer for frame in frames
    )


def _in_brackets(found: re.Match | None) -> str:
    return f' ({found.group(0)})' if found else ''
