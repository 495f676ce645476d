"""Which files a training leaves behind, and what happens when one cannot be written or read."""

import errno
import logging
import os
import shutil
from types import SimpleNamespace

import pytest
import torch
from small_disk import fill_disk, mount_small_disk
from survive_run import FORK, make_config, same_weights, train, train_in_process

from handbone.checkpoints import (
    CheckpointError,
    CheckpointWriteError,
    DurableBackend,
    newest_checkpoint,
)
from handbone.engine import ResumableRunner
from handbone.engine.hooks import DurableCheckpointHook


def test_scores_are_named_in_one_unicode_form():
    for given, expected in (('Dice/ra\u0301dio', ['Dice/r\u00e1dio']), (['mDice'], ['mDice'])):
        assert DurableCheckpointHook(save_best=given, rule='greater').save_best == expected
    assert DurableCheckpointHook().save_best is None


def names(folder):
    return sorted(path.name for path in folder.glob('*.pth*'))


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """Work dir and weights of an uninterrupted run."""
    work_dir = tmp_path_factory.mktemp('whole')
    return work_dir, train_in_process(make_config(work_dir))[0]


@pytest.fixture
def copied(whole, tmp_path):
    shutil.copytree(whole[0], tmp_path / 'copy')
    return tmp_path / 'copy'


def test_the_newest_are_kept_and_the_best(whole):
    # validation at iterations 3, 6, 9 and 10 scores 0.3, 0.2, 0.5 and 0.4
    assert names(whole[0]) == ['best_mDice_iter_9.pth', 'iter_10.pth', 'iter_9.pth']


def test_all_are_kept_on_demand(tmp_path):
    config = make_config(tmp_path)
    config.default_hooks.checkpoint.update(max_keep_ckpts=-1, save_best=None)
    train_in_process(config)
    assert names(tmp_path) == sorted(f'iter_{step}.pth' for step in (2, 4, 6, 8, 10))


def test_several_best(tmp_path):
    config = make_config(tmp_path, val_evaluator=dict(type='TwoScores'))
    config.default_hooks.checkpoint.update(save_best=['mDice', 'loss'])
    train_in_process(config)
    assert [name for name in names(tmp_path) if name.startswith('best')] == [
        'best_loss_iter_6.pth',
        'best_mDice_iter_9.pth',
    ]


def test_validation_alone_saves_nothing(whole, tmp_path):
    """mmengine's hook fails here: it has no attribute 'file_backend'."""
    config = make_config(tmp_path, load_from=str(whole[0] / 'iter_10.pth'))
    ResumableRunner.from_cfg(config).val()
    assert names(tmp_path) == []


@pytest.mark.parametrize('save_best', ['mDice', ['mDice', 'loss']])
def test_what_a_killed_run_was_writing_is_removed(tmp_path, save_best):
    """Also of version 0.1.0, whose unfinished files are not hidden."""
    unfinished = ('iter_4.pth', 'best_mDice_iter_3.pth', 'best_mDice_loss_iter_12.pth')
    for name in (*unfinished, 'last_checkpoint'):
        for part in (f'{name}.part', f'.{name}.part'):
            (tmp_path / part).write_bytes(b'half')
    others = {'iter_4.pth', 'iter_x.pth.part', 'mine_iter_4.pth.part', 'iter_4.pth.part.txt'}
    for name in others:
        (tmp_path / name).write_bytes(b'whole')
    (tmp_path / 'iter_6.pth.part').mkdir()
    hook = DurableCheckpointHook(by_epoch=False, save_best=save_best, rule='greater')
    runner = SimpleNamespace(
        work_dir=str(tmp_path),
        logger=logging.getLogger('test'),
        message_hub=SimpleNamespace(runtime_info={}),
    )
    hook.before_train(runner)
    assert {path.name for path in tmp_path.iterdir()} == {*others, 'iter_6.pth.part'}


def test_a_truncated_newest_checkpoint_is_passed_over(whole, copied, capfd):
    newest = copied / 'iter_10.pth'
    newest.write_bytes(newest.read_bytes()[:-100])
    assert newest_checkpoint(copied).name == 'iter_9.pth'
    weights, _ = train_in_process(make_config(copied, resume=True))
    written = capfd.readouterr().out
    assert f'Skipped: {newest} is cut off' in written
    assert same_weights(weights, whole[1])


def test_flipped_bits_are_found(copied):
    """Weights that were damaged on the disk have the right size and the wrong checksum."""
    newest = copied / 'iter_10.pth'
    content = bytearray(newest.read_bytes())
    place = content.index(torch.load(newest)['state_dict']['layers.0.weight'].numpy().tobytes())
    content[place + 5] ^= 1
    newest.write_bytes(content)
    assert newest_checkpoint(copied).name == 'iter_9.pth'


def test_nothing_that_can_be_read(copied):
    for path in copied.glob('iter_*.pth'):
        path.write_bytes(b'PK')
    with pytest.raises(CheckpointError, match='has no checkpoint that can be read'):
        newest_checkpoint(copied)


def test_nothing_to_resume_from(tmp_path, capfd):
    train_in_process(make_config(tmp_path, resume=True, train_cfg=dict(max_iters=2)))
    assert 'starts from the beginning' in capfd.readouterr().out
    assert (tmp_path / 'iter_2.pth').is_file()


def test_a_copied_work_dir_stands_for_itself(whole, copied):
    """mmengine would go on from the original, and remove its best checkpoint."""
    before = names(whole[0])
    for name in ('iter_9.pth', 'iter_10.pth'):
        os.utime(copied / name, (1000, 1000))  # ages are those in the files
    config = make_config(
        copied, resume=True, train_cfg=dict(max_iters=12), val_evaluator=dict(scores=[0.9])
    )
    train_in_process(config)
    assert names(whole[0]) == before
    assert names(copied) == ['best_mDice_iter_12.pth', 'iter_10.pth', 'iter_12.pth']


def train_reporting(config, path):
    try:
        train(config)
    except OSError as error:
        path.write_text(f'{type(error).__name__}: {error}')


@pytest.fixture
def disk(tmp_path):
    """Room for three checkpoints."""
    with mount_small_disk(tmp_path / 'disk', '128k') as folder:
        if folder is None:
            pytest.skip('a small file system cannot be mounted here')
        yield folder


def test_full_disk(disk, tmp_path):
    """One clear error, and the checkpoint before it as it was."""
    config = make_config(tmp_path / 'work')
    config.default_hooks.checkpoint.out_dir = str(disk)
    out = disk / 'work'
    config.train_cfg.max_iters = 2
    config.default_hooks.checkpoint.update(save_best=None, max_keep_ckpts=1)
    train_in_process(config)
    assert names(out) == ['iter_2.pth']
    before = (out / 'iter_2.pth').read_bytes()
    fill_disk(disk, 8192)
    config.train_cfg.max_iters = 10
    config.resume = True
    process = FORK.Process(target=train_reporting, args=(config, tmp_path / 'error'))
    process.start()
    process.join(60)
    text = (tmp_path / 'error').read_text()
    assert text.startswith(f'CheckpointWriteError: {out / "iter_4.pth"}: the checkpoint cannot be')
    assert 'No space left on device' in text and '--resume' in text and '\n' not in text
    assert names(out) == ['iter_2.pth']
    assert (out / 'iter_2.pth').read_bytes() == before
    (disk / 'filler').unlink()
    train_in_process(config)


class FullBackend(DurableBackend):
    def _write(self, file, content):
        super()._write(file, content[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_full_disk_where_none_can_be_mounted(tmp_path):
    path = tmp_path / 'a.pth'
    DurableBackend().put(b'old', path)
    with pytest.raises(CheckpointWriteError, match='No space left on device'):
        FullBackend().put(b'new' * 100, path)
    assert path.read_bytes() == b'old'
    assert names(tmp_path) == ['a.pth']


def test_validation_in_training_is_that_of_the_saved_checkpoint(tmp_path):
    """BatchNorm's statistics and averaged weights included."""
    evaluator = dict(type='OutputMetric')
    runner = ResumableRunner.from_cfg(make_config(tmp_path / 'work', val_evaluator=evaluator))
    runner.train()
    metric = runner.val_loop.evaluator.metrics[0]
    best = tmp_path / 'work' / 'iter_10.pth'
    config = make_config(tmp_path / 'val', val_evaluator=evaluator, load_from=str(best))
    config.custom_hooks = []
    config.default_hooks.checkpoint.save_best = None
    assert ResumableRunner.from_cfg(config).val()['mDice'] == metric.last
