"""Passwords in addresses, which must not be shown."""

import re

#: A user and a password in an address.
PASSWORD = re.compile(r'://[^/\s@]+@')


def without_passwords(text: str) -> str:
    """Hide users and passwords in the addresses of a text.

    Args:
        text: A command line, a message.

    Returns:
        The text, to be shown or written to a log.

    >>> without_passwords('no answer from http://anna:secret@tracking.example/api')
    'no answer from http://…@tracking.example/api'
    """
    return PASSWORD.sub('://…@', text)
