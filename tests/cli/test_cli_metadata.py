"""handbone metadata, and what reads the table that it writes."""

import csv
import sys

import pytest

from handbone.apis import clean_metadata, make_folds
from handbone.apis.metadata_cleaning import image_folders


@pytest.fixture
def table(phantom_root, tmp_path):
    """The table of the phantoms with Korean headers, numbers for names, and heights in metres."""
    with (phantom_root / 'patients.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    words = {'F': '여', 'M': '남'}
    lines = ['번호;성별;나이;키;체중']
    for row in rows:
        height = f'{int(row["height"]) / 100:.2f}'
        name = row['ID'].removeprefix('ID').lstrip('0')
        lines.append(f'{name};{words[row["sex"]]};{row["age"]};{height};{row["weight"]}')
    path = tmp_path / 'patients.csv'
    path.write_bytes('\n'.join(lines).encode('cp949'))
    return path, rows


def test_a_repaired_table_goes_into_folds(run_command, phantom_root, table, tmp_path):
    path, rows = table
    out, findings = tmp_path / 'clean.csv', tmp_path / 'findings.csv'
    words = ('metadata', path, '--data', phantom_root, '--out', out, '--findings', findings)
    shown, _ = run_command(*words)
    assert 'CP949' in shown and 'separated by semicolons' in shown
    assert 'could be repaired with --repair' in shown and f'{len(rows)} patients in' in shown
    with pytest.raises(ValueError, match='none of its patients'):
        make_folds(phantom_root, 2, table=out)
    shown, _ = run_command(*words, '--repair')
    assert f'{2 * len(rows)} findings, {2 * len(rows)} repaired' in shown
    with out.open(newline='') as file:
        cleaned = list(csv.DictReader(file))
    names = {'patient': 'ID', 'age': 'age', 'sex': 'sex', 'height': 'height', 'weight': 'weight'}
    assert cleaned == [{ours: row[theirs] for ours, theirs in names.items()} for row in rows]
    with findings.open(newline='') as file:
        assert {row['reason'] for row in csv.DictReader(file)} == {
            'height in metres',
            'written differently',
        }
    folds = make_folds(phantom_root, 2, by=['sex', 'height'], table=out)
    assert {each.attribute for each in folds.balance} >= {'sex', 'height'}


@pytest.mark.parametrize('option', ['--out', '--findings'])
def test_the_table_itself_is_not_replaced(option, run_command, table, tmp_path):
    """What is left out of the clean table would be lost."""
    path, _ = table
    content = path.read_bytes()
    words = ['--out', tmp_path / 'clean.csv', option, path.parent / '.' / path.name]
    _, errors = run_command('metadata', path, *words, expected=1)
    assert f'{path} is read here' in errors
    assert path.read_bytes() == content


def test_a_file_for_two_results(run_command, table, tmp_path):
    """One of them would be lost."""
    out = tmp_path / 'clean.csv'
    _, errors = run_command('metadata', table[0], '--out', out, '--findings', out, expected=1)
    assert f'{out} is given for two results' in errors and not out.exists()


def test_folders_of_images(phantom_root, tmp_path):
    assert len(image_folders(phantom_root)) == 8  # six patients of training, two of the test
    assert image_folders(phantom_root / 'train') == image_folders(phantom_root / 'train/DCM')
    (tmp_path / 'a.txt').write_text('')
    with pytest.raises(ValueError, match='holds no image'):
        image_folders(tmp_path)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ((), 'no column names the patient'),
        (('--sheet', 'x'), 'is not a workbook'),
        (('--data', 'nowhere'), 'nowhere: no such file or folder'),
    ],
)
def test_bad_input_is_one_line(run_command, tmp_path, options, message):
    path, out = tmp_path / 'table.csv', tmp_path / 'clean.csv'
    path.write_text('name,age\na,1\n')
    _, errors = run_command('metadata', path, '--out', out, *options, expected=1)
    (line,) = [line for line in errors.splitlines() if line.startswith('error: ')]
    assert message in line and not out.exists()


def test_a_workbook_without_openpyxl(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'openpyxl', None)
    (tmp_path / 'a.xlsx').write_bytes(b'PK')
    with pytest.raises(ImportError, match=r'pip install "handbone\[tables\]"'):
        clean_metadata(tmp_path / 'a.xlsx')
