"""Every shipped config prints as one file that loads to the same config."""

import pytest
from mmengine.config import Config

from handbone.cli.command import main
from handbone.configuration import shipped as configs

pytestmark = pytest.mark.slow


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A config folder with a base, two configs of one name and one that inherits."""
    folder = tmp_path / 'handbone' / '.mim' / 'configs'
    (folder / '_base_').mkdir(parents=True)
    (folder / 'lung').mkdir()
    (folder / 'rib').mkdir()
    (folder / '_base_' / 'model.py').write_text("model = dict(type='A', head=dict(classes=3))\n")
    (folder / 'small.py').write_text(
        "_base_ = ['_base_/model.py']\n"
        'model = dict(head=dict(classes=29))\n'
        "note = 'a \\'quoted\\' path\\\\n'\n"
        "mapping = {1: (0.1, 1e-05, None), 'finger-1': [True]}\n"
    )
    for name in ('lung', 'rib'):
        (folder / name / 'unet.py').write_text(f"_base_ = ['../small.py']\nname = '{name}'\n")
    (folder / 'lung' / 'large.py').write_text("_base_ = ['../small.py']\n")
    monkeypatch.setattr(
        configs, '__file__', str(tmp_path / 'handbone' / 'configuration' / 'shipped.py')
    )
    return folder


def reload(text, folder):
    file = folder / 'printed.py'
    file.write_text(text, encoding='utf-8')
    return Config.fromfile(file, import_custom_modules=False)


def test_base_files_are_not_listed(shipped):
    assert configs.config_names() == ['lung/large', 'lung/unet', 'rib/unet', 'small']


def test_a_printed_config_is_merged_and_needs_no_other_file(shipped, tmp_path):
    printed = reload(configs.flattened_config('small'), tmp_path)
    original = Config.fromfile(shipped / 'small.py')
    assert printed.model.head.classes == 29
    assert printed.model.type == 'A'
    assert printed.to_dict() == original.to_dict()


@pytest.mark.parametrize('name', ['lung/large', 'large', 'lung/large.py', 'configs/lung/large.py'])
def test_a_config_is_found_under_the_names_that_people_type(shipped, name):
    assert configs.config_path(name) == shipped / 'lung' / 'large.py'


def test_a_name_in_several_folders_is_refused(shipped):
    with pytest.raises(KeyError, match='several configs.*lung/unet, rib/unet'):
        configs.config_path('unet')
    assert configs.config_path('rib/unet') == shipped / 'rib' / 'unet.py'


def test_an_unknown_name_gets_the_nearest_and_all(shipped, capsys):
    with pytest.raises(SystemExit) as ended:
        main(['configs', 'lagre'])
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ''
    assert 'Nearest: lung/large' in captured.err
    assert all(name in captured.err for name in configs.config_names())


def test_no_configs_at_all_is_an_error_that_names_the_places(tmp_path, monkeypatch):
    (tmp_path / 'configs').mkdir()  # another project's, in site-packages
    monkeypatch.setattr(
        configs, '__file__', str(tmp_path / 'handbone' / 'configuration' / 'shipped.py')
    )
    with pytest.raises(FileNotFoundError, match='install the package from a wheel'):
        configs.config_folder()


@pytest.mark.parametrize('name', configs.config_names())
def test_every_shipped_config_loads_again_identically(name, tmp_path):
    """What the work dir gets, and what `handbone configs` prints, can be read again."""
    original = Config.fromfile(configs.config_path(name), import_custom_modules=False)
    text = configs.flattened_config(name)
    assert '_base_ =' not in text
    assert reload(text, tmp_path).to_dict() == original.to_dict()
