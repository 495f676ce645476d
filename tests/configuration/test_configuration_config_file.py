"""Reading of config files."""

import logging

import pytest
from mmengine.logging import MMLogger

from handbone.configuration.config_file import read_config_file
from handbone.errors import HandboneError


@pytest.fixture
def heard():
    """What mmengine's logger lets through, as a list of messages."""
    messages = []

    class Ear(logging.Handler):
        def emit(self, record):
            messages.append(record.getMessage())

    logger, ear = MMLogger.get_current_instance(), Ear()
    logger.addHandler(ear)
    yield messages
    logger.removeHandler(ear)


def test_environment_variables_are_read_without_a_word(tmp_path, monkeypatch, heard):
    monkeypatch.setenv('SOME_ROOT', 'elsewhere')
    (tmp_path / 'one.py').write_text("data_root = '{{$SOME_ROOT:here}}'\n")
    assert read_config_file(tmp_path / 'one.py').data_root == 'elsewhere'
    assert heard == []
    MMLogger.get_current_instance().info('heard again')
    assert heard == ['heard again']


def test_a_config_that_is_none_leaves_the_logger_as_it_was(tmp_path, heard):
    (tmp_path / 'broken.py').write_text('data_root = (\n')
    with pytest.raises(HandboneError, match='line 1'):
        read_config_file(tmp_path / 'broken.py')
    MMLogger.get_current_instance().info('heard again')
    assert heard == ['heard again']


@pytest.mark.parametrize(
    ('name', 'content'), [('cut.json', '{"model": {"type": "En'), ('cut.yaml', 'model: {type: En')]
)
def test_a_config_that_is_cut_off_is_one_line(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(HandboneError, match=r'is not a config \(.*line 1.*It may be cut off') as e:
        read_config_file(path)
    assert str(path) in str(e.value) and '\n' not in str(e.value)
