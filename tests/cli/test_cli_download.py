"""``handbone download``, with a client that fetches nothing."""

import sys
from types import SimpleNamespace

import pytest

from handbone.cli.command import main


@pytest.fixture
def hub(monkeypatch):
    calls = []

    def snapshot_download(repository, **options):
        calls.append((repository, options))

    client = SimpleNamespace(snapshot_download=snapshot_download)
    monkeypatch.setitem(sys.modules, 'huggingface_hub', client)
    return SimpleNamespace(calls=calls, client=client)


def test_only_what_segmentation_needs_is_fetched(hub, tmp_path, capsys):
    main(['download', 'ram-h1200', str(tmp_path)])
    ((repository, options),) = hub.calls
    assert repository == 'TokyoTechMagicYang/RAM-H1200-v1'
    assert options == dict(
        repo_type='dataset', local_dir=str(tmp_path), allow_patterns=['Segmentation/**']
    )
    assert 'CC BY 4.0' in capsys.readouterr().out


def test_without_a_network_the_error_says_what_belongs_where(hub, tmp_path, capsys):
    def offline(*arguments, **options):
        raise ConnectionError('no route\nto host')

    hub.client.snapshot_download = offline
    with pytest.raises(SystemExit) as caught:
        main(['download', 'ram-w600', str(tmp_path)])
    assert caught.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert 'cannot be downloaded (no route to host). Run the command again to continue' in line
    assert 'fetch BoneSegmentation/** of https://huggingface.co/datasets/' in line
    assert str(tmp_path) in line


def test_without_the_extra(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, 'huggingface_hub', None)
    with pytest.raises(SystemExit):
        main(['download', 'ram-w600', str(tmp_path)])
    (line,) = capsys.readouterr().err.splitlines()
    assert 'pip install "handbone[download]"' in line and 'BoneSegmentation/**' in line


def test_unknown_datasets(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(['download', 'ram', str(tmp_path)])
    assert 'The datasets are ram-h1200, ram-w600' in capsys.readouterr().err
