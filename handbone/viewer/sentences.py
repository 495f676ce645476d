"""Sentences of the viewer that its page says in the language that is chosen."""

from typing import Any

from handbone.user_message import error_line


class Sentence(str):
    """A sentence in English, with what the page needs to say it in another language.

    Where an error has one as its message, the page finds it there; the terminal shows it as it is.

    Args:
        key: What the tables of the page call it, such as ``messages_ko.js``.
        text: The sentence with the names of its values in braces.
        **values: The values.

    Attributes:
        key: The key.
        values: The values.

    >>> Sentence('said_no_layer', 'There is no layer {number}.', number=3)
    'There is no layer 3.'
    """

    key: str
    values: dict[str, Any]

    def __new__(cls, key: str, text: str, /, **values: Any) -> 'Sentence':
        """Write the sentence."""
        sentence = super().__new__(cls, text.format(**values))
        sentence.key = key
        sentence.values = {name: _plain(value) for name, value in values.items()}
        return sentence


def sentence_of(error: BaseException) -> str:
    """Say an error in one line.

    Args:
        error: What was raised.

    Returns:
        The sentence that it was raised with, or its line in English.
    """
    if len(error.args) == 1 and isinstance(error.args[0], Sentence):
        return error.args[0]
    return error_line(error)


def for_page(text: str) -> dict[str, Any]:
    """Write a sentence as the page takes it.

    Args:
        text: A sentence, or any other text, which is shown as it is.

    Returns:
        The text, and the key and the values if it has them.
    """
    if isinstance(text, Sentence):
        return {'text': str(text), 'key': text.key, 'values': text.values}
    return {'text': text}


def no_layer(number: int) -> Sentence:
    """Say that there is no such layer."""
    return Sentence('said_no_layer', 'There is no layer {number}.', number=number)


def _plain(value: Any) -> str | int:
    return value if isinstance(value, int) else str(value)
