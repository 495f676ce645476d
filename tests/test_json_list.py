"""JSON lists of which one element is in memory."""

import json

import pytest

from handbone.errors import HandboneError
from handbone.json_list import JsonList


def test_elements_in_any_order(tmp_path):
    path = tmp_path / 'list.json'
    document = [{'a': 'é'}, [1.5, None], '손', 7, {}]
    path.write_text(json.dumps(document, ensure_ascii=False), encoding='utf-8')
    seen = []
    found = JsonList(path, seen.append)
    assert len(found) == 5 and seen == document
    assert [found.read(index) for index in (4, 0, 2, 2, 1, 3)] == [
        document[index] for index in (4, 0, 2, 2, 1, 3)
    ]


def test_a_file_that_changes(tmp_path):
    path = tmp_path / 'list.json'
    path.write_text('[{"a": 1}, {"b": 2}]')
    found = JsonList(path)
    path.write_text('[{"a": [1, 2, 3]}, {"b": 2}]')
    with pytest.raises(HandboneError, match='the file has changed while it was read'):
        found.read(1)
