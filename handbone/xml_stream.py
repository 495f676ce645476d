"""Reading XML that anybody may have written or damaged, element by element."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from handbone.errors import HandboneError
from handbone.structure import one_line

#: Bytes that are read at a time.
PIECE = 2**16
#: Bytes of one element, with all that is in it.
MOST_BYTES = 2**28


def read_elements(path: Path, wanted: Collection[str]) -> Iterator[Element]:
    """Read the elements of some names, each when its end has come; the others are passed over.

    Document types are refused, so that no entity can be expanded and no other file be read.

    Args:
        path: The file.
        wanted: Names of the elements. Those within another one that is wanted are parts of it.

    Yields:
        The elements in the order of the file.

    Raises:
        OSError: The file cannot be read.
        HandboneError: It is not XML, is cut off, has a document type, an encoding of several bytes
            per character other than UTF-8 and UTF-16, or an element that is too large. The text is
            a clause without the file, which the caller knows, and at times a remedy.
    """
    scanner = _Scanner(wanted)
    with path.open('rb') as file:
        more = True
        while more:
            piece = file.read(PIECE)
            more = bool(piece)
            try:
                scanner.parser.Parse(piece, not more)
            except expat.ExpatError as error:
                raise HandboneError(f'the file is not XML ({error})') from error
            except HandboneError:
                raise
            except (LookupError, ValueError) as error:  # of the encoding that the file declares
                reason = one_line(error)
                raise HandboneError(
                    f'its encoding is not one that is read ({reason}). Save it as UTF-8'
                ) from error
            if file.tell() - scanner.kept_since() > MOST_BYTES:
                limit = MOST_BYTES / 2**20
                raise HandboneError(f'one element has more than {limit:g} MB')
            yield from scanner.take()


class _Scanner:
    """Builds the wanted elements from what the parser sees."""

    def __init__(self, wanted: Collection[str]) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data
        self._wanted = frozenset(wanted)
        self._builder: TreeBuilder | None = None
        self._begin = 0
        self._depth = 0
        self._found: list[Element] = []

    def take(self) -> list[Element]:
        """Hand out what was found since the last time."""
        found, self._found = self._found, []
        return found

    def kept_since(self) -> int:
        """Find the first byte of what is in memory: the element or the tag that has not ended."""
        return self._begin if self._builder is not None else self.parser.CurrentByteIndex

    def _refuse(self, *arguments: object) -> None:
        raise HandboneError('the XML has a document type, which may expand to anything')

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if self._builder is None and name in self._wanted:
            self._builder = TreeBuilder()
            self._begin = self.parser.CurrentByteIndex
        if self._builder is not None:
            self._builder.start(name, dict(attributes))
            self._depth += 1

    def _end(self, name: str) -> None:
        if self._builder is not None:
            self._builder.end(name)
            self._depth -= 1
            if self._depth == 0:
                self._found.append(self._builder.close())
                self._builder = None

    def _data(self, text: str) -> None:
        if self._builder is not None:
            self._builder.data(text)
