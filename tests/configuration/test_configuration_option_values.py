"""Values on the command line arrive as what they were meant as, and nothing in them is run."""

import ast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mmengine.config import DictAction

from handbone.configuration.config_file import parse_options, read_config_file
from handbone.configuration.shipped import config_path

PLAIN = (
    '1',
    '-2.5',
    'true',
    'None',
    'word',
    '1,2',
    '[1,a,(2,3)]',
    '"x y"',
    'epoch_{}.pth',
    '',
    '[]',
)


@pytest.mark.parametrize('value', PLAIN)
def test_plain_values_are_those_of_mmengine(value):
    assert parse_options([f'a.b={value}']) == {'a.b': DictAction._parse_iterable(value)}


@pytest.mark.parametrize(
    ('option', 'values'),
    [
        ('v=[dict(),dict(flip=horizontal)]', {'v': [{}, {'flip': 'horizontal'}]}),
        ("v=({'angle': -5}, dict(scale=1.5))", {'v': ({'angle': -5}, {'scale': 1.5})}),
        ('v=[{"on": true, "off": null}]', {'v': [{'on': True, 'off': None}]}),
        ('m=dict(a=1,b=dict(c=[2,3]))', {'m.a': 1, 'm.b.c': [2, 3]}),
        ('m={"a": {}}', {'m.a': {}}),
        ("custom_hooks=[dict(type='X')]", {'custom_hooks': [{'type': 'X'}]}),
        ('custom_hooks="[dict(type=\'X\')]"', {'custom_hooks': [{'type': 'X'}]}),
        ("v='[dict(a=1)]'", {'v': [{'a': 1}]}),
    ],
)
def test_dicts(option, values):
    assert parse_options([option]) == values


# lists of texts take long to draw on a busy machine
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.dictionaries(
            st.text('abcxyz_', min_size=1, max_size=8),
            st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()),
        ),
        min_size=1,
    )
)
def test_whatever_python_writes_is_read_as_python_reads_it(value):
    assert parse_options([f'key={value!r}']) == {'key': ast.literal_eval(repr(value))}


@pytest.mark.parametrize(
    ('option', 'reason'),
    [
        ('v=[dict(flip=horizontal]', 'does not match'),
        ('v=[dict(a=1),__import__("os").system("true")]', 'is not a value'),
        ('v=[dict(a=open("x"))]', 'is not a value'),
        ('v=[dict(a=x.y)]', 'x.y is not a value'),
        ('v=[dict(**more)]', 'names in a dict are strings'),
        ('v={1: 2}', 'names in a dict are strings'),
        ('v=[1,(2]', 'brackets that do not match'),
    ],
)
def test_what_is_no_value_is_refused(option, reason):
    with pytest.raises(ValueError, match='--cfg-options v=') as caught:
        parse_options([option])
    message = str(caught.value)
    assert reason in message and 'v=[dict(name=value),dict()]' in message and '\n' not in message


def test_views_reach_the_config():
    cfg = read_config_file(config_path('demo'), ['tta_views=[dict(),dict(angle=5)]'])
    assert cfg.tta_views == [dict(), dict(angle=5)]
    with pytest.raises(ValueError, match='does not take treshold'):
        read_config_file(config_path('demo'), ['model.test_cfg=dict(treshold=0.4)'])
