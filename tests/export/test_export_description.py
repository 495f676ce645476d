"""What exported files say of themselves, and files of thresholds."""

import json

import pytest

from handbone.export import Description, Preprocessing
from handbone.export.threshold_file import read_thresholds

PREPROCESSING = Preprocessing((64, 64), True, 'area', 32, None, (1.0,), (2.0,), (0.0, 4095.0))
DESCRIPTION = Description(('one', 'two'), ((1, 2, 3), (4, 5, 6)), (0.5, 0.25), PREPROCESSING)


def test_texts_come_back():
    assert Description.from_texts(DESCRIPTION.to_texts(), 'a.onnx') == DESCRIPTION


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(format=''), 'does not tell its classes'),
        (dict(format='handbone export 9'), "'handbone export 9', this program reads"),
        (dict(thresholds='[0.5]'), '2 classes take as many thresholds'),
        (dict(thresholds='[0.5, 1.5]'), 'between 0 and 1'),
        (dict(palette='[[1, 2, 3]]'), '2 classes with 1 colours'),
        (dict(classes='["one"'), 'description is damaged'),
        (dict(preprocessing='{"scale": [1, 1]}'), 'description is damaged .*missing'),
        (dict(preprocessing='[]'), 'description is damaged'),
    ],
)
def test_damaged_texts_are_refused(changes, message):
    with pytest.raises(ValueError, match=rf'^a\.onnx.*{message}'):
        Description.from_texts(DESCRIPTION.to_texts() | changes, 'a.onnx')


@pytest.mark.parametrize(
    ('classes', 'message'),
    [
        (('one', 'three'), 'only there: two; only here: three'),
        (('two', 'one'), 'the same names in another order'),
        (('one', 'two', 'three'), '2 classes instead of 3'),
    ],
)
def test_another_class_list_is_refused(classes, message):
    DESCRIPTION.check_classes(('one', 'two'), 'a.onnx')
    with pytest.raises(ValueError, match=rf'^a\.onnx was exported for another .*{message}'):
        DESCRIPTION.check_classes(classes, 'a.onnx')


@pytest.mark.parametrize(
    'content',
    [
        dict(two=0.25, one=0.5),
        dict(classes=dict(two=dict(threshold=0.25, dice=1), one=dict(threshold=0.5)), images=3),
    ],
)
def test_thresholds_are_read_by_name(tmp_path, content):
    path = tmp_path / 'thresholds.json'
    path.write_text(json.dumps(content))
    assert read_thresholds(path, ('one', 'two')) == [0.5, 0.25]


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('{"one": 0.5}', 'another class list .*missing: two'),
        ('{"one": 0.5, "two": 0.5, "three": 0.5}', 'unknown: three'),
        ('{"one": 0.5, "two": 1.5}', 'between 0 and 1, got two: 1.5'),
        ('{"one": "high", "two": 0.5}', 'no JSON with a threshold by class'),
        ('[0.5, 0.5]', 'no JSON with a threshold by class'),
        ('one', 'no JSON'),
    ],
)
def test_bad_thresholds_are_refused(tmp_path, text, message):
    path = tmp_path / 'thresholds.json'
    path.write_text(text)
    with pytest.raises(ValueError, match=f'thresholds.json.*{message}'):
        read_thresholds(path, ('one', 'two'))
