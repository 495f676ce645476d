"""How the doctor reads formats: options of their readers, and what was guessed."""

import json

import pytest

from handbone.apis import convert, doctor
from handbone.cli.command import main
from handbone.errors import HandboneError

NOT_A_TABLE = bytes.fromhex('89504e470d0a1a0a0000000d')
HEADER = 'image_name,class,rle'
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
    assert '3 images, 1 class' in capsys.readouterr().out


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


def not_read(images):
    pytest.fail('images were read')


@pytest.mark.parametrize(
    ('content', 'line', 'fault', 'remedy'),
    [
        (
            'image_name,rle\na.png,1 5\n',
            1,
            "'image_name,rle' lacks class",
            'The first line must be',
        ),
        ('class,rle,image_name,rle\n', 1, 'has twice rle', 'The first line must be'),
        ('image_na', 1, 'lacks image_name, class, rle', 'The first line must be'),
        (f'{HEADER}\n', 1, 'no row below the header', 'write it again'),
        ('', 1, 'the file is empty', 'must be the header'),
        (NOT_A_TABLE, 1, 'not a text in UTF-8', 'Save the file as UTF-8'),
        (f'{HEADER}\n'.encode('utf-16'), 1, 'UTF-16', 'Save'),
        (f'{HEADER}\na.png,Radius,1 5\na.png,Ulna\n', 3, '2 fields where', 'write it again'),
        (f'{HEADER}\na.png,Radius,1 5\na.png,Ulna,1', 3, 'has no end', 'Write it again'),
    ],
)
def test_predictions_that_are_no_table_stop_before_images_are_read(
    phantom_root, tmp_path, content, line, fault, remedy
):
    """One clear error before hours of work; a bad row is a note."""
    path, out = tmp_path / 'oof.csv', tmp_path / 'out'
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(HandboneError) as caught:
        doctor([phantom_root / 'train'], out, predictions=path, progress=not_read)
    message = str(caught.value)
    assert message.startswith(f'{path}, line {line}: ') and '\n' not in message
    assert fault in message and remedy in message
    assert not out.exists()


def test_parts_with_other_classes_stop_before_images_are_read(phantom_root, tmp_path):
    """The second part was opened, but compared only after all images of the first were read."""
    other = tmp_path / 'other'
    convert(phantom_root / 'test', other, 'coco', image_files='copy')
    path = other / 'coco.json'
    path.write_text(path.read_text().replace('"Radius"', '"Speiche"'))
    with pytest.raises(HandboneError, match=f'{other} has other classes.*--classes'):
        doctor([phantom_root / 'train', other], tmp_path / 'out', progress=not_read)
