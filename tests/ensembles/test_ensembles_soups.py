"""Statistics of BatchNorm measured anew, and what is not to be tested instead of the soup."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from torch import nn

from handbone.apis.souping import SoupKitchen
from handbone.ensembles import average_weights, greedy_choice, recompute_batch_norm


def test_batch_norm_of_a_soup():
    """The means of the batches, whatever the statistics were; the mode of the model stays."""
    generator = torch.Generator().manual_seed(0)
    batches = [torch.randn((2, 3, 4, 4), generator=generator) + 5 for _ in range(3)]
    model = nn.Sequential(nn.BatchNorm2d(3)).eval()
    model[0].running_mean.fill_(100)
    recompute_batch_norm(model, batches)
    expected = torch.stack([batch.mean(dim=(0, 2, 3)) for batch in batches]).mean(dim=0)
    assert torch.allclose(model[0].running_mean, expected, atol=1e-5)
    assert not model.training and model[0].momentum == 0.1


def test_averages_of_the_training_are_not_tested(tmp_path):
    """mmengine's hook would put the average of the first checkpoint in the place of the soup."""
    torch.save(dict(state_dict={}), tmp_path / 'a.pth')
    average, other = dict(type='EMAHook'), dict(type='NumClassCheckHook')
    cfg = Config(
        dict(
            model=dict(type='Net', backbone=dict(type='Net')),
            default_hooks=dict(average=average, timer=dict(type='IterTimerHook'), logger=None),
            custom_hooks=[average, other],
            val_dataloader=dict(dataset=dict()),
            val_evaluator=dict(),
            launcher='none',
        )
    )
    kitchen = SoupKitchen(cfg, [str(tmp_path / 'a.pth')])
    hooks = kitchen.cfg.default_hooks  # and the guards, which every config has
    assert 'average' not in hooks and {'timer', 'logger'} <= hooks.keys()
    assert kitchen.cfg.custom_hooks == [other]


def test_weights_of_other_models():
    """All that differs, sorted."""
    states = dict(
        a=dict(z=torch.zeros(2), b=torch.zeros(2), n=torch.zeros(1)),
        c=dict(y=torch.zeros(2), b=torch.zeros(3), x=torch.zeros(1), n=torch.zeros(1)),
    )
    message = r'c is not .* as a: it lacks z; it has in addition x, y; .* shape b \(3 for 2\)'
    with pytest.raises(ValueError, match=message):
        average_weights(['a', 'c'], states.get)


def test_greedy_choice():
    """Wortsman et al.: from the best on, kept where the mean is no worse."""
    values = dict(a=1.0, b=5.0, c=4.0, d=4.5)
    tried = []

    def score(names):
        tried.append(names)
        return 10 - abs(4.7 - np.mean([values[name] for name in names]))

    scores = [10 - abs(4.7 - value) for value in values.values()]
    # d (9.8) is best, then b (9.7), c (9.3), a (6.3)
    assert greedy_choice(list(values), scores, score) == (['d', 'b'], pytest.approx(9.95))
    assert tried == [['d', 'b'], ['d', 'b', 'c'], ['d', 'b', 'a']]
