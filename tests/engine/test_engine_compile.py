"""The compile hook: the same values, names and gradients through compiled parts."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MMLogger
from torch import nn

from handbone.engine import CompileHook
from handbone.engine.hooks.compile_hook import PARTS, _modules


class Segmentor(nn.Module):
    """Backbone and two auxiliary heads, called as mmseg calls them."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
        self.auxiliary_head = nn.ModuleList([nn.Conv2d(4, 2, 1), nn.Conv2d(4, 2, 1)])

    def loss(self, inputs):
        features = self.backbone(inputs)
        return sum(head.forward(features).square().mean() for head in self.auxiliary_head)


def test_compiled_parts_compute_the_same():
    torch.manual_seed(0)
    model, inputs = Segmentor(), torch.rand(2, 3, 8, 8)
    graphs = []

    def backend(graph, _):
        graphs.append(graph)
        return graph.forward

    expected = model.loss(inputs)
    expected.backward()
    gradients = {name: weight.grad.clone() for name, weight in model.named_parameters()}
    names = list(model.state_dict())
    model.zero_grad()
    runner = SimpleNamespace(model=model, logger=MMLogger.get_current_instance())
    hook = CompileHook(backend=backend)
    hook.before_train(runner)
    loss = model.loss(inputs)
    loss.backward()
    assert len(graphs) >= 2  # heads of one kind share theirs
    torch.testing.assert_close(loss, expected)
    for name, weight in model.named_parameters():
        torch.testing.assert_close(weight.grad, gradients[name])
    assert list(model.state_dict()) == names
    # validation is not compiled, another input size in training is
    hook.before_val_epoch(runner)
    count = len(graphs)
    model.loss(torch.rand(1, 3, 12, 12))
    assert len(graphs) == count
    hook.after_val_epoch(runner)
    model.loss(torch.rand(1, 3, 12, 12))
    assert len(graphs) > count
    hook.after_train(runner)
    assert model.backbone.forward.__func__ is nn.Sequential.forward


def test_networks_of_segmentation_models_pytorch_are_a_part():
    """SMPSegmentor keeps its network as ``model``."""
    segmentor = nn.Module()
    segmentor.model = nn.Conv2d(3, 2, 1)
    assert [part for name in PARTS for part in _modules(segmentor, name)] == [segmentor.model]


def test_parts_that_the_model_does_not_have():
    runner = SimpleNamespace(model=Segmentor(), logger=MMLogger.get_current_instance())
    with pytest.raises(ValueError, match=r"none of the parts \['encoder'\].*'backbone'"):
        CompileHook(parts=['encoder']).before_train(runner)
