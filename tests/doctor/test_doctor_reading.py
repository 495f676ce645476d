"""How the doctor reads formats: options of their readers, and what was guessed."""

import json

import pytest

from handbone.apis import doctor
from handbone.cli.command import main
from handbone.errors import HandboneError

OPTIONS = ['order=rows', 'first=1', 'relative=false', 'size=[64,64]']


@pytest.fixture
def ambiguous(tmp_path):
    """A CSV of runs that fit absolute and relative starts."""
    path = tmp_path / 'data/train.csv'
    path.parent.mkdir()
    rows = [f'{number}.png,nail,{1300 + number} 20' for number in range(3)]
    path.write_text('\n'.join(['image,label,rle', *rows]) + '\n')
    return path


def test_what_the_reader_asks_for_can_be_answered(ambiguous, tmp_path, capsys):
    with pytest.raises(HandboneError, match='--read .*relative=false'):
        doctor([ambiguous], tmp_path / 'out', reader_options=dict(size=[64, 64]))
    main(['doctor', str(ambiguous), '--out-dir', str(tmp_path / 'out'), '--read', *OPTIONS])
    assert '3 images, 1 classes' in capsys.readouterr().out


def test_what_was_guessed_is_said(ambiguous, tmp_path, capsys):
    rows = ['image,label,rle', '0.png,nail,1 5 65 5', '1.png,nail,4092 5']
    ambiguous.write_text('\n'.join(rows) + '\n')
    words = ['--read', 'size=[64,64]', 'order=rows']
    main(['doctor', str(ambiguous), '--out-dir', str(tmp_path / 'out'), *words])
    (form, guess) = json.loads((tmp_path / 'out/findings.json').read_text())['notes'][:2]
    assert form == f'train.csv: read as rle-csv, as {ambiguous} has columns of images and of runs'
    assert guess.startswith('train.csv: runs go along rows, starts are absolute and count from 1: ')
    shown = capsys.readouterr().out
    assert form in shown and guess in shown
    assert 'starts are absolute' in (tmp_path / 'out/index.html').read_text()


def test_an_option_that_the_reader_does_not_have_is_one_line(ambiguous, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(['doctor', str(ambiguous), '--out-dir', str(tmp_path / 'out'), '--read', 'crowd=skip'])
    assert ended.value.code == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if 'error' in line]
    assert "The reader of rle-csv has no option 'crowd': they are order, first" in line
    assert not (tmp_path / 'out').exists()
