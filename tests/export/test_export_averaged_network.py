"""The mean of several networks within a graph."""

import pytest
import torch
from torch import nn

from handbone.ensembles.mean_logits import mean_logits
from handbone.export.averaged_network import AveragedNetwork, AveragedPart
from handbone.export.network import ExportedMean
from handbone.export.preprocessing import Preprocessing
from handbone.models.segmentors.view import View


class Pooled(nn.Module):
    """A network whose logits are means of blocks."""

    exclusive = has_background = False

    def __init__(self, stride, factor):
        super().__init__()
        self.stride, self.factor = stride, factor

    def inference(self, inputs, metas):
        ramp = torch.linspace(0, 1, inputs.shape[3])  # so that flips change something
        pooled = nn.functional.avg_pool2d(inputs * ramp, self.stride)[:, :1]
        return self.factor * torch.cat([pooled, -pooled], dim=1)


@pytest.mark.parametrize('merge', ['probabilities', 'logits'])
def test_mean_of_resolutions_and_flips(merge):
    """As the mean that tests and predictions use, which flips swap classes in."""
    views = [View(), View(flip='horizontal', swap_classes=[(0, 1)])]
    networks = [Pooled(8, 1.0), Pooled(4, 3.0)]
    parts = [
        # without a flip there is nothing to swap
        AveragedPart('coarse', networks[0], 0.25, [View(swap_classes=[(0, 1)])]),
        AveragedPart('fine', networks[1], 0.75, views),
    ]
    preprocessing = Preprocessing(
        (32, 32), False, 'bilinear', 8, None, (10.0, 10.0, 10.0), (50.0, 50.0, 50.0)
    )
    exported = ExportedMean(AveragedNetwork(parts, merge, preprocessing), preprocessing)
    images = 255 * torch.rand((2, 1, 32, 32), generator=torch.Generator().manual_seed(0))
    (found,) = exported(images, torch.tensor([32, 32]))
    assert found.shape == (2, 2, 8, 8)
    inputs = ((images - 10) / 50).expand(-1, 3, -1, -1)
    flipped = networks[1].inference(inputs.flip(-1), []).flip(-1)[:, [1, 0]]
    parts = [networks[0].inference(inputs, []), networks[1].inference(inputs, []), flipped]
    for index in range(2):
        wanted = mean_logits([part[index] for part in parts], [0.25, 0.375, 0.375], merge)
        assert torch.allclose(found[index], wanted, atol=1e-4)
