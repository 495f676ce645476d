"""Tables of patients, CSVs of folds and, where openpyxl is installed, workbooks."""

import importlib.util
import io
import math

from handbone.datasets.fold_file import read_fold_file
from handbone.metadata import TableCleaner, read_patient_table, read_raw_table

from .csv_content import mutate_rows, table
from .harness import Target

ROWS = [
    ('ID', 'age', '성별', '키 [m]', 'notes'),
    ('ID001', '45세', '여', '1.61', 'ring, pins'),
    ('ID002', '052Y', 'M', '175 cm', ''),
    ('3', '', '남', '1,80', '반지'),
]
FOLDERS = ['ID001', 'ID002', 'ID003']


def raw_samples():
    text = table(ROWS).decode()
    return [
        text.encode(),
        text.encode('cp949'),
        text.encode('utf-16'),
        text.replace(',', ';').encode(),
    ]


def clean(path):
    raw = read_raw_table(path)
    return [TableCleaner(raw, FOLDERS, repair).clean() for repair in (False, True)]


def check_clean(path, tables):
    """What was cleaned is read as a clean table, and every number is one."""
    for cleaned in tables:
        written = path.with_suffix('.clean')
        written.write_bytes(table([cleaned.columns, *cleaned.rows]))
        found = read_patient_table(written)
        assert len(found.patients) == len(cleaned.rows)
        for name in ('age', 'height', 'weight'):
            assert all(math.isfinite(float(cell)) for cell in found.columns.get(name, {}).values())
        assert set(found.columns.get('sex', {}).values()) <= {'F', 'M'}


def check_patients(path, found):
    assert found.patients and len(set(found.patients)) == len(found.patients)


def check_folds(path, folds):
    assert set(folds.values()) == set(range(max(folds.values()) + 1))


def workbook_samples():
    import openpyxl

    book = openpyxl.Workbook()
    for row in ROWS:
        book.active.append(row)
    book.active.merge_cells('E3:E4')
    content = io.BytesIO()
    book.save(content)
    return [content.getvalue()]


TARGETS = [
    Target('patient_table_raw', '.csv', raw_samples, clean, check_clean, mutate_rows),
    Target(
        'patient_table',
        '.csv',
        lambda: [table([('patient', 'age', 'sex'), ('a', '40', 'F'), ('b', '', 'M')])],
        read_patient_table,
        check_patients,
        mutate_rows,
    ),
    Target(
        'folds',
        '.csv',
        lambda: [table([('patient', 'fold'), ('a', '0'), ('b', '1'), ('c', '2')])],
        read_fold_file,
        check_folds,
        mutate_rows,
    ),
]
if importlib.util.find_spec('openpyxl'):
    TARGETS.append(Target('patient_workbook', '.xlsx', workbook_samples, clean, check_clean))
