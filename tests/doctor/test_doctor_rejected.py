"""Images that a person rejects on the page: what it saves, and what becomes of such a list."""

import os
from dataclasses import replace
from pathlib import PurePosixPath
from urllib.parse import unquote_to_bytes

import pytest
from made_records import annotated, survey_of

from benchmarks.harness.chromium import chromium, opened
from handbone.apis import doctor
from handbone.datasets.errors import DatasetError
from handbone.datasets.file_list import image_file, read_list_file
from handbone.datasets.formats.source import Source
from handbone.doctor.finding import Finding
from handbone.doctor.kept_images import kept_images
from handbone.doctor.measuring import measure_image
from handbone.doctor.page import findings_html
from handbone.doctor.rejected_images import read_rejected, rejected_images
from handbone.doctor.report import Report
from handbone.errors import HandboneError
from handbone.phantom.dataset import write_dataset

#: A name that Windows wrote in CP949, as Python lists it.
KOREAN = os.fsdecode('ID2/손_R.png'.encode('cp949'))
NAMES = ('ID1/a_R.png', 'ID1/50%_L.png', KOREAN)


def records(split, names):
    return [measure_image(split, annotated(name, [], 32, None, ('a',)), ('a',)) for name in names]


def report_of(*splits):
    survey = survey_of([each for split in splits for each in records(split, NAMES)], ('a',))
    found = tuple(
        Finding('empty-image', each.split, each.name, '', 'it is empty', 0.9)
        for each in survey.records
    )
    return Report(survey, found, ())


def kept(tmp_path, content, path='data/train'):
    rejected = tmp_path / 'rejected.txt'
    rejected.write_bytes(content)
    source = Source('train', tmp_path / path)
    left_out, notes = rejected_images(read_rejected(rejected), source, NAMES)
    survey = survey_of(records('train', NAMES), ('a',))
    return kept_images(replace(survey, rejected=left_out)), notes


@pytest.mark.skipif(chromium() is None, reason='Chromium is not installed')
@pytest.mark.parametrize('splits', [('train',), ('train', 'test')])
def test_the_page_saves_names_as_bytes_under_their_part(tmp_path, splits):
    page = tmp_path / 'index.html'
    page.write_bytes(findings_html(report_of(*splits), {}).encode(errors='replace'))
    script = """
        URL.createObjectURL = blob => { window.saved = blob; return '#'; };
        for (const box of document.querySelectorAll('#findings input')) box.checked = true;
        document.getElementById('save').click();
        saved.arrayBuffer().then(content => [...new Uint8Array(content)])
    """
    with opened(page, tmp_path / 'browser') as shown:
        content = bytes(shown.run(script))
    names = b''.join(os.fsencode(f'{name}\n') for name in NAMES)
    parts = [f'[{split}]\n'.encode() + names for split in splits]
    assert content == (names if len(splits) == 1 else b''.join(parts))
    assert kept(tmp_path, content) == ([], [])


@pytest.mark.parametrize('splits', [('train',), ('train', 'test')])
def test_names_on_the_page_are_those_of_the_files(splits):
    page = findings_html(report_of(*splits), {})
    boxes = [part.split('"')[0] for part in page.split('data-image="')[1:]]
    assert [os.fsdecode(unquote_to_bytes(each)) for each in boxes] == [*NAMES] * len(splits)
    assert page.count('data-part="test"') == (3 if len(splits) == 2 else 0)


def test_images_of_other_parts_are_passed_over(tmp_path):
    content = b'[train]\nID1/a_R.png\n[test]\nID9/x.png\n' + os.fsencode(f'{KOREAN}\n')
    assert kept(tmp_path, content) == (['ID1/50%_L.png', KOREAN], [])
    # the part is the end of a path, as long as told the parts of that report apart
    assert kept(tmp_path, b'[data/train]\nID1\n[old/train]\nID2\n') == ([KOREAN], [])
    assert kept(tmp_path, b'ID2\n[train]\nID1/a_R\n[train]\n') == (['ID1/50%_L.png'], [])
    assert kept(tmp_path, b'') == ([*NAMES], [])


def test_a_list_of_other_parts_alone_is_said_to_be_one(tmp_path):
    names, (note,) = kept(tmp_path, b'[test]\nID9/x.png\n')
    assert names == [*NAMES]
    assert note == f"{tmp_path / 'rejected.txt'} rejects images of 'test' and none of train"


def test_wrong_names_of_this_part_are_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"line 4: 'ID1/b.png' is neither an image"):
        kept(tmp_path, b'[test]\nID9/x.png\n[train]\nID1/b.png\n')
    with pytest.raises(HandboneError, match=r'line 1: not a text in UTF-8, and .* is not the name'):
        kept(tmp_path, b'\xff\n')


def test_a_list_of_images_has_names_that_are_not_utf8(tmp_path):
    images = [image_file(PurePosixPath(name)) for name in NAMES]
    path = tmp_path / 'kept.txt'
    path.write_bytes(os.fsencode(f'{NAMES[0]}\n{KOREAN}\n'))
    assert [each.name for each in read_list_file(path, images)] == [NAMES[0], KOREAN]


def test_a_missing_list_is_said_before_anything_is_read(tmp_path):
    options = dict(list_file=tmp_path / 'kept.txt', rejected=tmp_path / 'rejected.txt')
    with pytest.raises(FileNotFoundError, match='rejected'):
        doctor([tmp_path / 'nowhere'], tmp_path / 'out', **options)


def test_a_wrong_name_is_said_before_anything_is_measured(tmp_path):
    """And an image whose labels cannot be read, which is not measured, is no wrong name."""
    write_dataset(tmp_path / 'data', train=4, test=0, size=256)
    source, rejected = tmp_path / 'data/train', tmp_path / 'rejected.txt'
    (bad, other, *_) = sorted((source / 'outputs_json').rglob('*.json'))
    bad.write_text('[')
    options = dict(list_file=tmp_path / 'kept.txt', rejected=rejected)
    rejected.write_text('ID999/x.png\n')
    with pytest.raises(DatasetError, match=r"line 1: 'ID999/x.png' is neither an image"):
        doctor([source], tmp_path / 'out', progress=lambda _: pytest.fail(), **options)
    rejected.write_text(''.join(f'{path.parent.name}/{path.stem}\n' for path in (bad, other)))
    doctor([source], tmp_path / 'out', **options)
    names = [PurePosixPath(name).stem for name in (tmp_path / 'kept.txt').read_text().split()]
    assert len(names) == 2 and not {bad.stem, other.stem} & {*names}
