"""Google's API through HTTP: tokens, quota, lost answers, and what a user must put right."""

import pytest

from handbone.errors import HandboneError
from handbone.sheets.keyed_table import open_table


def test_one_token_and_few_calls(google, server):
    table = google()
    table.put([{'run': 'a', 'mDice': 0.5}])
    table.put([{'run': 'b', 'mDice': 0.6}])
    assert server.tokens == 1
    assert server.tabs == {'results': [['run', 'mDice'], ['a', 0.5], ['b', 0.6]]}
    assert len(server.calls) <= 12


def test_columns_of_others_are_left_alone(google, server):
    server.tabs['results'] = [['note', 'run'], ['hello', 'a'], ['x', '']]
    google().put([{'run': 'a', 'mDice': 0.5}])
    google().put([{'run': 'b', 'mDice': 0.6}])
    assert server.tabs['results'] == [
        ['note', 'run', 'mDice'],
        ['hello', 'a', 0.5],
        ['x', ''],
        ['', 'b', 0.6],
    ]


def test_a_row_whose_answer_was_lost_is_not_written_twice(google, server):
    google().put([{'run': 'a', 'x': 1}])
    server.answers = [None, None, None, 'lost']  # the fourth call appends
    with pytest.raises(HandboneError, match='is not reachable'):
        google().put([{'run': 'b', 'x': 2}])
    assert len(server.tabs['results']) == 3  # it arrived all the same
    google().put([{'run': 'b', 'x': 3}])
    assert server.tabs['results'] == [['run', 'x'], ['a', 1], ['b', 3]]


def test_rows_that_a_person_inserts_meanwhile_stay(google, server):
    """After each row, somebody writes a note above the table's rows."""
    google().put([{'run': name, 'x': 0} for name in 'abc'])
    rows = server.tabs['results']

    def insert():
        rows.insert(1, ['', 'by hand'])

    # the tab, its header, then for each row where it is, and the row
    server.answers = [None, None, None, insert, None, insert, None, None]
    google().put([{'run': name, 'x': 1} for name in 'cad'])
    by_hand = ['', 'by hand']
    assert rows == [['run', 'x'], by_hand, by_hand, ['a', 1], ['b', 0], ['c', 1], ['d', 1]]


def test_a_column_that_a_person_inserts_meanwhile_stays(google, server):
    google().put([{'run': name, 'x': 0} for name in 'ab'])
    rows = server.tabs['results']

    def insert():
        for row, cell in zip(rows, ('note', 'good', 'bad'), strict=True):
            row.insert(0, cell)

    server.answers = [None, None, None, insert]
    google().put([{'run': name, 'x': 1} for name in 'ab'])
    assert rows == [['note', 'run', 'x'], ['good', 'a', 1], ['bad', 'b', 1]]


def test_the_quota_is_waited_for(google, server):
    server.answers = [429, 429, 429]
    google().put([{'run': 'a'}])
    assert server.tabs['results'] == [['run'], ['a']]
    server.answers = [429] * 50
    with pytest.raises(HandboneError, match=r'\(429\); the quota of requests is used up'):
        google().put([{'run': 'b'}])


def test_a_token_that_has_ended_is_renewed(google, server):
    table = google()
    table.put([{'run': 'a'}])
    server.valid.clear()
    table.put([{'run': 'b'}])
    assert server.tokens == 2 and server.tabs['results'][-1] == ['b']


@pytest.mark.parametrize(
    ('status', 'words'),
    [
        (403, 'share the sheet with robot@project.iam.example.com'),
        (404, 'is the address right'),
        (400, 'is it the address'),
    ],
)
def test_what_a_user_must_put_right(google, server, status, words, private_key):
    server.answers = [status]
    with pytest.raises(HandboneError) as caught:
        google().rows()
    message = str(caught.value)
    assert words in message and f'({status})' in message and '\n' not in message
    assert message.startswith('Google Sheet SHEET, tab results: ')
    assert private_key[40:80] not in message


def test_a_server_that_is_away(google, server):
    table = google()
    server.shutdown()
    server.server_close()
    with pytest.raises(HandboneError) as caught:
        table.rows()
    assert '\n' not in str(caught.value) and 'SHEET' in str(caught.value)


def test_the_key_file_is_for_its_owner_alone(google, account):
    account.chmod(0o640)
    with pytest.raises(HandboneError, match=r'others can read it \(mode 640\): chmod 600'):
        google()


@pytest.mark.parametrize('content', ['', '{}', '{"client_email": 1}', '[]', 'x' * 9])
def test_a_file_that_is_no_key(google, account, content):
    account.write_text(content)
    with pytest.raises(HandboneError) as caught:
        google()
    assert str(account) in str(caught.value) and '\n' not in str(caught.value)


def test_a_key_that_is_broken(google, account):
    text = account.read_text()
    account.write_text(text.replace('BEGIN PRIVATE', 'BEGIN PUBLIC'))
    with pytest.raises(HandboneError, match='is not the key of a service account') as caught:
        google()
    assert text[300:340] not in str(caught.value)


def test_the_address_names_the_sheet(account, monkeypatch):
    address = 'https://docs.google.com/spreadsheets/d/ID_of-it/edit#gid=0'
    monkeypatch.delenv('GOOGLE_APPLICATION_CREDENTIALS', raising=False)
    with pytest.raises(HandboneError, match='set GOOGLE_APPLICATION_CREDENTIALS'):
        open_table(address, 'results')
    monkeypatch.setenv('GOOGLE_APPLICATION_CREDENTIALS', str(account))
    pytest.importorskip('google.auth')
    assert open_table(address, 'results').sheet == 'ID_of-it'
