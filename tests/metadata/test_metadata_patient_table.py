"""Clean tables of patients."""

import re
import unicodedata

import pytest

from handbone.metadata import read_patient_table
from handbone.metadata.headers import read_header


def table(tmp_path, text):
    path = tmp_path / 'patients.csv'
    path.write_text(text, encoding='utf-8')
    return read_patient_table(path)


def test_values_by_patient(tmp_path):
    found = table(tmp_path, 'ID,Age,Sex,Height (cm),grade\nID1,40,F,161.5,2\nID2,,M,175,\n')
    assert found.patients == ('ID1', 'ID2')
    assert found.values('age', ['ID2', 'ID1', 'ID3']) == ['', '40', '']
    assert found.values('height', ['ID1']) == ['161.5']
    assert found.values('grade', ['ID1']) == ['2']


def test_korean_headers_and_unicode_forms(tmp_path):
    name = unicodedata.normalize('NFD', '홍길동')
    text = unicodedata.normalize('NFD', f'환자,나이,성별,키(cm)\n{name},40,F,161\n')
    found = table(tmp_path, text)
    assert set(found.columns) == {'age', 'sex', 'height'}
    assert found.values('sex', [name]) == ['F'] == found.values('sex', ['홍길동'])


@pytest.mark.parametrize(
    ('text', 'column', 'unit', 'known'),
    [
        ('Patient_ID', 'patient', '', True),
        ('키 [M]', 'height', 'm', True),
        ('체중（kg）', 'weight', 'kg', True),
        ('성별', 'sex', '', True),
        ('grade (KL)', 'grade (KL)', '', False),
        ('height_cm', 'height', 'cm', True),
        ('Age Months', 'age', 'months', True),
        ('체중 kg', 'weight', 'kg', True),
        ('height kg', 'height kg', '', False),
        ('sex_m', 'sex_m', '', False),
        ('cm', 'cm', '', False),
        ('_', '_', '', False),
    ],
)
def test_headers(text, column, unit, known):
    assert read_header(text) == (column, unit, known)


@pytest.mark.parametrize('header', ['height_m', '키 (m)', 'age_months'])
def test_a_clean_table_is_in_the_usual_units(tmp_path, header):
    fault = f"line 1: '{re.escape(header)}' is not in (cm|years). Clean the table"
    with pytest.raises(ValueError, match=fault):
        table(tmp_path, f'ID,{header}\nID1,1.6\n')


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('name,age\na,1\n', "line 1: no column names the patient, only 'name', 'age'"),
        ('ID,patient\na,b\n', "line 1: two columns mean 'patient'"),
        ('ID,age\na,1\na,2\n', "line 3: a second row of patient 'a'"),
        ('ID,age\n ,1\n', 'line 2: no patient'),
        ('ID,height\na,"1,65"\n', "line 2: the height '1,65' is not a number of cm"),
        ('ID,age\na,nan\n', "the age 'nan' is not a number"),
        ('ID,age\n', 'there is no row below the header'),
    ],
)
def test_tables_that_are_not_clean(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        table(tmp_path, text)


def test_columns_and_patients_that_are_not_there(tmp_path):
    found = table(tmp_path, 'ID,age\nID1,40\n')
    with pytest.raises(ValueError, match="has no column 'sex'; its columns are 'age'"):
        found.values('sex', ['ID1'])
    with pytest.raises(ValueError, match="none of its patients .'ID1'. is a folder"):
        found.values('age', ['1'])
