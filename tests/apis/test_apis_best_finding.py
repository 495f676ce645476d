"""Which views of a config an ensemble may be found among."""

from mmengine.config import Config

from handbone.apis.best_finding import views_of

LUNGS = ('left_lung', 'right_lung')
FLIP = dict(flip='horizontal')


def test_mirrored_views_do_not_mix_up_sides():
    swapped = FLIP | dict(swap_classes=[(0, 1)])
    cfg = Config(dict(tta_views=[{}, FLIP, dict(angle=5), swapped]))
    assert views_of(cfg, LUNGS) == [{}, dict(angle=5), swapped]
    assert views_of(cfg, ('heart', 'aorta')) == cfg.tta_views
    assert views_of(Config(), LUNGS) == [{}] and views_of(Config(), ('heart',)) == [{}, FLIP]
