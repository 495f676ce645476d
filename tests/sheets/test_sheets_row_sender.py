"""Rows are sent in the background; a table that is away costs one warning."""

import threading
import time

from handbone.errors import HandboneError
from handbone.sheets.row_sender import RowSender


class Table:
    """Takes rows when it is there."""

    def __init__(self):
        self.there, self.rows = threading.Event(), []

    def put(self, rows):
        if not self.there.is_set():
            raise HandboneError('away')
        self.rows += rows


def make(table, pause=0.01):
    warnings = []
    return RowSender(lambda name: table, warnings.append, pause), warnings


def test_sending_takes_no_time_and_the_end_waits():
    class Slow(Table):
        def put(self, rows):
            time.sleep(0.3)
            super().put(rows)

    table = Slow()
    table.there.set()
    sender, warnings = make(table)
    began = time.monotonic()
    sender.send('results', {'run': 'a'})
    assert time.monotonic() - began < 0.1
    assert sender.close(10) and table.rows == [{'run': 'a'}] and not warnings


def test_a_table_that_comes_back_gets_the_newest_rows():
    table = Table()
    sender, warnings = make(table)
    for score in range(50):
        sender.send('results', {'run': 'a', 'mDice': score})
        sender.send('results', {'run': 'b', 'mDice': score})
        time.sleep(0.002)
    assert warnings == ['away']
    table.there.set()
    assert sender.close(10)
    assert {(row['run'], row['mDice']) for row in table.rows} == {('a', 49), ('b', 49)}


def test_a_table_that_stays_away_does_not_hold_up_the_end():
    sender, warnings = make(Table(), pause=60)
    sender.send('results', {'run': 'a'})
    began = time.monotonic()
    assert not sender.close(10)
    assert time.monotonic() - began < 5 and warnings == ['away']


def test_errors_of_other_kinds_are_warnings_too():
    class Broken(Table):
        def put(self, rows):
            raise KeyError('values')

    sender, warnings = make(Broken())
    sender.send('results', {'run': 'a'})
    assert not sender.close(10) and warnings == ["KeyError: 'values'"]


def test_nothing_to_send_needs_no_thread():
    sender, _ = make(Table())
    assert sender.close(0)
