"""Which options the reader and the writer of a format have."""

from collections.abc import Iterable
from inspect import signature

from handbone.errors import HandboneError

from .format_reader import FormatReader
from .format_writer import FormatWriter

#: Arguments that all readers and all writers have.
COMMON = {'source', 'images', 'choice', 'bad_files', 'target', 'classes', 'palette'}


def check_options(
    made: type[FormatReader] | type[FormatWriter], name: str, options: Iterable[str]
) -> None:
    """Check that a reader or a writer has the options that it is given.

    Args:
        made: Its class.
        name: Name of the format.
        options: Names of the options.

    Raises:
        HandboneError: There is no such option; the error names those that there are.
    """
    known = [each for each in signature(made).parameters if each not in COMMON]
    for option in options:
        if option not in known:
            which = f'they are {", ".join(known)}' if known else 'there are none'
            kind = 'reader' if issubclass(made, FormatReader) else 'writer'
            raise HandboneError(f'The {kind} of {name} has no option {option!r}: {which}.')
