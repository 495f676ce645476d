"""Statistics of BatchNorm measured anew."""

import torch
from torch import nn

from handbone.ensembles import recompute_batch_norm


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
