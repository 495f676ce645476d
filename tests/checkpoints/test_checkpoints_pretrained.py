"""Where pretrained weights come from, and how to do without."""

import copy
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from handbone.checkpoints.pretrained import (
    PretrainedWeightsError,
    drop_pretrained,
    fetch_pretrained,
    resolve_model_zoo,
)

URL = 'https://example.com/weights/backbone-1234.pth'


def make_config(source, **more):
    weights = dict(type='Pretrained', checkpoint=source)
    return Config(
        dict(
            model=dict(
                type='Segmentor',
                backbone=dict(type='Backbone', init_cfg=weights, depth=3),
                decode_head=[dict(type='Head', init_cfg=dict(type='Normal', std=0.01))],
                auxiliary_head=[dict(type='Head', inner=dict(init_cfg=weights))],
                **more,
            )
        )
    )


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The folder that downloads go to."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    return tmp_path / 'hub' / 'checkpoints'


def test_from_scratch():
    cfg = make_config(URL, pretrained='open-mmlab://resnet50_v1c')
    drop_pretrained(cfg)
    assert cfg.model.backbone == dict(type='Backbone', init_cfg=None, depth=3)
    assert cfg.model.decode_head == [dict(type='Head', init_cfg=dict(type='Normal', std=0.01))]
    assert cfg.model.auxiliary_head[0].inner.init_cfg is None
    assert cfg.model.pretrained is None


def test_nothing_to_drop():
    cfg = Config(dict(model=dict(type='Segmentor', backbone=dict(type='Backbone'))))
    expected = copy.deepcopy(cfg.to_dict())
    drop_pretrained(cfg)
    fetch_pretrained(cfg)
    assert cfg.to_dict() == expected


def test_downloaded_once(cache, monkeypatch):
    """What is there is not downloaded again; the config keeps the address."""
    calls = []

    def download(url, path):
        calls.append(url)
        Path(path).write_text('weights')

    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    for _ in range(2):
        cfg = make_config(URL, pretrained=URL)
        fetch_pretrained(cfg)
        assert [each.name for each in cache.rglob('*.pth')] == ['backbone-1234.pth']
        assert cfg.to_dict() == make_config(URL, pretrained=URL).to_dict()
    assert calls == [URL]


def test_download_fails(cache, monkeypatch):
    def download(url, path):
        raise TimeoutError('no answer')

    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    with pytest.raises(PretrainedWeightsError) as raised:
        fetch_pretrained(make_config(URL))
    message = str(raised.value)
    assert URL in message and 'no answer' in message and '--from-scratch' in message
    (folder,) = cache.iterdir()  # the name has no hash
    assert f'copy it to {folder / "backbone-1234.pth"}' in message


def test_local_file(tmp_path):
    file = tmp_path / 'weights.pth'
    with pytest.raises(PretrainedWeightsError, match=f'{file} do not exist'):
        fetch_pretrained(make_config(str(file)))
    file.touch()
    cfg = make_config(str(file))
    fetch_pretrained(cfg)
    assert cfg.model.backbone.init_cfg.checkpoint == str(file)


def test_names_of_the_model_zoo():
    url = resolve_model_zoo('open-mmlab://resnet50_v1c')
    assert url.startswith('https://') and url.endswith('.pth')
    assert resolve_model_zoo('openmmlab://resnet50_v1c') == url
    for source in (URL, 'weights.pth', 'open-mmlab://nothing', 'torchvision://resnet50'):
        assert resolve_model_zoo(source) == source
