"""The text of a config is formatted once, and again when the config has changed."""

import copy

import pytest
from mmengine.config import Config

from handbone.configuration.formatted_config import FormattedConfig


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'small.py'
    path.write_text("model = dict(type='A', sizes=[1, 2], head=dict(classes=29))\nsize = (3, 4)\n")
    return Config.fromfile(path)


@pytest.fixture
def formatted(monkeypatch):
    """The texts that the formatter is given."""
    from yapf.yapflib import yapf_api

    texts = []

    def count(text, **options):
        texts.append(text)
        return original(text, **options)

    original = yapf_api.FormatCode
    monkeypatch.setattr(yapf_api, 'FormatCode', count)
    return texts


def test_it_is_the_text_of_mmengine_and_formatted_once(config, formatted):
    made = FormattedConfig.of(config)
    assert made.pretty_text == made.pretty_text == made.dump() == config.pretty_text
    assert len(formatted) == 2  # one of them for the config of mmengine
    assert made.filename == config.filename and made.to_dict() == config.to_dict()


@pytest.mark.parametrize('copied', [copy.copy, copy.deepcopy])
def test_a_change_anywhere_is_in_the_text(config, copied):
    made = FormattedConfig.of(config)
    assert 'classes=29' in made.pretty_text
    changed = copied(made)
    changed.merge_from_dict({'model.sizes': [5]})
    changed.model.head.classes = 3
    assert changed.pretty_text == Config(changed.to_dict()).pretty_text
    assert 'classes=3)' in changed.pretty_text


def test_the_config_that_it_is_made_of_keeps_its_type(config):
    FormattedConfig.of(config)
    assert type(config) is Config
