"""XML that is written is XML that parsers read."""

from xml.etree.ElementTree import Element, ParseError, fromstring, tostring

import pytest

from handbone.errors import HandboneError
from handbone.xml_text import xml_bytes

#: Both ends of every range of characters, and what lies behind them.
EDGES = (0, 8, 9, 0xA, 0xB, 0xC, 0xD, 0xE, 0x1F, 0x20, 0x7F, 0x85, 0xD7FF, 0xE000, 0xFFFD, 0xFFFE)
EDGES += (0xFFFF, 0x10000, 0x10FFFF)


@pytest.mark.parametrize('code', EDGES)
@pytest.mark.parametrize('place', ['attribute', 'text'])
def test_what_expat_does_not_read_is_not_written(code, place):
    text = f'a{chr(code)}b'
    element = Element('image', dict(name=text) if place == 'attribute' else {})
    element.text = text if place == 'text' else None
    try:
        fromstring(tostring(element, encoding='utf-8'))
    except ParseError:
        with pytest.raises(HandboneError, match='XML has no character'):
            xml_bytes(element)
    else:
        back = fromstring(xml_bytes(element))
        if place == 'attribute':
            assert back.get('name') == text


@pytest.mark.parametrize('byte', ['\udc80', '\udcff', '\ud800'])
def test_bytes_of_names_that_are_not_utf8(byte):
    with pytest.raises(HandboneError, match='XML has no character'):
        xml_bytes(Element('image', name=f'a{byte}.png'))
