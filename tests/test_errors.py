"""What is said of a setting that takes one of a few words."""

import pytest

from handbone.errors import HandboneError, check_word


@pytest.mark.parametrize(
    ('words', 'either'),
    [
        (('a',), "'a'"),
        (('a', 'b'), "'a' or 'b'"),
        ({'a': 1, 'b': 2, 'c': 3}, "'a', 'b' or 'c'"),
    ],
)
def test_a_word_that_is_none_of_them(words, either):
    check_word('way', 'a', words)
    with pytest.raises(HandboneError) as caught:
        check_word('way', 'x', words)
    assert str(caught.value) == f"way must be {either}, got 'x'"
