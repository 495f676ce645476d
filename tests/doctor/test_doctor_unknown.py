"""What the doctor says about data in which images know only some classes."""

from dataclasses import replace

import cv2
import numpy as np
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


def test_a_table_of_sections_of_several_organs(tmp_path):
    """The organs that a section does not show are unknown in it, and the report says so."""
    rows = [f'{index},{"lung" if index % 2 else "spleen"},1 8 33 8,32,32' for index in range(40)]
    lines = ['id,organ,rle,img_height,img_width', *rows]
    (tmp_path / 'images').mkdir()
    for index in range(40):
        image = np.full((32, 32), 5 * index, np.uint8)
        assert cv2.imwrite(str(tmp_path / f'images/{index}.png'), image)
    (tmp_path / 'train.csv').write_text('\n'.join(lines) + '\n')
    report = doctor([tmp_path], tmp_path / 'report')
    assert {each.unknown for each in report.survey.records} == {frozenset({0}), frozenset({1})}
    assert not {'missing-class', 'unknown-class'} & {each.check for each in report.findings}
    assert any('its other classes are unknown in it' in note for note in report.notes)


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
        doctor(
            [tmp_path / 'data/train'],
            tmp_path / 'report',
            unknown_file=table,
            progress=lambda _: pytest.fail('images were measured before'),
        )
