"""Tables of patients in Excel workbooks, written by openpyxl."""

import datetime
import zipfile

import pytest

from handbone.errors import HandboneError
from handbone.metadata import TableCleaner, read_raw_table

openpyxl = pytest.importorskip('openpyxl')

ROWS = [
    ('환자 명단',),
    ('ID', '성별', 'age', 'height', 'date'),
    ('ID001', '여', 45, 161.5, datetime.datetime(2024, 3, 1)),
    ('ID002', '남', 52.0, 1.75, None),
]


@pytest.fixture
def book():
    made = openpyxl.Workbook()
    for row in ROWS:
        made.active.append(row)
    return made


def saved(book, tmp_path):
    path = tmp_path / 'patients.xlsx'
    book.save(path)
    return path


def test_cells_of_all_kinds(book, tmp_path):
    raw = read_raw_table(saved(book, tmp_path))
    assert raw.header == ['ID', '성별', 'age', 'height', 'date']
    assert raw.rows == [
        (3, ['ID001', '여', '45', '161.5', '2024-03-01']),
        (4, ['ID002', '남', '52', '1.75', '']),
    ]
    cleaned = TableCleaner(raw, repair=True).clean()
    assert cleaned.rows[1] == ['ID002', '52', 'M', '175', '']


def test_merged_cells(book, tmp_path):
    book.active.append((None, None, None, None, 'second'))
    book.active.merge_cells('A4:A5')
    book.active.merge_cells('C4:C5')
    raw = read_raw_table(saved(book, tmp_path))
    cleaned = TableCleaner(raw).clean()
    assert [row[0] for row in cleaned.rows] == ['ID001', 'ID002']
    (found,) = [each for each in cleaned.findings if each.column == 'age']
    assert (found.line, found.repair, found.fault) == (5, '52', 'the cell is merged with another')
    repaired = TableCleaner(raw, repair=True).clean()
    assert repaired.rows[1][1] == '52'


@pytest.mark.parametrize('areas', [['A5:XFD1048576'], ['A5:E19999', 'A20000:E20100']])
def test_huge_merged_areas_are_refused(areas, book, tmp_path):
    """A few bytes of which openpyxl makes an object per cell, 17 billion of them."""
    path = saved(book, tmp_path)
    sheet = 'xl/worksheets/sheet1.xml'
    merged = ''.join(f'<mergeCell ref="{area}"/>' for area in areas)
    merged = f'</sheetData><mergeCells count="{len(areas)}">{merged}</mergeCells>'.encode()
    rewritten(path, lambda parts: parts | {sheet: parts[sheet].replace(b'</sheetData>', merged)})
    with pytest.raises(HandboneError, match=f"100000 cells are merged, up to '{areas[-1]}'"):
        read_raw_table(path)


def test_too_many_cells_are_refused(book, tmp_path, monkeypatch):
    """Before openpyxl makes an object of each."""
    path = saved(book, tmp_path)
    monkeypatch.setattr('handbone.metadata.workbook.MOST_CELLS', 14)  # it has 15
    monkeypatch.setattr(openpyxl, 'load_workbook', None)
    with pytest.raises(HandboneError, match=r'sheet1.xml has more than \d+ cells'):
        read_raw_table(path)


@pytest.mark.parametrize('place', ['XFD1048576', 'A1048576', 'XFD3'])
def test_cells_far_from_the_table(place, book, tmp_path):
    """The sheet is read up to the last of them, empty cells included."""
    book.active[place] = 'x'
    path = saved(book, tmp_path)
    if place == 'XFD3':
        assert [row[:1] for _, row in read_raw_table(path).rows] == [['ID001'], ['ID002']]
        return
    with pytest.raises(HandboneError, match='its cells reach to row 1048576 and column'):
        read_raw_table(path)


def test_formulas_without_a_saved_value(book, tmp_path):
    book.active['C4'] = '=40+12'
    cleaned = TableCleaner(read_raw_table(saved(book, tmp_path))).clean()
    assert [each.fault for each in cleaned.findings if each.column == 'age'] == [
        'a formula whose value was not saved'
    ]
    assert any(note.startswith('1 formula in the table') for note in cleaned.notes)
    assert cleaned.rows[1][1] == ''


def test_several_sheets(book, tmp_path):
    book.active.title = '환자'
    book.create_sheet('notes').append(['nothing'])
    path = saved(book, tmp_path)
    with pytest.raises(HandboneError, match="several sheets. Choose one .*: '환자', 'notes'"):
        read_raw_table(path)
    assert len(read_raw_table(path, '환자').rows) == 2
    with pytest.raises(HandboneError, match="has no sheet 'x'"):
        read_raw_table(path, 'x')


def rewritten(path, change):
    with zipfile.ZipFile(path) as archive:
        parts = {part.filename: archive.read(part) for part in archive.infolist()}
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, content in change(parts).items():
            archive.writestr(name, content)


def test_entities_are_refused(book, tmp_path):
    path = saved(book, tmp_path)
    sheet = 'xl/worksheets/sheet1.xml'
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    rewritten(path, lambda parts: parts | {sheet: bomb + parts[sheet]})
    with pytest.raises(HandboneError, match='sheet1.xml declares XML entities'):
        read_raw_table(path)


def test_too_much_content_is_refused(book, tmp_path, monkeypatch):
    path = saved(book, tmp_path)
    monkeypatch.setattr('handbone.metadata.workbook.LARGEST_CONTENT', 1000)
    with pytest.raises(HandboneError, match='unpacks to more than'):
        read_raw_table(path)


@pytest.mark.parametrize('keep', [0, 10, 0.5, 0.99])
def test_files_that_are_cut_off(book, tmp_path, keep):
    path = saved(book, tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(keep if keep >= 1 else keep * len(content))])
    with pytest.raises(HandboneError, match='is not a workbook, or is cut off'):
        read_raw_table(path)


def test_a_part_that_is_missing_or_no_xml(book, tmp_path):
    path = saved(book, tmp_path)
    sheet = 'xl/worksheets/sheet1.xml'
    for change in (
        lambda parts: {name: part for name, part in parts.items() if name != sheet},
        lambda parts: parts | {sheet: b'<worksheet'},
    ):
        book.save(path)
        rewritten(path, change)
        with pytest.raises(HandboneError, match='that can be read|holds no sheet'):
            read_raw_table(path)
