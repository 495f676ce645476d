"""Dumped configs are read as mmengine reads them, whatever values they hold, and never executed."""

import math
import random

import pytest
from mmengine.config import Config

from handbone.configuration.dumped_config import (
    ConfigTextError,
    config_differences,
    parse_config_text,
    read_dumped_config,
)

LEAVES = (0, -3, 1.5, -math.inf, math.inf, 1e-9, True, None, '', "it's", 'a\nb', (1, 2), (), [], {})
KEYS = ('a', 'type', 'b.c', 'd e', '0')


def made_value(generator, depth):
    if depth == 0 or generator.random() < 0.3:
        return generator.choice(LEAVES)
    parts = [made_value(generator, depth - 1) for _ in range(generator.randrange(4))]
    if generator.random() < 0.6:
        return dict(zip(generator.sample(KEYS, len(parts)), parts, strict=True))
    return tuple(parts) if generator.random() < 0.5 else parts


@pytest.mark.parametrize('seed', range(40))
def test_read_as_mmengine_reads_it(seed):
    generator = random.Random(seed)
    config = Config({name: made_value(generator, 4) for name in ('model', 'train_cfg', 'other')})
    text = config.pretty_text
    assert parse_config_text(text) == config.to_dict()


def test_infinite_and_missing_values_are_compared():
    """A config with -inf was "not compared" on resume, and NaN differed from itself."""
    old = parse_config_text("a = dict(low=-inf, high=inf, unknown=nan, size=(1, 2))\nb = {'x': -1}")
    assert old['a']['low'] == -math.inf
    same = dict(a=dict(low=-math.inf, high=math.inf, unknown=math.nan, size=[1, 2]), b=dict(x=-1))
    assert list(config_differences(old, same)) == []
    same['a']['low'] = math.inf
    assert list(config_differences(old, same)) == [('a.low', -math.inf, math.inf)]


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('a = 1\nimport os', 'line 2: not an assignment'),
        ('a = b = 1', 'line 1: not an assignment'),
        ('a = 1\nb = [c]', 'line 2: not a value'),
        ('a = dict(1)', 'line 1: not a value'),
        ('a = (', 'line 1: not a config'),
        ('a = {[]: 1}', 'unhashable'),
        ('a = "\0"', 'not a config'),
        ('a = ' + '[' * 5000 + ']' * 5000, ''),
        ('a = ' + '-' * 5000 + '1', ''),
    ],
)
def test_other_texts_are_one_line_with_the_file(tmp_path, text, words):
    path = tmp_path / 'config.py'
    path.write_text(text)
    with pytest.raises(ConfigTextError) as caught:
        read_dumped_config(path)
    message = str(caught.value)
    assert message.startswith(f'{path}: ') and words in message and '\n' not in message
