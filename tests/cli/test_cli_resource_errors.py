"""What the user is told when the machine is too small."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from warm_process import warm_python

from handbone.cli.user_errors import user_errors_in_one_line
from handbone.resource_errors import resource_message
from handbone.user_message import user_message


def message_of(*act):
    """What the user is told when a worker of the data loader does something bad.

    In a process of its own: the death of a worker is a signal to the process that started it.
    """
    script = Path(__file__).with_name('failing_loader.py')
    done = subprocess.run(
        [warm_python(), script, *act], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1
    _, found, message = done.stderr.rpartition('error: ')
    assert found and message.count('\n') == 1, done.stderr
    return message.strip()


@pytest.mark.slow
def test_worker_killed_by_the_system():
    message = message_of('kill')
    assert message.startswith('a worker of the data loader was killed')
    for word in ('num_workers', 'batch_size', 'crop_size', '--resume', 'Killed'):
        assert word in message


@pytest.mark.slow
def test_worker_killed_while_it_hands_out_a_tensor():
    assert message_of('kill', 'tensors').startswith('a worker of the data loader was killed')


@pytest.mark.slow
def test_worker_gone():
    assert 'num_workers' in message_of('exit')


@pytest.mark.slow
def test_shared_memory():
    message = message_of('bus')
    assert '/dev/shm' in message and 'num_workers' in message


@pytest.mark.slow
def test_memory_of_a_worker():
    assert 'memory of this machine is used up' in message_of('memory')


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
    for word in ('batch_size', 'crop_size', '--precision bf16', 'model.backbone.with_cp=True'):
        assert word in written
    assert written.count('\n') == 1


def test_memory_of_the_gpu_as_cuda_and_its_libraries_say_it():
    for text in (
        'CUDA error: out of memory\nCUDA kernel errors might be reported later',
        'CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`',
    ):
        assert resource_message(RuntimeError(text)).startswith('the GPU is out of memory: lower')
    assert resource_message(RuntimeError('CUDA error: device-side assert triggered')) is None


def test_memory_while_predicting():
    """Nothing of a training is to be turned."""
    for error in (torch.OutOfMemoryError('CUDA out of memory.'), MemoryError()):
        message = resource_message(error, predicting=True)
        assert (
            '--batch-size' in message and 'train' not in message and 'optim_wrapper' not in message
        )


def test_other_errors():
    for error in (RuntimeError('shape mismatch'), ValueError('x'), KeyError('memory')):
        assert resource_message(error) is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
def test_memory_of_a_real_gpu():
    with pytest.raises(torch.OutOfMemoryError) as caught:
        torch.empty(2**44, device='cuda')
    assert 'Tried to allocate' in resource_message(caught.value)
