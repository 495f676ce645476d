"""The states of a process's random number generators."""

import contextlib
import random
from collections.abc import Iterator

import numpy as np
import torch


def capture_random_state() -> dict:
    """Copy the states of the generators of Python, NumPy and PyTorch, including CUDA.

    Returns:
        Tensors, numbers and tuples, which can be read without unpickling.
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
    """Restore the states of the generators.

    Args:
        state: From :func:`capture_random_state`, its tensors on any device.
    """
    version, internal, gauss = state['python']
    random.setstate((version, tuple(internal), gauss))
    keys, position, *rest = state['numpy']
    if not 0 <= position <= keys.numel() == 624:  # NumPy does not check it
        raise ValueError("the state of NumPy's random numbers is not valid")
    np.random.set_state(('MT19937', keys.cpu().numpy().astype(np.uint32), position, *rest))
    torch.set_rng_state(state['torch'].cpu())
    if 'cuda' in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state['cuda'].cpu())


@contextlib.contextmanager
def random_numbers_of(*numbers: int) -> Iterator[None]:
    """Seed the CPU generators from some numbers within a block.

    Args:
        *numbers: Non-negative integers, such as seed, epoch and position.

    Yields:
        Nothing. Afterwards the generators continue as if nothing had been drawn.
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
