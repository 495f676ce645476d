"""Every kind of table: rows by key, new columns, columns of others, several writers, faults."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_disk import fill_disk, mount_small_disk

from handbone.errors import HandboneError
from handbone.sheets.keyed_table import open_table

KINDS = ('csv', 'db', 'google')
WRITING = """
import sys
import handbone_command
handbone_command.running = True
from handbone.sheets.keyed_table import open_table
table = open_table(sys.argv[1], 'results')
for number in range(20):
    table.put([{'run': f'{sys.argv[2]}-{number}', sys.argv[2]: number}])
"""


@pytest.fixture(params=KINDS)
def reopen(request, tmp_path):
    """Open the same table again and again."""
    if request.param == 'google':
        return request.getfixturevalue('google')
    return lambda name='results': open_table(tmp_path / f'table.{request.param}', name)


def test_rows_are_added_and_replaced_by_their_key(reopen):
    assert reopen().rows() == []
    reopen().put([{'run': 'a', 'mDice': 0.5}, {'run': 'b', 'mDice': None}])
    reopen().put([{'run': 'a', 'mDice': 0.75, 'Dice/Radius': 0.9}])
    assert reopen().rows() == [
        {'run': 'a', 'mDice': '0.75', 'Dice/Radius': '0.9'},
        {'run': 'b', 'mDice': '', 'Dice/Radius': ''},
    ]
    reopen('machines').put([{'machine': 'a', 'cpu %': 7}])
    assert reopen('machines').rows() == [{'machine': 'a', 'cpu %': '7'}]
    assert len(reopen().rows()) == 2


def test_what_is_not_named_stays(reopen):
    reopen().put([{'run': 'a', 'note': 'the good one', 'mDice': 0.5}])
    reopen().put([{'run': 'a', 'mDice': 0.6}])
    assert reopen().rows() == [{'run': 'a', 'note': 'the good one', 'mDice': '0.6'}]


def test_texts_stay_texts(reopen):
    odd = '=1+1, "quoted"\nand 뼈 \'x\''
    reopen().put([{'run': odd, 'a "b" \'c\'': odd}])
    reopen().put([{'run': odd, 'a "b" \'c\'': odd}])
    assert reopen().rows() == [{'run': odd, 'a "b" \'c\'': odd}]


def test_names_that_are_not_utf_8_spoil_no_table(reopen):
    for key in ('a\udcbc', 'b', 'a\udcbc'):
        reopen().put([{'run': key, 'work dir \udce4': '손/\udcbc\udcd5'}])
    column, text = 'work dir \ufffd', '손/\ufffd\ufffd'
    assert reopen().rows() == [
        {'run': 'a\ufffd', column: text},
        {'run': 'b', column: text},
    ]


def test_rows_and_columns_of_others_stay_in_their_places(tmp_path):
    path = tmp_path / 'table.csv'
    path.write_text('run,,mDice,,note\n,,,,Monday\na,1,0.5,2,x\n,,,,Tuesday\na,3,0.6,4,y\n')
    open_table(path, 'results').put([{'run': 'a', 'mDice': 0.75, 'seed': 0}, {'run': 'b'}])
    assert path.read_text() == (
        'run,,mDice,,note,seed\n,,,,Monday,\na,1,0.75,2,x,0\n,,,,Tuesday,\na,3,0.6,4,y,\nb,,,,,\n'
    )


def test_columns_of_a_table_without_rows_stay(tmp_path):
    path = tmp_path / 'table.csv'
    path.write_text('note,run\n')
    open_table(path, 'results').put([{'run': 'a'}])
    assert path.read_text() == 'note,run\n,a\n'


def test_a_table_without_the_key_is_one_line_and_stays(tmp_path):
    path = tmp_path / 'table.csv'
    path.write_text('name,note\nfirst,good\nsecond,bad\n')
    with pytest.raises(HandboneError, match=r"table.csv, line 1: there is no column 'run'. Add"):
        open_table(path, 'results').put([{'run': 'a'}])
    assert path.read_text() == 'name,note\nfirst,good\nsecond,bad\n'


def test_empty_cells_between_columns_stay_in_a_google_sheet(google, server):
    server.tabs['results'] = [['run', '', 'mDice', '', 'note'], ['a', '1', '0.5', '2', 'x']]
    google().put([{'run': 'b', 'mDice': 0.6, 'seed': 0}])
    assert server.tabs['results'] == [
        ['run', '', 'mDice', '', 'note', 'seed'],
        ['a', '1', '0.5', '2', 'x'],
        ['b', '', 0.6, '', '', 0],
    ]


@pytest.mark.parametrize('suffix', ['csv', 'db'])
def test_several_processes_lose_no_row(suffix, tmp_path):
    target = tmp_path / f'table.{suffix}'
    processes = [
        subprocess.Popen([sys.executable, '-c', WRITING, str(target), name]) for name in 'ab'
    ]
    assert [process.wait() for process in processes] == [0, 0]
    rows = open_table(target, 'results').rows()
    assert {row['run'] for row in rows} == {f'{name}-{n}' for name in 'ab' for n in range(20)}
    for row in rows:
        name, _, number = row['run'].partition('-')
        assert row[name] == number and row['b' if name == 'a' else 'a'] == ''


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from('abc'),
            st.dictionaries(st.sampled_from('xyz'), st.integers(-9, 9), max_size=3),
        ),
        max_size=8,
    )
)
def test_tables_are_dictionaries_of_rows(tmp_path_factory, puts):
    folder = tmp_path_factory.mktemp('tables')
    expected = {}
    for key, cells in puts:
        expected[key] = expected.get(key, {}) | cells
    for suffix in ('csv', 'db'):
        for key, cells in puts:
            open_table(folder / f't.{suffix}', 'results').put([{'run': key} | cells])
        rows = open_table(folder / f't.{suffix}', 'results').rows()
        found = {
            row['run']: {k: int(v) for k, v in row.items() if k != 'run' and v} for row in rows
        }
        assert found == expected and len(rows) == len(expected)


@pytest.mark.parametrize('suffix', ['csv', 'db'])
def test_a_full_disk_is_one_line_and_loses_nothing(suffix, tmp_path):
    with mount_small_disk(tmp_path / 'disk', '128k') as disk:
        if disk is None:
            pytest.skip('a small file system cannot be mounted here')
        target = disk / f'table.{suffix}'
        open_table(target, 'results').put([{'run': 'a', 'x': 1}])
        filler = fill_disk(disk, 0)
        with pytest.raises((HandboneError, OSError)) as caught:
            open_table(target, 'results').put([{'run': 'b', 'x': 'y' * 50_000}])
        assert str(disk) in str(caught.value) and '\n' not in str(caught.value)
        filler.unlink()
        assert open_table(target, 'results').rows() == [{'run': 'a', 'x': '1'}]


@pytest.mark.parametrize(
    ('name', 'words'),
    [('table.xlsx', 'is not a table: give a file that ends in .csv or .db'), ('table', 'is not')],
)
def test_what_is_not_a_table(name, words):
    with pytest.raises(HandboneError, match=words):
        open_table(name, 'results')
