"""Logits on disk: what comes back, and what belongs to which image."""

import json
import os

import pytest
import torch

from handbone.ensembles import out_of_fold
from handbone.ensembles.combination import AS_IT_IS
from handbone.ensembles.kept_logits import KeptLogits, image_key
from handbone.version import __version__


def test_logits_come_back_in_half_precision(tmp_path):
    kept = KeptLogits(tmp_path, dict(checkpoint='a', view={}))
    logits = torch.tensor([[[0.1, -7.3, 1e6, -1e6]]])
    assert 'image' not in kept
    kept.keep('image', logits)
    assert 'image' in kept
    found = kept.read('image')
    assert found.dtype == torch.float32 and torch.isfinite(found).all()
    assert torch.allclose(found[0, 0, :2], logits[0, 0, :2], rtol=1e-3)
    assert found[0, 0, 2:].tolist() == pytest.approx([6e4, -6e4], rel=1e-3)
    described = json.loads((kept.folder / 'made_of.json').read_text())
    assert described == dict(checkpoint='a', view={})


def test_another_checkpoint_or_view_has_another_folder(tmp_path):
    kept = KeptLogits(tmp_path, dict(checkpoint='a', view={}))
    kept.keep('image', torch.zeros(1, 1, 1))
    assert 'image' in KeptLogits(tmp_path, dict(view={}, checkpoint='a'))
    assert 'image' not in KeptLogits(tmp_path, dict(checkpoint='b', view={}))
    assert 'image' not in KeptLogits(tmp_path, dict(checkpoint='a', view=dict(flip='vertical')))


def test_a_damaged_file_is_named(tmp_path):
    kept = KeptLogits(tmp_path, {})
    kept.keep('image', torch.zeros(1, 2, 2))
    kept.file('image').write_bytes(kept.file('image').read_bytes()[:-3])
    with pytest.raises(ValueError, match=r'image\.npy is damaged .* remove it'):
        kept.read('image')


def test_a_changed_image_has_another_key(tmp_path):
    image = tmp_path / 'image.png'
    image.write_bytes(b'1234')
    first = image_key(image)
    assert image_key(tmp_path / '.' / 'image.png') == first
    os.utime(image, ns=(1, 1))
    second = image_key(image)
    image.write_bytes(b'12345')
    os.utime(image, ns=(1, 1))
    assert len({first, second, image_key(image)}) == 3


def test_another_version_finds_neither_logits_nor_scores(tmp_path, monkeypatch):
    """The same checkpoint may give other logits there."""
    assert __version__ in out_of_fold.VERSION
    validation = out_of_fold.CrossValidation(str(tmp_path), ['a.pth'], ['hash'])

    def keys():
        return validation.key, validation._kept(0, (AS_IT_IS,), False).key

    before = keys()
    assert keys() == before
    monkeypatch.setattr(out_of_fold, 'VERSION', 'another')
    assert not {*keys()} & {*before}
