"""Where the opinions of models come from: several models, views, or thresholds."""

import pytest

from handbone.apis.opinions import model_opinions, starter_opinions
from handbone.apis.pseudo_labelling import pseudo_label
from handbone.bones import CLASSES
from handbone.configuration.shipped import config_path
from handbone.errors import HandboneError
from handbone.starter import CONFIG, starter_weights

STARTER = (str(config_path(CONFIG)), str(starter_weights()))


def test_views_of_the_config_are_compared():
    found = starter_opinions(None, dict(device='meta'))
    views = ('as it is', 'angle 6', 'angle -6')
    assert found.names == tuple(f'starter weights, view {view}' for view in views)
    assert found.classes == CLASSES and found.configs == ()
    # different views are different models, so no run goes on with another view's masks
    assert len({member.open().model_hash for member in found.members}) == 3


def test_margin_moves_the_thresholds_in_logits():
    options = dict(device='meta', cfg_options={'model.test_cfg.threshold': 0.2})
    found = model_opinions([STARTER], 'margin', options)
    thresholds = [member.open().thresholds for member in found.members]
    assert thresholds[0] == (0.2,) * len(CLASSES)
    # odds of 1 to 4, a third and three times them
    assert thresholds[1][0] == pytest.approx((1 / 12) / (1 + 1 / 12))
    assert thresholds[2][0] == pytest.approx((3 / 4) / (1 + 3 / 4))
    without = dict(device='meta', cfg_options=dict(tta_views=[{}]))
    names = model_opinions([STARTER], None, without).names
    assert [name.rpartition(', ')[2].split()[0] for name in names] == ['own', 'lower', 'higher']
    with pytest.raises(HandboneError, match='has no views to compare'):
        model_opinions([STARTER], 'views', without)


def test_several_models_have_one_opinion_each(tmp_path):
    options = dict(device='meta')
    assert len(model_opinions([STARTER, STARTER], None, options).members) == 2
    assert len(model_opinions([STARTER], None, options, alone=False).members) == 1
    with pytest.raises(HandboneError, match='confidence is one of views, margin'):
        model_opinions([STARTER], 'luck', options)
    (tmp_path / 'ID1').mkdir()
    (tmp_path / 'ID1' / 'a.png').write_bytes(b'')
    call = dict(models=[STARTER, STARTER], confidence='views', device='meta')
    with pytest.raises(HandboneError, match='is for a single model'):
        pseudo_label(tmp_path, tmp_path.with_name('out'), **call)
