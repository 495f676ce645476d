"""What the user is told when the machine is too small."""

import os
import resource
import signal
import sys

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from handbone.apis.resource_errors import resource_message
from handbone.apis.user_errors import user_errors_in_one_line, user_message


class Failing(Dataset):
    """Does something to the worker that prepares its third sample."""

    def __init__(self, act):
        self.act = act

    def __len__(self):
        return 6

    def __getitem__(self, index):
        if index == 2:
            self.act()
        return index


def raised(act, **settings):
    loader = DataLoader(Failing(act), num_workers=1, **settings)
    with pytest.raises(Exception) as caught:  # noqa: B017, PT011
        list(loader)
    return caught.value


def test_worker_killed_by_the_system():
    error = raised(lambda: os.kill(os.getpid(), signal.SIGKILL))
    message = user_message(error)
    assert message.startswith('a worker of the data loader was killed')
    for word in ('num_workers', 'batch_size', 'crop_size', '--resume', 'Killed'):
        assert word in message
    assert '\n' not in message


def test_worker_gone():
    error = raised(lambda: os._exit(1), timeout=5)
    assert 'num_workers' in user_message(error)


def test_shared_memory():
    error = raised(lambda: os.kill(os.getpid(), signal.SIGBUS))
    assert '/dev/shm' in user_message(error) and 'num_workers' in user_message(error)


def test_memory_of_a_worker():
    error = raised(lambda: bytearray(2**60))
    assert 'memory of this machine is used up' in user_message(error)


@pytest.mark.skipif(sys.platform != 'linux', reason='the limit of memory is that of Linux')
def test_memory_of_the_machine():
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (2**36, before[1]))
    try:
        with pytest.raises(RuntimeError) as caught:
            torch.empty(2**40)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    message = user_message(caught.value)
    assert message.startswith('the memory of this machine is used up (tried to allocate')
    assert 'train_dataloader.batch_size' in message and 'crop_size' in message


def test_memory_of_the_gpu(capsys):
    """With the text of a real one."""
    text = (
        'CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 31.73 GiB '
        'of which 8.00 GiB is free.'
    )
    with pytest.raises(SystemExit), user_errors_in_one_line():
        raise torch.OutOfMemoryError(text)
    written = capsys.readouterr().err
    assert written.startswith(
        'error: the GPU is out of memory (Tried to allocate 20.00 GiB): lower'
    )
    for word in ('batch_size', 'crop_size', '--amp', 'activation_checkpointing'):
        assert word in written
    assert written.count('\n') == 1


def test_other_errors():
    for error in (RuntimeError('shape mismatch'), ValueError('x'), KeyError('memory')):
        assert resource_message(error) is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
def test_memory_of_a_real_gpu():
    with pytest.raises(torch.OutOfMemoryError) as caught:
        torch.empty(2**44, device='cuda')
    assert 'Tried to allocate' in resource_message(caught.value)
