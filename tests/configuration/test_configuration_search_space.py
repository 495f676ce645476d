"""The file of a search space: what is read, and what is refused with the parameter's name."""

import pytest

from handbone.configuration.config_file import read_config_file
from handbone.configuration.search_space import check_search_space, read_search_space
from handbone.configuration.shipped import config_folder, config_path
from handbone.errors import HandboneError
from handbone.search.parameters import Choice, Range, suggest

RATE = 'optim_wrapper.optimizer.lr'
GROUPS = """
optimizer:
  choices:
    adamw: {optim_wrapper.optimizer.weight_decay: 0.1}
    sgd:
      optim_wrapper.optimizer: {_delete_: true, type: SGD, momentum: 0.9}
      optim_wrapper.optimizer.lr: {low: 1e-2, high: 1.0, log: true}
"""


class Drawn:
    """A trial that takes the largest value and the last choice."""

    def suggest_float(self, name, low, high, step, log):
        return high

    def suggest_int(self, name, low, high, step, log):
        return high

    def suggest_categorical(self, name, choices):
        return choices[-1]


@pytest.fixture
def read(tmp_path):
    def read(text, name='space.yaml'):
        path = tmp_path / name
        path.write_text(text)
        return read_search_space(path)

    return read


def test_numbers_without_a_point_are_numbers(read):
    """YAML 1.1 reads 1e-4 as a text."""
    (space,) = read(f'{RATE}: {{low: 1e-4, high: 1E-1, log: true}}')
    assert space == Range(RATE, RATE, 1e-4, 0.1, log=True)


def test_whole_numbers_lists_and_texts(read):
    space = read('a.b: {low: 1, high: 5, step: 2}\nc: {choices: [[1, 2], x, null, true]}')
    assert suggest(space, Drawn()) == {'a.b': 5, 'c': True}
    assert list(space[1].options.values()) == [{'c': [1, 2]}, {'c': 'x'}, {'c': None}, {'c': True}]


def test_a_choice_of_groups_has_ranges_of_its_own(read):
    (space,) = read(GROUPS)
    assert isinstance(space, Choice)
    settings = suggest([space], Drawn())
    assert [*settings] == ['optim_wrapper.optimizer', RATE] and settings[RATE] == 1.0
    cfg = read_config_file(config_path('demo'), settings)
    assert cfg.optim_wrapper.optimizer == dict(type='SGD', momentum=0.9, lr=1.0)


def test_python_is_read_and_not_executed(read, tmp_path):
    text = f"space = {{'{RATE}': dict(low=1e-4, high=0.1, log=True), 'size': dict(choices=[1])}}"
    assert [parameter.name for parameter in read(text, 'space.py')] == [RATE, 'size']
    trace = tmp_path / 'trace'
    with pytest.raises(HandboneError, match='space.py: line 1: not a value.*not executed'):
        read(f"space = __import__('pathlib').Path('{trace}').touch()", 'space.py')
    with pytest.raises(HandboneError, match='is not YAML'):
        read(f"a: !!python/object/apply:pathlib.Path.touch ['{trace}']")
    assert not trace.exists()


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('- a', 'must map settings to ranges or choices'),
        ('', 'must map settings'),
        ('a: [1, 2', 'is not YAML'),
        ('a: {low: 1}', "'a' is {'low': 1}, not {low: 0.001"),
        ('a: {low: 2, high: 1}', "'a': low 2 must not be above high 1"),
        ('a: {low: 0, high: 1, log: true}', "'a': low 0 must be above 0 where log is true"),
        ('a: {low: x, high: 1}', "'a'.low is 'x', not a number"),
        ('a: {low: 0, high: 1, lgo: true}', "'a' has 'lgo'; it takes low, high, log and step"),
        ('a: {low: 1, high: 2.5, log: true, step: 0.5}', 'log and step exclude each other'),
        ('a: {low: 1, high: 5, step: 0.5}', 'step 0.5 must be a whole number'),
        ('a: {low: .nan, high: 1}', 'must not be above'),
        ('a: {choices: []}', "'a' has no choices"),
        ('a: {choices: [1, 1]}', "'a' names a choice twice"),
        ('a: {choices: {b: 1}}', 'choices.b is 1, not an object'),
        ('1: {choices: [1]}', 'is not the dotted key of a setting'),
        ('a: {choices: [1]}\nb: {choices: {x: {a: 2}}}', 'a and b both set a; keep one'),
    ],
)
def test_what_is_not_a_space(read, text, words):
    with pytest.raises(HandboneError) as caught:
        read(text)
    message = str(caught.value)
    assert words in message and 'space.yaml' in message and '\n' not in message


@pytest.mark.parametrize(
    ('key', 'words'),
    [
        ('optim_wrapper.optimizer.lrr', 'does not take lrr (did you mean lr'),
        ('max_iters', 'would have no effect'),
        ('model.decode_head.loss_decode.7.loss_weight', 'does not have it'),
    ],
)
def test_a_setting_without_effect_is_refused_before_anything_is_trained(read, key, words):
    cfg = read_config_file(config_path('demo'))
    text = cfg.pretty_text
    with pytest.raises(HandboneError) as caught:
        check_search_space(read(f'{key}: {{low: 1, high: 2}}'), cfg, 'space.yaml')
    assert words in str(caught.value) and key in str(caught.value)
    assert str(caught.value).startswith('space.yaml: ') and cfg.pretty_text == text


@pytest.mark.parametrize(
    'path', sorted((config_folder() / 'search').glob('*')), ids=lambda p: p.name
)
def test_the_shipped_spaces_fit_the_demo(path):
    cfg = read_config_file(config_path('demo'))
    check_search_space(read_search_space(path), cfg, path)
    assert path.read_text().startswith('#')


def test_the_example_of_the_page_fits_the_demo(read):
    page = config_folder().parent / 'docs' / 'settings_search.md'
    text = page.read_text().partition('```yaml\n')[2].partition('```')[0]
    cfg = read_config_file(config_path('demo'))
    check_search_space(read(text), cfg, page)
