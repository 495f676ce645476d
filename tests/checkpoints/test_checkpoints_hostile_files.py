"""Files that reach for foreign memory or never end are refused in one line, by every command."""

import pytest
import torch

from handbone.apis.publishing import publish
from handbone.apis.testing import test as run_test
from handbone.apis.training import train
from handbone.checkpoints import CheckpointError, load_checkpoint_file, newest_checkpoint
from handbone.errors import HandboneError
from tests.checkpoints.hostile_files import HOSTILE, rewritten, saved
from tests.fuzz.harness import message_fault


@pytest.fixture(params=list(HOSTILE))
def hostile(request, tmp_path):
    path = tmp_path / 'hostile.pth'
    path.write_bytes(HOSTILE[request.param]())
    return path


def refused(path, read):
    with pytest.raises(HandboneError) as caught:
        read()
    assert message_fault(str(caught.value), path) is None


@pytest.mark.parametrize(
    'content',
    [
        dict(state_dict=[1.0]),
        dict(state_dict=dict(weight='heavy')),
        dict(state_dict={'weight': torch.ones(1), 'module.weight': torch.ones(1)}),
        dict(state_dict={}, meta=dict(iter='four')),
    ],
)
def test_the_newest_is_one_of_the_sound_ones(tmp_path, content):
    """One file of the right format with the wrong content kept a training from being resumed."""
    torch.save(content, tmp_path / 'strange.pth')
    with pytest.raises(CheckpointError, match='no checkpoint that can be read'):
        newest_checkpoint(tmp_path)
    sound = dict(state_dict={}, optimizer={}, meta=dict(iter=3, time='20260101'))
    torch.save(sound, tmp_path / 'iter_3.pth')
    assert newest_checkpoint(tmp_path) == tmp_path / 'iter_3.pth'


@pytest.mark.parametrize('mmap', [False, True])
def test_refused(hostile, mmap):
    refused(hostile, lambda: load_checkpoint_file(hostile, mmap=mmap))


def test_refused_by_every_command(tiny, tmp_path):
    """They all look at the file first, so that one case of each kind shows it."""
    path = tmp_path / 'hostile.pth'
    for name in ('an array whose elements are arrays', 'a tensor larger than its storage'):
        path.write_bytes(HOSTILE[name]())
        refused(path, lambda: publish(str(path)))
        refused(path, lambda: run_test(tiny(load_from=str(path))))
        refused(path, lambda: train(tiny(load_from=str(path), resume=True)))
        refused(path, lambda: train(tiny(load_from=str(path))))


def test_the_file_that_is_changed_is_sound(tmp_path):
    """Else the cases above would prove nothing."""
    path = tmp_path / 'sound.pth'
    for content in (saved(), rewritten(b'K\x04t', b'K\x04t')):
        path.write_bytes(content)
        read = load_checkpoint_file(path)
        assert torch.equal(read['state_dict']['weight'], torch.arange(4.0))


@pytest.mark.parametrize(
    'place',
    [
        ('optimizer', 'param_groups'),
        ('param_schedulers', 0),
        ('message_hub', 'log_scalars', 'train/loss'),
        ('random_states', 0, 'numpy'),
        ('meta', 'iter'),
    ],
)
def test_damaged_state_of_a_training(tiny, tiny_work_dir, tmp_path, place):
    content = torch.load(tiny_work_dir / 'iter_3.pth', weights_only=True)
    part = content
    for key in place[:-1]:
        part = part[key]
    assert part[place[-1]] is not None
    part[place[-1]] = ['damaged']
    path = tmp_path / 'damaged.pth'
    torch.save(content, path)
    refused(path, lambda: train(tiny(load_from=str(path), resume=True)))


def test_random_state_is_checked():
    """NumPy takes any position, and reads beyond its numbers from there."""
    from handbone.engine.random_state import capture_random_state, restore_random_state

    state = capture_random_state()
    keys, _, *rest = state['numpy']
    for position in (-1, 10**6):
        with pytest.raises(ValueError, match='random numbers is not valid'):
            restore_random_state(state | dict(numpy=(keys, position, *rest)))
    restore_random_state(state)
