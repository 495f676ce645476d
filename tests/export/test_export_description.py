"""What exported files say of themselves."""

import pytest

from handbone.export import Description, Preprocessing

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
