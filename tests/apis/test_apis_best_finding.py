"""Which views of a config an ensemble may be found among, and which cross-validations."""

import pytest
import torch
from mmengine.config import Config

from handbone.apis import compared_folds
from handbone.apis.best_finding import find_best, views_of
from handbone.apis.compared_folds import check_same_images, open_validation, unused_windows
from handbone.ensembles.held_out import HeldOut
from handbone.ensembles.out_of_fold import CrossValidation
from handbone.errors import HandboneError

LUNGS = ('left_lung', 'right_lung')
FLIP = dict(flip='horizontal')


def test_mirrored_views_do_not_mix_up_sides():
    swapped = FLIP | dict(swap_classes=[(0, 1)])
    cfg = Config(dict(tta_views=[{}, FLIP, dict(angle=5), swapped]))
    assert views_of(cfg, LUNGS) == [{}, dict(angle=5), swapped]
    assert views_of(cfg, ('heart', 'aorta')) == cfg.tta_views
    assert views_of(Config(), LUNGS) == [{}] and views_of(Config(), ('heart',)) == [{}, FLIP]


class Listed(CrossValidation):
    """A cross-validation whose images are known."""

    def list_images(self):
        pass


def test_images_of_other_patients_are_named():
    same = [HeldOut('/data/a.png', 'anna', 0), HeldOut('/data/b.png', 'ben', 1)]
    renamed = [same[0], HeldOut('/data/b.png', 'b', 1)]
    first, other = (Listed(name, ['0', '1'], ['', '']) for name in ('first', 'other'))
    first.images, other.images = same, list(same)
    check_same_images([first, other])
    other.images = renamed
    with pytest.raises(HandboneError, match=r'1 image is of other patients.*b\.png'):
        check_same_images([first, other])


@pytest.fixture
def opened(monkeypatch, tmp_path):
    """Cross-validations that are opened without any files, each with its test_cfg."""
    (tmp_path / 'weights').touch()

    def open_with(**test_cfg):
        model = dict(type='MultilabelEncoderDecoder', test_cfg=test_cfg)
        monkeypatch.setattr(compared_folds, 'find_folds', lambda folder: [])
        monkeypatch.setattr(
            compared_folds, 'fold_checkpoints', lambda *_, **__: [str(tmp_path / 'weights')]
        )
        monkeypatch.setattr(compared_folds, 'trained_config', lambda _: Config(dict(model=model)))
        mode = test_cfg['mode']
        return open_validation(mode, False, 128, 'logits', torch.device('cpu'))

    return open_with


def test_windows_that_are_not_tried_are_named(opened):
    whole, windows = opened(mode='whole'), opened(mode='slide', crop_size=(64, 64), stride=(32, 32))
    assert whole.other_windows == dict(mode='slide', crop_size=[128, 128])
    assert windows.other_windows == dict(mode='whole')
    assert unused_windows([whole, whole], 128) == []
    (note,) = unused_windows([whole, windows], 128)
    assert note.startswith("windows=128 has no effect on 'slide': ")
    with pytest.raises(HandboneError, match="no effect on 'slide', 'slide': .* Leave it out"):
        unused_windows([windows, windows], 128)


def test_windows_without_their_step(tmp_path):
    with pytest.raises(HandboneError, match='windows=128 has no effect without the step windows'):
        find_best([tmp_path], tmp_path, steps=['views', 'models'], windows=128)
