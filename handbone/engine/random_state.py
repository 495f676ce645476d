"""The states of the random number generators of a process."""

import contextlib
import random
from collections.abc import Iterator

import numpy as np
import torch


def capture_random_state() -> dict:
    """Take the states of Python's, NumPy's and PyTorch's generators, CUDA's included.

    Returns:
        Tensors, numbers and tuples, which any loader of weights reads.
    """
    _, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    state = dict(
        python=random.getstate(),
        numpy=(torch.from_numpy(np.asarray(keys, np.int64)), int(position), int(has_gauss), cached),
        torch=torch.get_rng_state(),
    )
    if torch.cuda.is_available():
        state['cuda'] = torch.cuda.get_rng_state()
    return state


def restore_random_state(state: dict) -> None:
    """Put the generators back to where they were.

    Args:
        state: From :func:`capture_random_state`, its tensors on any device.
    """
    version, internal, gauss = state['python']
    random.setstate((version, tuple(internal), gauss))
    keys, position, *rest = state['numpy']
    if not 0 <= position <= keys.numel() == 624:  # NumPy does not look
        raise ValueError("the state of NumPy's random numbers is not valid")
    np.random.set_state(('MT19937', keys.cpu().numpy().astype(np.uint32), position, *rest))
    torch.set_rng_state(state['torch'].cpu())
    if 'cuda' in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state['cuda'].cpu())


@contextlib.contextmanager
def random_numbers_of(*numbers: int) -> Iterator[None]:
    """Draw, for a while, the random numbers that belong to some numbers, on the CPU.

    Args:
        *numbers: Non-negative integers, as seed, epoch and position.

    Yields:
        Nothing. Afterwards the generators go on as if nothing had been drawn.
    """
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()
    words = np.random.SeedSequence(numbers).generate_state(4)
    random.seed(int(words[0]))
    np.random.seed(words[1])
    # not torch.manual_seed, which would seed the GPUs as well
    torch.default_generator.manual_seed(int(words[2]) << 32 | int(words[3]))
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        torch.set_rng_state(before[2])
