"""What a tracker is to be told survives a kill, and nothing of it is lost or spoilt."""

import errno

import pytest

from handbone.engine.tracking.journal import BATCH, Journal
from handbone.engine.tracking.mlflow_sending import reason_of
from handbone.engine.tracking.tracker import flattened, numbers
from handbone.errors import HandboneError


def sent(journal):
    operations, ends = journal.unsent()
    if ends:
        journal.mark(sent=ends[-1])
    return [each['step'] for each in operations]


def test_each_operation_is_read_once_in_order(tmp_path):
    journal = Journal(tmp_path / 'a.jsonl')
    assert sent(journal) == []
    for step in range(3):
        journal.append(do='metrics', step=step)
    assert sent(journal) == [0, 1, 2] and sent(journal) == []
    journal.append(do='metrics', step=3)
    assert sent(Journal(tmp_path / 'a.jsonl')) == [3]  # of the resumed training


def test_many_operations_come_in_batches(tmp_path):
    journal = Journal(tmp_path / 'a.jsonl')
    for step in range(BATCH + 1):
        journal.append(step=step)
    assert len(sent(journal)) == BATCH and sent(journal) == [BATCH]


def test_half_a_line_of_a_killed_process_waits_for_its_end(tmp_path):
    journal = Journal(tmp_path / 'a.jsonl')
    journal.append(step=0)
    with journal.path.open('ab') as file:
        file.write(b'{"step": 1')
    assert sent(journal) == [0] and sent(journal) == []


@pytest.mark.parametrize('steps', [0, 2])
@pytest.mark.parametrize('before', [True, False])
def test_a_resumed_training_appends_whole_lines(tmp_path, steps, before):
    """Nothing more was sent: half a line and the next one made one that nobody can read."""
    journal = Journal(tmp_path / 'a.jsonl')
    for step in range(steps):
        journal.append(step=step)
    known = sent(journal) if before else []
    with journal.path.open('ab') as file:
        file.write(b'{"step": 2')
    resumed = Journal(tmp_path / 'a.jsonl')
    for step in (2, 3):
        resumed.append(step=step)
    assert known + sent(resumed) == [*range(steps), 2, 3]


def test_a_full_disk_leaves_whole_lines(tmp_path, small_disk):
    journal = Journal(small_disk / 'a.jsonl')
    with pytest.raises(OSError) as caught:
        for step in range(1000):
            journal.append(step=step, text='x' * 1000)
    assert caught.value.errno == errno.ENOSPC
    operations, _ = journal.unsent()
    assert [each['step'] for each in operations] == list(range(step))


def test_a_damaged_state_is_told(tmp_path):
    (tmp_path / 'a.json').write_text('{"sent": "much"}')
    with pytest.raises(HandboneError, match=r'a\.json.*sent'):
        Journal(tmp_path / 'a.jsonl')


def test_an_error_without_the_password():
    error = OSError('Max retries with url: http://me:verysecret@tracking.example/api\n(refused)')
    assert reason_of(error) == ('Max retries with url: http://…@tracking.example/api (refused)')


def test_numbers_and_flattened():
    import numpy as np
    import torch

    values = dict(a=1, b=2.5, c=torch.tensor([3.0]), d=np.float32(4), e='x', f=[1], g=np.ones(2))
    assert numbers(values) == dict(a=1.0, b=2.5, c=3.0, d=4.0)
    nested = dict(model=dict(channels=(8, 16)), hooks=[dict(type='A'), dict()])
    assert flattened(nested) == {'model.channels': (8, 16), 'hooks.0.type': 'A'}
