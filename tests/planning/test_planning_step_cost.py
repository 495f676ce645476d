"""What a training step costs where it cannot be measured: without the GPU, or on one too small."""

from types import SimpleNamespace

import pytest
import torch
from planned import fingerprint

from handbone.errors import HandboneError
from handbone.planning import step_cost
from handbone.planning.networks import NETWORKS
from handbone.planning.plan import Budget, Step
from handbone.planning.rules import make_plan
from handbone.planning.step_cost import cost_on, is_here

STEP = Step('segformer_mit-b0', (512, 512), 2, 'bfloat16')
#: What torch reports of an RTX 3090, which is sold with 24 GB.
LOCAL = 25_400_000_000


@pytest.fixture
def gpu(monkeypatch):
    """A GPU of 24 GB, in which nothing runs."""
    properties = SimpleNamespace(total_memory=LOCAL)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'get_device_properties', lambda _: properties)


@pytest.mark.parametrize('name', NETWORKS)
def test_memory_grows_with_the_number_of_classes(name):
    """By logits and their gradient in float32, and by two copies of each plane of packed labels."""
    network, pixels = NETWORKS[name], 3 * 1024**2

    def estimate(classes):
        return network.estimated_bytes(1024**2, 3, False, False, classes)

    values = pixels // network.stride**2
    assert estimate(31) - estimate(29) == 2 * 2 * 4 * values
    assert estimate(32) - estimate(31) == 2 * 4 * values + 2 * 4 * pixels
    assert estimate(210) - estimate(29) == 181 * 2 * 4 * values + 6 * 2 * 4 * pixels
    assert estimate(1) > 16 * network.parameters


def test_classes_count_in_what_is_planned():
    """For 210 classes a smaller step than for 29, in the same memory."""
    budget = Budget('cpu', 3_000_000_000, 3600)

    def side(classes):
        estimated = cost_on('cuda', classes, 0, 1, float('inf'))
        return make_plan(fingerprint(thickness=24), budget, estimated).step.size[0]

    assert side(210) < side(29)


def test_a_larger_gpu_than_the_one_here_is_estimated(gpu, monkeypatch):
    monkeypatch.setattr(step_cost, '_measure', lambda *_: (0.1, 10**9))
    here = cost_on('cuda', 29, 0, 1, 24e9)(STEP)
    assert here == (0.1, 10**9, True, True)
    assert cost_on('cuda', 29, 0, 1, 8e9)(STEP) == here  # a smaller one is measured as well
    larger = cost_on('cuda', 29, 0, 1, 80e9)(STEP)
    assert not larger.timed and not larger.weighed
    assert [is_here('cuda', size * 1e9) for size in (23, 25.5, 27.9, 28, 80)] == [True] * 3 + [
        False
    ] * 2


def no_memory(*_, **__):
    raise torch.cuda.OutOfMemoryError('CUDA out of memory. Tried to allocate 2.00 GiB.')


@pytest.mark.parametrize('part', ['training_step', 'MODELS'])
def test_a_step_that_the_gpu_cannot_hold_does_not_fit(part, gpu, monkeypatch):
    """Nor can it hold the weights, or the batch."""
    if part == 'MODELS':
        monkeypatch.setattr(step_cost, 'MODELS', SimpleNamespace(build=no_memory))
    else:
        model = SimpleNamespace(to=lambda _: SimpleNamespace(train=lambda: None))
        monkeypatch.setattr(step_cost, 'MODELS', SimpleNamespace(build=lambda _: model))
        monkeypatch.setattr(step_cost, 'training_step', no_memory)
    cost_of = cost_on('cuda', 29, 0, 1, LOCAL)
    cost = cost_of(STEP)
    assert cost.memory >= LOCAL and not cost.weighed
    with pytest.raises(HandboneError, match='Give more memory') as caught:
        make_plan(fingerprint(), Budget('cuda', LOCAL, 3600), cost_of)
    assert 'inf' not in str(caught.value)


def test_a_step_that_a_cpu_cannot_hold_is_not_tried(monkeypatch):
    """The system would end the process."""
    monkeypatch.setattr(step_cost, '_measure', no_memory)
    step = Step('folded_unet', (1024, 1024), 4)
    cost = cost_on('cpu', 210, 0, 1, 10**9)(step)
    assert cost.memory > 10**9 and not cost.timed
