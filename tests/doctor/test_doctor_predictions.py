"""Labels compared with the masks of a model."""

from dataclasses import replace

import numpy as np
import pytest
from made_records import annotated, survey_of

from handbone.csv_files import csv_bytes
from handbone.doctor.checks.predictions import check_predictions
from handbone.doctor.examined import examine
from handbone.doctor.measuring import measure_image
from handbone.doctor.overview import overview
from handbone.doctor.predictions import Predictions
from handbone.errors import HandboneError

CLASSES = ('a', 'b', 'c')
SIZE = 48


def square(x, y, side):
    return np.array([[x, y], [x + side, y], [x + side, y + side], [x, y + side]], float)


def masks_of(number, rng):
    """Labels as polygons, and a prediction as one mask per class, a pixel or so wider."""
    x, y = rng.integers(2, 8, 2)
    polygons = [('a', square(x, y, 14)), ('b', square(x + 20, y + 4, 10)), ('c', square(x, 30, 9))]
    masks = np.zeros((3, SIZE, SIZE), bool)
    for mask, (_, points) in zip(masks, polygons, strict=True):
        left, top, right, bottom = *points[0].astype(int), *points[2].astype(int)
        mask[top : bottom + 1 + int(rng.integers(2)), left : right + 1] = True
    return polygons, masks


def runs(mask):
    flat = np.concatenate([[0], mask.ravel().astype(int), [0]])
    starts, stops = np.flatnonzero(np.diff(flat) == 1), np.flatnonzero(np.diff(flat) == -1)
    return ' '.join(f'{a + 1} {b - a}' for a, b in zip(starts, stops, strict=True))


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


@pytest.fixture
def made(tmp_path):
    """Records of 30 images; labels of number 7 lack b, the prediction of number 9 lacks a."""
    rng = np.random.default_rng(0)
    rows, drawn = [('image_name', 'class', 'rle')], []
    for number in range(30):
        polygons, masks = masks_of(number, rng)
        if number == 9:
            masks[0] = False
        rows += [(f'{number}', name, runs(mask)) for name, mask in zip(CLASSES, masks, strict=True)]
        labels = [each for each in polygons if not (number == 7 and each[0] == 'b')]
        drawn.append((number, labels, masks))
    path = tmp_path / 'oof.csv'
    path.write_bytes(csv_bytes(rows))
    with Predictions(path, CLASSES) as predictions:
        records = [
            measure_image(
                'train', annotated(f'P/{n}.png', labels, SIZE, None, CLASSES), CLASSES, predictions
            )
            for n, labels, _ in drawn
        ]
    return records, drawn


def test_dice_equals_its_definition(made):
    records, drawn = made
    for record, (number, labels, masks) in zip(records, drawn, strict=True):
        image = annotated('x.png', labels, SIZE, None, CLASSES)
        packed = image.draw(3)
        for index in range(3):
            expected = dice(packed >> index & 1 > 0, masks[index])
            assert record.agreement.dice[index] == pytest.approx(expected, abs=1e-4), number
            difference = (packed >> index & 1 > 0) ^ masks[index]
            if difference.any():
                y, x = np.nonzero(difference)
                box = [x.min(), y.min(), x.max() + 1, y.max() + 1]
                assert record.agreement.boxes[index].tolist() == box


def test_contradicted_labels_are_found(made):
    records, _ = made
    findings = list(check_predictions(examine(survey_of(records, CLASSES))))
    assert {(each.image, each.class_name) for each in findings} == {
        ('P/7.png', 'b'),
        ('P/9.png', 'a'),
    }
    assert 'the labels have not' in next(f.reason for f in findings if f.class_name == 'b')
    assert 'does not have it' in next(f.reason for f in findings if f.class_name == 'a')


def test_classes_that_neither_has_do_not_agree(tmp_path):
    path = tmp_path / 'oof.csv'
    path.write_text('image_name,class,rle\n1.png,a,1 3\n')
    image = annotated('P/1.png', [('b', square(9, 9, 5))], SIZE, None, CLASSES)
    with Predictions(path, CLASSES) as predictions:
        agreement = predictions.compare('P/1.png', image.draw(3))
    assert agreement.dice[:2] == pytest.approx([0, 0], abs=1e-4)
    assert np.isnan(agreement.dice[2])
    assert agreement.predicted.tolist() == [True, False, False]


def test_an_image_that_disagrees_in_most_classes_is_one_finding(made):
    records, _ = made
    wrong = replace(records[3].agreement, dice=np.array([0.1, 0.9, 0.2], np.float32))
    records[3] = replace(records[3], agreement=wrong)
    findings = list(check_predictions(examine(survey_of(records, CLASSES))))
    (finding,) = [each for each in findings if each.image == 'P/3.png']
    assert finding.class_name == '' and 'disagrees in 2 classes' in finding.reason


@pytest.mark.parametrize(('share', 'found'), [(0.7, 1), (0.8, 0)])
def test_where_labels_are_always_alike_small_differences_are_no_findings(made, share, found):
    records = [each for index, each in enumerate(made[0]) if index not in (7, 9)]
    dice = np.full(3, 0.98, np.float32)
    records = [replace(each, agreement=replace(each.agreement, dice=dice)) for each in records]
    odd = replace(records[3].agreement, dice=dice * np.array([1, share, 1], np.float32))
    records[3] = replace(records[3], agreement=odd)
    assert len(list(check_predictions(examine(survey_of(records, CLASSES))))) == found


def test_tables_list_the_worst_first(made):
    records, _ = made
    tables = {each.title: each for each in overview(examine(survey_of(records, CLASSES)))}
    worst = tables['Images that agree least'].rows
    assert {row[0][0] for row in worst[:2]} == {'train/P/7.png', 'train/P/9.png'}
    means = [share for _, share in worst]
    assert means == sorted(means)
    assert [row[0][0] for row in tables['Labels and predictions'].rows] == list(CLASSES)


def test_images_without_a_prediction_are_passed_over(tmp_path):
    path = tmp_path / 'oof.csv'
    path.write_text('image_name,class,rle\nother.png,a,1 3\n')
    image = annotated('P/1.png', [('a', square(1, 1, 5))], SIZE, None, CLASSES)
    with Predictions(path, CLASSES) as predictions:
        record = measure_image('train', image, CLASSES, predictions)
    assert record.agreement is None
    assert list(check_predictions(examine(survey_of([record], CLASSES)))) == []


def test_images_without_labels_are_not_compared(tmp_path):
    path = tmp_path / 'oof.csv'
    path.write_text('image_name,class,rle\n1.png,a,1 3\n')
    image = annotated('P/1.png', [], SIZE, None, CLASSES)
    with Predictions(path, CLASSES) as predictions:
        labelled, unlabelled = (
            measure_image('test', image, CLASSES, predictions, each) for each in (True, False)
        )
    assert labelled.agreement is not None and unlabelled.agreement is None


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('image_name,class,rle\n1.png,z,1 3\n', 'none of its classes'),
        ('image_name,rle\n1.png,1 3\n', 'class'),
    ],
)
def test_bad_files(tmp_path, content, message):
    path = tmp_path / 'oof.csv'
    path.write_text(content)
    with pytest.raises(HandboneError, match=message):
        Predictions(path, CLASSES)


def test_bad_rows_are_said_and_the_others_compared(tmp_path):
    path = tmp_path / 'oof.csv'
    rows = ['image_name,class,rle', '1.png,a,2304 3', '1.png,b,1 3', '2.png,a,x', '2.png,c,7 5 6 1']
    path.write_text('\n'.join([*rows, '3.png,a,5', '3.png,b,']) + '\n')
    image = annotated('1.png', [('a', square(9, 9, 5))], SIZE, None, CLASSES)
    packed = image.draw(3)
    with Predictions(path, CLASSES) as predictions:
        found = [predictions.compare(f'{number}.png', packed) for number in (1, 2, 3)]
        notes = predictions.gaps(['1.png', '2.png', '3.png'])
    assert [np.isnan(each.dice).tolist() for each in found] == [
        [True, False, True],
        [True, True, True],
        [True, True, True],
    ]
    assert found[0].dice[1] == pytest.approx(0, abs=1e-4)
    lines = ('line 2: bad RLE', 'line 4: bad RLE', 'line 5: bad RLE', 'has 1 more such rows')
    for note, line in zip(notes[-4:], lines, strict=True):
        assert line in note and note.endswith(' not compared.')


def test_what_a_csv_lacks_is_said(tmp_path):
    path = tmp_path / 'oof.csv'
    path.write_text('image_name,class,rle\n1.png,a,1 3\n1.png,b,5 2\n2.png,a,1 3\n')
    with Predictions(path, CLASSES) as predictions:
        assert predictions.gaps(['P/1.png', 'P/2.png', 'P/3.png']) == [
            f"{path} has no row of class 'c': those masks were taken as empty.",
            f"{path} lacks rows of 1 of its images ('2.png'): those masks were taken as empty.",
            f"{path} lacks 1 of the 3 images with labels ('P/3.png'), which were not compared.",
        ]
        assert len(predictions.gaps(['P/1.png', 'P/2.png'])) == 2
