"""A message to people."""

from typing import NamedTuple

#: Kinds of messages, as Apprise calls them; services give each its colour.
KINDS = ('info', 'success', 'warning', 'failure')


class Message(NamedTuple):
    """A message.

    Attributes:
        title: One line.
        body: Text of one or several lines.
        kind: One of :data:`KINDS`.
    """

    title: str
    body: str
    kind: str = 'info'
