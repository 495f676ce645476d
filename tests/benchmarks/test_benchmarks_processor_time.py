"""Processor time of a row's ways: those that are asked for, in turns, and compared."""

import pytest

from benchmarks.harness.row import Row, Way
from benchmarks.studies import processor_time

CALLS = []


def way(name, result):
    return Way(name, lambda: lambda: CALLS.append(name) or result)


@pytest.fixture
def row(monkeypatch):
    def check(first, last):
        assert first == last

    ways = (way('usual', 1), way('other', 2), way('handbone', 1))
    made = Row('work', ways, check, 'no target')
    monkeypatch.setattr(processor_time, 'row_named', lambda name: made)
    CALLS.clear()
    return made


def test_ways_in_turns(row):
    found = processor_time.processor_times('row', ['usual', 'hand'], 2)
    assert list(found) == ['usual', 'handbone'] and all(len(each) == 2 for each in found.values())
    assert CALLS == ['usual', 'handbone'] * 2


def test_results_are_compared(row):
    processor_time.processor_times('row', [], 1)
    with pytest.raises(AssertionError):
        processor_time.processor_times('row', ['usual', 'other'], 1)
