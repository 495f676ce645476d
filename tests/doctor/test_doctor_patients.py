"""Whose the images are, in folders and in names."""

import re

import pytest
from made_records import annotated, survey_of

from handbone.apis import convert, doctor
from handbone.cli.command import main
from handbone.datasets.formats.source import Source
from handbone.datasets.patient_pattern import PatientPattern
from handbone.doctor.checks.files import check_files
from handbone.doctor.examined import Examined
from handbone.doctor.measuring import measure_image
from handbone.doctor.patients import with_patients
from handbone.doctor.survey import survey as measure
from handbone.errors import HandboneError
from handbone.phantom import FaultSettings, write_dataset
from handbone.phantom.faults import IN_TWO_SPLITS

ALONE = 'no image lies in the folder of a patient: each of them counts as a patient of its own'


def survey(**splits):
    return survey_of(
        [
            measure_image(split, annotated(name, [], 16, None, ('a',)), ('a',))
            for split, names in splits.items()
            for name in names
        ],
        ('a',),
    )


def patients(known=(), pattern=None, **splits):
    measured, notes = with_patients(
        survey(**splits), None if pattern is None else PatientPattern(pattern), known
    )
    return [record.patient for record in measured.records], notes


@pytest.mark.parametrize(
    ('splits', 'expected'),
    [
        (dict(train=['P1/a.png', 'P2/b.png']), ['P1', 'P2']),
        (dict(train=['images/P1/a.png', 'images/P2/b.png']), ['P1', 'P2']),
        (dict(train=['P1/a', 'P2/b'], test=['P2/c', 'P2/d']), ['P1', 'P2', 'P2', 'P2']),
        (dict(train=['i/P1/a', 'i/P2/b'], test=['i/P2/c', 'i/P2/d']), ['P1', 'P2', 'P2', 'P2']),
        (dict(train=['images/a.png', 'b.png']), ['images', 'b']),
        (dict(train=['x/y/a.png', 'x/b.png']), ['y', 'b']),
    ],
)
def test_folders_that_hold_all_images_of_each_part_are_no_patients(splits, expected):
    assert patients(**splits) == (expected, ())


@pytest.mark.parametrize('test', [['images/c.png', 'images/d.png'], ['c.png', 'd.png']])
def test_images_of_one_folder_have_no_patient(test):
    found, (note,) = patients(train=['images/a.png', 'images/b.png'], test=test)
    assert found == ['a', 'b', 'c', 'd']
    assert note == f'{ALONE}. --patient-pattern finds patients in names'


def test_the_only_patient_of_a_table_is_one():
    assert patients(known=['P1'], train=['P1/a.png', 'P1/b.png']) == (['P1', 'P1'], ())
    assert patients(known=['P1'], train=['i/P1/a.png', 'i/P1/b.png']) == (['P1', 'P1'], ())


def test_a_pattern_finds_patients():
    names = ['i/P1_R.png', 'i/P1_L.png', 'i/P2_R.png', 'i/other.png', 'i/more.png']
    found, (note,) = patients(pattern='(P[0-9]+)_', train=names)
    assert found == ['P1', 'P1', 'P2', 'i/other', 'i/more']
    assert note == (
        "--patient-pattern finds no patient in the names of 2 images ('i/other.png', "
        "'i/more.png'): each of them counts as a patient of its own"
    )
    with pytest.raises(HandboneError, match=r"finds no patient in the name of any image \('i/P1"):
        patients(pattern='(Q[0-9]+)_', train=names)


@pytest.mark.parametrize('pattern', ['(', 'P1', '(P)(1)'])
def test_a_pattern_that_is_not_valid(tmp_path, pattern):
    with pytest.raises(HandboneError, match='is not a regular expression|exactly one group'):
        doctor([tmp_path], tmp_path / 'out', patient_pattern=pattern)


def shared(measured):
    examined = Examined(measured, None, None, (), ())
    return {each.image for each in check_files(examined) if 'several-splits' in each.check}


def test_the_folder_of_all_images_is_not_a_patient_in_both_parts():
    names = dict(train=['images/P1_R.png', 'images/P2_R.png'], test=['images/P2_L.png'])
    assert shared(with_patients(survey(**names), None)[0]) == set()
    found = shared(with_patients(survey(**names), PatientPattern('(P[0-9]+)_'))[0])
    assert found == {'images/P2_R.png', 'images/P2_L.png'}


@pytest.mark.parametrize(
    ('pattern', 'names'),
    [
        (None, dict(train=['0001.png', '0002.png'], test=['0001.png', '0002.png'])),
        (None, dict(train=['images/0001.png'], test=['images/0001.png'])),
        (None, dict(train=['P1/a.png', 'P2/b.png', '0001.png'], test=['P3/c.png', '0001.png'])),
        ('(P[0-9]+)_', dict(train=['0001.png', 'P1_R.png'], test=['0001.png', 'P2_R.png'])),
    ],
)
def test_equal_names_of_images_in_two_parts_are_no_patient(pattern, names):
    """Parts are often numbered from 1 each; only a patient that a name tells is in both."""
    found = None if pattern is None else PatientPattern(pattern)
    measured = with_patients(survey(**names), found)[0]
    assert shared(measured) == set()
    patients = [record.patient for record in measured.records if record.name.endswith('0001.png')]
    assert len(set(patients)) == 2


def test_equal_names_in_two_parts_are_patients_if_a_table_or_a_folder_says_so():
    names = dict(train=['P1.png', 'P2.png'], test=['P1.png', 'P3.png'])
    assert shared(with_patients(survey(**names), None, ['P1'])[0]) == {'P1.png'}
    mixed = dict(train=['P1/a.png', 'P2/b.png'], test=['P1.png', 'P3.png'])
    assert shared(with_patients(survey(**mixed), None)[0]) == {'P1/a.png', 'P1.png'}


def test_patients_that_phantoms_have_in_two_splits(tmp_path):
    write_dataset(tmp_path, 6, 2, size=256, faults=FaultSettings((IN_TWO_SPLITS,), 0.5))
    rows = (tmp_path / 'faults.csv').read_text().split('\n')[1:]
    moved = {row.split(',')[1] for row in rows if row}
    found = shared(measure([Source(split, tmp_path / split) for split in ('train', 'test')]))
    assert moved and moved < found
    assert {name.split('/')[0] for name in found} == {name.split('/')[0] for name in moved}


def test_the_command_joins_a_table_by_the_pattern(tmp_path):
    write_dataset(tmp_path / 'data', train=4, test=0, size=256)
    convert(tmp_path / 'data/train', tmp_path / 'flat', 'coco', image_files='none')
    (path,) = (tmp_path / 'flat').rglob('*.json')
    path.write_text(re.sub(r'"(ID\d+)/', r'"images/\1_', path.read_text()))
    words = ['doctor', str(path), '--out-dir', str(tmp_path / 'out')]
    table = tmp_path / 'data/patients.csv'
    with pytest.raises(SystemExit):
        main([*words, '--table', str(table)])
    main([*words, '--table', str(table), '--patient-pattern', r'/(ID\d+)_'])
    assert 'share of the part' in (tmp_path / 'out/index.html').read_text()
