"""What the server says, in the languages of the page."""

import ast
import json
import re
import urllib.error
import urllib.request
from importlib.resources import files

import pytest

from handbone.errors import HandboneError
from handbone.viewer.sentences import Sentence, for_page, sentence_of

VIEWER = files('handbone.viewer')
#: What raises while the page is open, and so speaks to who looks at it.
SPEAKING = ('selection', 'export', 'gallery', 'catalogue', 'picture', 'model_layer')
#: Errors that the page does not cause, that come before it is open, or that pass on another text.
OTHERS = {
    'gallery': ['There is no image in'],
    'model_layer': ['self._failure', 'answer.error'],
}


def table(language):
    """The messages of a language: the text by its key."""
    text = VIEWER.joinpath('assets', f'messages_{language}.js').read_text('utf-8')
    pairs = re.findall(r"(?:'([^']+)'|(\w+)): '((?:[^'\\]|\\.)*)'", text)
    return {quoted or plain: message for quoted, plain, message in pairs}


def sentences():
    """The key of each sentence of the server, with its names of values."""
    for file in VIEWER.iterdir():
        if not file.name.endswith('.py'):
            continue
        for node in ast.walk(ast.parse(file.read_text('utf-8'))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == 'Sentence':
                key, text = (ast.literal_eval(each) for each in node.args)
                assert set(re.findall(r'{(\w+)}', text)) == {each.arg for each in node.keywords}
                yield key, text


def test_both_languages_say_the_same():
    english, korean = table('en'), table('ko')
    of_server = {key for key in korean if key.startswith(('said_', 'refused_'))}
    assert english.keys() == korean.keys() - of_server
    for key, text in english.items():
        assert sorted(re.findall(r'{\w+}', text)) == sorted(re.findall(r'{\w+}', korean[key])), key
    assert len(english) > 80


def test_every_sentence_of_the_server_is_there_in_korean():
    korean, said = table('ko'), dict(sentences())
    assert said.keys() == {key for key in korean if key.startswith('said_')}
    for key, text in said.items():
        assert set(re.findall(r'{\w+}', text)) == set(re.findall(r'{\w+}', korean[key])), key


@pytest.mark.parametrize('name', SPEAKING)
def test_nothing_is_said_in_english_alone(name):
    source = VIEWER.joinpath(f'{name}.py').read_text('utf-8')
    said = [
        ast.unparse(node.args[0])
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == 'HandboneError'
    ]
    allowed = ('Sentence(', 'no_layer(')
    rest = [text for text in said if not text.startswith(allowed)]
    expected = OTHERS.get(name, [])
    assert len(rest) == len(expected)
    assert all(words in text for words, text in zip(expected, rest, strict=True))


def test_a_sentence_is_its_text_and_keeps_its_values():
    sentence = Sentence('said_no_layer', '{name} has no layer {number}.', name='{a}', number=3)
    assert sentence == '{a} has no layer 3.' and str(HandboneError(sentence)) == sentence
    expected = {'key': 'said_no_layer', 'values': {'name': '{a}', 'number': 3}}
    for each in (sentence, sentence_of(HandboneError(sentence))):
        assert for_page(each) == {'text': '{a} has no layer 3.', **expected}
    assert for_page(sentence_of(OSError(28, 'No space left', 'a.csv'))) == {
        'text': "[Errno 28] No space left: 'a.csv'"
    }


def test_the_page_gets_errors_with_their_keys(viewer):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f'{viewer}order?sort=dice&score=%3Cgood', timeout=20)
    assert json.loads(caught.value.read())['error'] == {
        'text': "'<good' does not end in a number.",
        'key': 'said_no_number',
        'values': {'text': "'<good'"},
    }
