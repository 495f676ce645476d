"""Cleaning tables of patients: encodings, words, units, and what cannot be."""

import pytest

from handbone.errors import HandboneError
from handbone.metadata import TableCleaner, read_patient_table, read_raw_table
from handbone.metadata.cells import read_number, read_sex
from handbone.metadata.patient_names import likely_folders
from handbone.metadata.plausibility import impossible, likely_repair

KOREAN = """환자 명단,,,,,
환자번호,성별,나이,키(cm),체중,비고
ID001,여,45세,161.5,55,
2,남,52,1.75,80,"반지, 핀"
id-3,여자,38,60,165,
ID004,모름,450,"170,5",70kg,
ID004,남,41,170.5,70,
,여,1,2,3,
"""
FOLDERS = ['ID001', 'ID002', 'ID003', 'ID004', 'ID005']


def written(tmp_path, text, encoding='utf-8', name='table.csv'):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def cleaned(tmp_path, text, folders=(), repair=False, **how):
    return TableCleaner(read_raw_table(written(tmp_path, text, **how)), folders, repair).clean()


@pytest.mark.parametrize(
    ('encoding', 'note'),
    [
        ('utf-8', None),
        ('utf-8-sig', None),
        ('utf-16', 'the file is in UTF-16'),
        ('cp949', 'the file is in CP949'),
    ],
)
def test_a_korean_table_in_any_encoding(tmp_path, encoding, note):
    found = cleaned(tmp_path, KOREAN, FOLDERS, encoding=encoding)
    assert found.columns == ('patient', 'age', 'sex', 'height', 'weight', 'notes')
    assert found.rows == [
        ['ID001', '45', 'F', '161.5', '55', ''],
        ['2', '52', 'M', '', '80', '반지, 핀'],
        ['id-3', '38', 'F', '', '', ''],  # 60 cm and 165 kg, which are most likely exchanged
        ['ID004', '41', 'M', '170.5', '70', ''],
    ]
    assert (note is None) or any(note in each for each in found.notes)
    assert any('the header is in line 2' in each for each in found.notes)
    assert any("sex: '여' is read as F (1 cell)" in each for each in found.notes)
    assert any("3 folders without a row: 'ID002'" in each for each in found.notes)


@pytest.mark.parametrize(
    'text',
    [
        '"","ID","age"\n"1","a",40\n',
        'The "big" study\n"";"ID";"age"\n"1";"a";40\n',
        f'"{"x" * 200_000}\n"" "ID" "age"\n"1" "a" 40\n'.replace(' ', '\t'),
    ],
)
def test_headers_in_quotes_as_r_writes_them(tmp_path, text):
    raw = read_raw_table(written(tmp_path, text))
    assert raw.header == ['', 'ID', 'age']
    assert [cells for _, cells in raw.rows] == [['1', 'a', '40']]


def test_findings_name_line_cell_and_likely_repair(tmp_path):
    found = cleaned(tmp_path, KOREAN, FOLDERS).findings
    assert [(each.line, each.column, each.value, each.repair) for each in found] == [
        (4, 'height', '1.75', '175'),
        (4, 'patient', '2', 'ID002'),
        (5, 'height', '60', '165'),
        (5, 'weight', '165', '60'),
        (5, 'patient', 'id-3', 'ID003'),
        (6, 'sex', '모름', ''),
        (6, 'height', '170,5', '170.5'),
        (6, 'age', '450', ''),
        (8, 'patient', '', ''),
    ]
    assert found[0].reason == 'height in metres'
    assert found[2].reason == 'height and weight are swapped'


def test_repairs_are_taken_if_asked_for(tmp_path):
    found = cleaned(tmp_path, KOREAN, FOLDERS, repair=True)
    assert found.rows[1:3] == [
        ['ID002', '52', 'M', '175', '80', '반지, 핀'],
        ['ID003', '38', 'F', '165', '60', ''],
    ]
    assert [note for note in found.notes if 'without a row' in note] == [
        "1 folder without a row: 'ID005'"
    ]


@pytest.mark.parametrize('separator', [';', '\t'])
def test_other_separators(tmp_path, separator):
    text = 'ID,age,sex\na,40,F\n"b, c",41,M\n'.replace(',', separator).replace(
        f'b{separator} c', 'b, c'
    )
    found = cleaned(tmp_path, text)
    assert found.rows == [['a', '40', 'F'], ['b, c', '41', 'M']]


@pytest.mark.parametrize(
    'text',
    [
        'ID;height;weight\nID001;165,5;60,2\n',
        'ID;height;weight;notes\nID001;165,5;60,2;"ring, pins, cast, nail"\n',
        'ID,height,weight,notes\nID001,165.5,60.2,"ring; pins; cast; nail; plate"\n',
    ],
)
def test_separators_are_those_of_the_header(tmp_path, text):
    table = read_raw_table(written(tmp_path, text))
    ((_, cells),) = table.rows
    assert table.header[:3] == ['ID', 'height', 'weight']
    assert [cell.replace(',', '.') for cell in cells[:3]] == ['ID001', '165.5', '60.2']


def test_units_of_headers_and_cells(tmp_path):
    text = 'ID,height [m],weight (lb),age\na,1.6,120,40 y\nb,170 cm,70kg,030Y\nc,5\'4",,6 months\n'
    found = cleaned(tmp_path, text)
    assert found.findings == []
    assert found.columns == ('patient', 'age', 'height', 'weight')
    assert found.rows == [
        ['a', '40', '160', '54.4311'],
        ['b', '30', '170', '70'],
        ['c', '0.5', '162.56', ''],
    ]
    assert any("weight: 'lb' is read as kg (1 cell)" in note for note in found.notes)


def test_rows_of_one_patient_are_joined(tmp_path):
    text = 'ID,age,sex,file\na,40,,1.png\na,,F,2.png\nb,30,F,3.png\nb,31,F,4.png\nb,32,F,4.png\n'
    found = cleaned(tmp_path, text)
    assert found.rows == [['a', '40', 'F', '1.png'], ['b', '', 'F', '3.png']]
    assert [each.fault for each in found.findings] == [
        "other rows of this patient have '30'",
        'other rows of this patient contradict each other',
    ]
    assert any('file differs between rows of one patient' in note for note in found.notes)


def test_a_clean_table_stays_as_it_is_and_is_read(tmp_path):
    text = 'patient,age,sex,height,grade\na,40,F,161.5,2\nb,,M,,\n'
    found = cleaned(tmp_path, text)
    assert [found.columns, *map(tuple, found.rows)] == [
        tuple(line.split(',')) for line in text.splitlines()
    ]
    assert found.findings == found.notes == []
    table = read_patient_table(tmp_path / 'table.csv')
    assert table.values('height', ['a', 'b']) == ['161.5', '']


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'the file is empty'),
        ('name,age\na,1\n', "no column names the patient, only 'name', 'age'"),
        ('ID,Age,나이\na,1,2\n', "two columns mean 'age'"),
        ('ID,age\n,40\n', 'there is no row with a patient'),
        ('ID,age\na,1,2\n', 'line 2: 3 fields where the header has 2'),
        ('title,\n\nID,age\na,1,2\n', 'line 4: 3 fields'),
        ('ID,age\na,"1\n', 'line 2: not a line of CSV'),
        ('ID,age\na\0,1\n', 'NUL bytes'),
    ],
)
def test_files_that_are_no_tables(tmp_path, text, message):
    with pytest.raises(HandboneError, match=message):
        cleaned(tmp_path, text)


def test_a_file_in_no_known_encoding(tmp_path):
    path = tmp_path / 'table.csv'
    path.write_bytes(b'ID,age\n\xff\xfea\xff,1\n')
    with pytest.raises(HandboneError, match='neither UTF-8 nor CP949'):
        read_raw_table(path)
    with pytest.raises(HandboneError, match="is not a workbook, so it has no sheet 'x'"):
        read_raw_table(written(tmp_path, 'ID\na\n'), 'x')


@pytest.mark.parametrize(
    ('text', 'column', 'value'),
    [
        ('1.65 m', 'height', 165),
        ('1650mm', 'height', 165),
        ("5'4", 'height', 162.56),
        ('5 ft 4 in', 'height', 162.56),
        ('１６５', 'height', 165),
        ('165,5', 'height', 165.5),
        ('018M', 'age', 1.5),
        ('45 세', 'age', 45),
        ('3200 g', 'weight', 3.2),
        ('tall', 'height', None),
        ('1.2.3', 'height', None),
        ('12 apples', 'age', None),
        ('1e3', 'age', None),
    ],
)
def test_numbers_of_cells(text, column, value):
    found = read_number(text, column)
    assert (found and found.value) == value


def test_words_for_the_sexes():
    assert [read_sex(text) for text in ('F', 'Male', '여성', ' 남 ', '1', '')] == [
        *('F', 'M', 'F', 'M', None, None)
    ]


@pytest.mark.parametrize(
    ('values', 'repair'),
    [
        ({'age': 40, 'height': 1650, 'weight': 60}, {'height': 165}),
        ({'age': 40, 'height': 66, 'weight': 60}, {'height': 167.64}),
        ({'age': 40, 'height': 170, 'weight': 600}, {'weight': 60}),
        ({'age': 170, 'height': 60, 'weight': 40}, {'age': 40, 'height': 170, 'weight': 60}),
        ({'age': 30, 'height': 60, 'weight': 1700}, None),
        ({'age': 170, 'weight': 40}, None),
        ({'age': 450}, None),
    ],
)
def test_likely_repairs(values, repair):
    assert impossible(values)
    found = likely_repair(values)
    assert (found and found.values) == repair


@pytest.mark.parametrize(
    'values',
    [
        {'age': 0, 'height': 50, 'weight': 3.2},
        {'age': 12, 'height': 150, 'weight': 40},
        {'age': 90, 'height': 140, 'weight': 120},
        {'height': 200},
        {},
    ],
)
def test_people_that_can_be(values):
    assert impossible(values) == {}


def test_folders_that_names_mean():
    folders = ['ID001', 'ID002', 'ID010', 'p-3']
    assert likely_folders(['1', 'id_2', 'P3', 'ID010', 'x'], folders) == {
        '1': 'ID001',
        'id_2': 'ID002',
        'P3': 'p-3',
    }
    assert likely_folders(['1', 'id1'], ['ID001']) == {}  # both cannot be right
    assert likely_folders(['1'], ['A1', 'B1']) == {}
    # as pandas writes a column of numbers with an empty cell
    assert likely_folders(['1.0', '2.00', '3.5'], ['ID001', '2', '3']) == {
        '1.0': 'ID001',
        '2.00': '2',
    }
    assert likely_folders(['1', '1.0'], ['ID001']) == {}
    assert likely_folders(['1.0'], ['1.0', '1']) == {}
