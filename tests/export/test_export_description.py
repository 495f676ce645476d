"""What exported files say of themselves."""

from dataclasses import replace

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
        (dict(thresholds='[0.5]'), 'lists 1 threshold for 2 classes'),
        (dict(thresholds='[0.5, true]'), 'the threshold of two is True'),
        (dict(thresholds='{}'), r'\{\}; thresholds are'),
        (dict(thresholds='[0.5, 1.5]'), 'between 0 and 1'),
        (dict(palette='[[1, 2, 3]]'), '2 classes with 1 colour'),
        (dict(classes='["one"'), 'classes: the file is not JSON'),
        (dict(classes='["one", 2]'), r'classes\[1\] is 2, not a text'),
        (dict(classes='["one", "one"]'), 'names one of them twice'),
        (dict(palette='[[1, 2, 3], [1, 2, 300]]'), 'is not a colour'),
        (dict(palette='[]'), '2 classes without colours'),
        (dict(palette='[' * 10**5), 'palette: the JSON is nested too deeply'),
        (dict(preprocessing='{"scale": [1, 1]}'), "preprocessing has no 'keep_ratio'"),
        (dict(preprocessing='[]'), r'preprocessing is \[\], not an object'),
    ],
)
def test_damaged_texts_are_refused(changes, message):
    with pytest.raises(ValueError, match=rf'^a\.onnx.*{message}'):
        Description.from_texts(DESCRIPTION.to_texts() | changes, 'a.onnx')


@pytest.mark.parametrize(
    ('classes', 'message'),
    [
        (('one', 'three'), 'only there: two; only here: three'),
        (('two', 'one'), 'the same names in a different order'),
        (('one', 'two', 'three'), '2 classes instead of 3'),
    ],
)
def test_another_class_list_is_refused(classes, message):
    DESCRIPTION.check_classes(('one', 'two'), 'a.onnx')
    with pytest.raises(ValueError, match=rf'^a\.onnx was exported for a different .*{message}'):
        DESCRIPTION.check_classes(classes, 'a.onnx')


def test_class_names_are_compared_in_one_unicode_form():
    replace(DESCRIPTION, classes=('ra\u0301dio', 'two')).check_classes(('r\u00e1dio', 'two'), 'x')
