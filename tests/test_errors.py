"""Words in messages: what a setting takes, and counts."""

import pytest

from handbone.errors import HandboneError, check_word, counted


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


def test_one_is_singular():
    assert [counted(number, 'class') for number in range(3)] == [
        '0 classes',
        '1 class',
        '2 classes',
    ]
    said = [counted(number, 'image is', 'images are') for number in range(3)]
    assert said == ['0 images are', '1 image is', '2 images are']
