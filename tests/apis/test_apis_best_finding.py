"""Which views of a config an ensemble may be found among, and which cross-validations."""

import pytest
from mmengine.config import Config

from handbone.apis.best_finding import _same_images, views_of
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
    _same_images([first, other])
    other.images = renamed
    with pytest.raises(HandboneError, match=r'1 images are of other patients.*b\.png'):
        _same_images([first, other])
