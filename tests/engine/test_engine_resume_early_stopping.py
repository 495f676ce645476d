"""A killed and resumed run stops as early as the uninterrupted one."""

import pytest
from survive_run import make_config, train_in_process
from test_engine_resume import assert_same_end, killed

from handbone.checkpoints import newest_checkpoint

pytestmark = pytest.mark.slow

SCORES = [0.5, 0.1, 0.2, 0.3, 0.4]


def with_early_stopping(work_dir, scores, **changes):
    """A validation at every second iteration; the third one in a row without gain is the last."""
    config = make_config(work_dir, val_evaluator=dict(type='GrowingMetric'), **changes)
    config.val_evaluator.scores = scores
    config.train_cfg.val_interval = 2
    config.default_hooks.early_stopping = dict(
        type='ResumableEarlyStoppingHook', monitor='mDice', rule='greater', patience=3
    )
    return config


def test_early_stopping_counts_on(tmp_path):
    whole = tmp_path / 'whole', *train_in_process(with_early_stopping(tmp_path / 'whole', SCORES))
    work_dir = tmp_path / 'killed'
    killed(with_early_stopping(work_dir, SCORES), 5)
    resumed = train_in_process(with_early_stopping(work_dir, SCORES[2:], resume=True))
    assert newest_checkpoint(work_dir).name == newest_checkpoint(whole[0]).name == 'iter_8.pth'
    assert_same_end(work_dir, resumed, whole)


def test_a_stopped_training_is_not_resumed(tmp_path):
    train_in_process(with_early_stopping(tmp_path, SCORES))
    _, shown = train_in_process(with_early_stopping(tmp_path, SCORES, resume=True))
    assert not shown
