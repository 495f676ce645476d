"""Writing XML."""

import re
from xml.etree.ElementTree import Element, tostring

from handbone.errors import HandboneError, shown

#: Characters that XML 1.0 has no way to write, not even escaped (its production 2, Char).
NO_CHARACTER = re.compile('[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]')


def xml_bytes(element: Element) -> bytes:
    r"""Write an element, as a parser reads it again.

    Args:
        element: The element with all that is in it.

    Returns:
        Its text in UTF-8, without a declaration.

    Raises:
        HandboneError: It holds a character that XML does not have: a control character, or a byte
            of a name that is not valid UTF-8. The text is a clause without the file, which the
            caller knows.

    >>> xml_bytes(Element('image', name='a & b.png'))
    b'<image name="a &amp; b.png" />'
    """
    text = tostring(element, encoding='unicode')
    found = NO_CHARACTER.search(text)
    if found:
        raise HandboneError(f'XML has no character {shown(found.group())}')
    return text.encode()
