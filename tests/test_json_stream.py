"""Large JSON documents read piece by piece, against the json module."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handbone import json_stream
from handbone.errors import HandboneError

VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner)),
    max_leaves=8,
)


@pytest.fixture(params=[4, 5, 2**20])
def path(request, tmp_path, monkeypatch):
    monkeypatch.setattr(json_stream, 'PIECE', request.param)
    return tmp_path / 'document.json'


def gathered(path):
    document = {}
    for key, index, value in json_stream.read_members(path):
        if index is None:
            document[key] = value
        else:
            assert len(document.setdefault(key, [])) == index
            document[key].append(value)
    return document


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), st.sampled_from([None, 1]))
def test_the_same_as_json(path, document, indent):
    path.write_text(json.dumps(document, ensure_ascii=False, indent=indent), encoding='utf-8')
    assert gathered(path) == document


@pytest.mark.parametrize('number', ['1.5', '-2e5', '12E-3', '1.25e+10'])
def test_numbers_at_the_end_of_a_piece(path, number):
    for before in range(8):
        path.write_text(f'{{"a": {" " * before}{number}, "b": [{number}, {number}]}}')
        assert gathered(path) == {'a': float(number), 'b': [float(number)] * 2}


def test_a_mark_in_front_and_white_space_behind(path):
    path.write_bytes(b'\xef\xbb\xbf {"a": [1, {"b": 2}]} \n')
    assert gathered(path) == {'a': [1, {'b': 2}]}


@pytest.mark.parametrize(
    ('content', 'fault'),
    [
        (b'', 'is empty'),
        (b'[1]', 'is missing'),
        (b'{"a": [1, 2', 'cut off|not JSON'),
        (b'{"a": [{"b": ', 'not JSON'),
        (b'{"a": 1} {', 'more behind its end'),
        (b'{"a": 1, "a": 2}', 'occurs twice'),
        (b'{"a": [{"b": 1, "b": 2}]}', 'occurs twice'),
        (b'{"a": [1 2]}', 'is missing'),
        (b'{1: 2}', 'is no key'),
        (b'{"a": "\xff\xff\xff\xff\xff"}', 'UTF-8'),
        (b'{"a": ' + b'[' * 200_000, 'nested too deeply|not JSON'),
    ],
)
def test_damage(path, content, fault):
    path.write_bytes(content)
    with pytest.raises(HandboneError, match=fault):
        gathered(path)


ENCODINGS = ('utf-8', 'utf-8-sig', 'utf-16', 'utf-16-le', 'utf-16-be', 'utf-32', 'utf-32-be')


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(VALUES, max_size=5), st.sampled_from([None, 1]), st.sampled_from(ENCODINGS))
def test_the_elements_of_a_list_and_their_bytes(path, document, indent, encoding):
    content = json.dumps(document, ensure_ascii=False, indent=indent).encode(encoding)
    path.write_bytes(content)
    found = list(json_stream.read_elements(path))
    assert [value for *_, value in found] == document
    assert [json.loads(content[start : start + size]) for start, size, _ in found] == document


@pytest.mark.parametrize(
    ('content', 'fault'),
    [
        (b'', 'is empty'),
        (b'{"a": []}', "begins with '{', so it is no list"),
        (b'[1, 2', 'cut off|not JSON'),
        (b'[{"a": 1}, {"a": 1, "a": 2}]', 'occurs twice'),
        (b'[1] [', 'more behind its end'),
        (b'[1 2]', 'is missing'),
        (b'["\xff\xff\xff\xff\xff"]', 'UTF-8'),
        (b'[1]' + bytes(100), 'more behind its end'),
    ],
)
def test_damaged_lists(path, content, fault):
    path.write_bytes(content)
    with pytest.raises(HandboneError, match=fault):
        list(json_stream.read_elements(path))
