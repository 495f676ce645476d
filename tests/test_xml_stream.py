"""XML read element by element, without entities."""

import pytest

from handbone.errors import HandboneError
from handbone.xml_stream import read_elements


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'document.xml'


def test_wanted_elements_come_whole_and_in_order(path):
    inner = '<b k="1">x<c/><b k="2"/></b>'
    path.write_text(f'<?xml version="1.0"?><a>{inner * 3}<d/><b k="é"/></a>', encoding='utf-8')
    found = list(read_elements(path, ['b']))
    assert [each.get('k') for each in found] == ['1', '1', '1', 'é']
    assert found[0].text == 'x' and [each.tag for each in found[0]] == ['c', 'b']


def test_large_files_in_pieces(path):
    path.write_text('<a>' + '<b>text</b>' * 30_000 + '</a>')
    assert sum(each.text == 'text' for each in read_elements(path, ['b'])) == 30_000


@pytest.mark.parametrize(
    ('content', 'fault'),
    [
        ('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', 'has a document type'),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', 'has a document type'),
        ('<a><b></a>', 'is not XML .*line 1'),
        ('<a><b>', 'is not XML'),
        ('', 'is not XML'),
        ('<a>&x;</a>', 'is not XML'),
        ('{"a": 1}', 'is not XML'),
        ('<?xml version="1.0" encoding="euc-kr"?><a/>', 'encoding is not one .* Save it as UTF-8'),
        ('<?xml version="1.0" encoding="gbk"?><a/>', 'encoding is not one that is read'),
        ('<?xml version="1.0" encoding="utf-7"?><a/>', 'encoding is not one that is read'),
        ('<?xml version="1.0" encoding="foo"?><a/>', 'encoding is not one that is read'),
        ('<?xml version="1.0" encoding="rot13"?><a/>', 'encoding is not one that is read'),
    ],
)
def test_damage(path, content, fault):
    path.write_text(content)
    with pytest.raises(HandboneError, match=fault):
        list(read_elements(path, ['b']))
