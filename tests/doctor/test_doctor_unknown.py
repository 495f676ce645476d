"""What the doctor says about data in which images know only some classes."""

from dataclasses import replace

import pytest
from made_records import CLASSES, annotated, found, hand, name_of, sound_record, survey_of

from handbone.doctor.checks.all_checks import run_checks
from handbone.doctor.doctor import doctor
from handbone.doctor.examined import examine
from handbone.doctor.measuring import measure_image
from handbone.doctor.overview import overview
from handbone.errors import HandboneError
from handbone.phantom.dataset import write_dataset

PISIFORM = CLASSES.index('Pisiform')


def without_pisiform(index, unknown=frozenset({PISIFORM})):
    polygons = [each for each in hand(index) if each[0] != 'Pisiform']
    image = replace(annotated(name_of(index), polygons), unknown=unknown)
    return measure_image('train', image, CLASSES)


def test_an_unknown_class_is_not_missing():
    """In half of the images nobody looked for it; in one of the others it is missing."""
    records = [without_pisiform(index) if index % 2 else sound_record(index) for index in range(60)]
    records[10] = without_pisiform(10, frozenset())
    examined = examine(survey_of(records))
    findings = run_checks(examined)
    assert ('missing-class', 'Pisiform') in found(findings, 10)
    assert not any(
        ('missing-class', 'Pisiform') in found(findings, index) for index in range(1, 60, 2)
    )
    (classes,) = (table for table in overview(examined) if table.title == 'Classes')
    (row,) = (row for row in classes.rows if row[0][0] == 'Pisiform')
    assert row[0][1] == '29' and row[1] == pytest.approx(29 / 30)


def test_labels_of_an_unknown_class():
    records = [sound_record(index) for index in range(20)]
    records[3] = replace(records[3], unknown=frozenset({PISIFORM}))
    findings = run_checks(examine(survey_of(records)))
    assert ('unknown-class', 'Pisiform') in found(findings, 3)
    assert sum(each.check == 'unknown-class' for each in findings) == 1


def test_an_image_that_knows_nothing_has_no_missing_labels():
    records = [sound_record(index) for index in range(20)]
    nothing = replace(annotated(name_of(5), []), unknown=frozenset(range(len(CLASSES))))
    records[5] = measure_image('train', nothing, CLASSES)
    findings = run_checks(examine(survey_of(records)))
    assert not {'no-labels', 'missing-class'} & {check for check, _ in found(findings, 5)}


def test_a_csv_says_what_is_unknown(tmp_path):
    write_dataset(tmp_path / 'data', train=4, test=0, size=256)
    (image, *_) = sorted((tmp_path / 'data/train/DCM').glob('*/*.png'))
    table = tmp_path / 'unknown.csv'
    table.write_text(f'image_name,class\n{image.name},Ulna\n')
    report = doctor([tmp_path / 'data/train'], tmp_path / 'report', unknown_file=table)
    unknown = {record.name.split('/')[-1]: record.unknown for record in report.survey.records}
    assert unknown.pop(image.name) == {CLASSES.index('Ulna')}
    assert not any(unknown.values())
    table.write_text('image_name,class\nother.png,Ulna\n')
    with pytest.raises(HandboneError, match='none of its images is in the data'):
        doctor([tmp_path / 'data/train'], tmp_path / 'report', unknown_file=table)
