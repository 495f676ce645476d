"""Who computes the losses; losses from sums over pixels; what torch.compile makes of them."""

import shutil
from importlib.util import find_spec

import pytest
import torch
from loss_definitions import (
    CASES,
    IDS,
    assert_same,
    bce,
    dice,
    make_logits,
    make_target,
    make_unknown,
    ours,
    plain,
)

from handbone.models.losses import (
    MultilabelBCELoss,
    MultilabelDiceLoss,
    class_by_class,
    class_by_class_loss,
)
from handbone.models.losses.backends import VARIABLE, choose_backend
from handbone.models.losses.class_sums import BOTH, PREDICTED, PRESENT, VALID, Surprise
from handbone.models.losses.triton_loss import tile_size


class HarderBCELoss(MultilabelBCELoss):
    """Says what it is pixel by pixel only."""

    def class_losses(self, pixels):
        values, gradient = super().class_losses(pixels)
        return 2 * values, 2 * gradient


def sums_of(logits, target, valid, exponents):
    """The sums by their definitions."""
    p = logits.sigmoid()
    sums = {
        BOTH: p * target,
        PREDICTED: p,
        PRESENT: target,
        VALID: torch.ones_like(p),
    }
    for exponent in exponents:
        sums[Surprise(exponent, True)] = -target * (1 - p) ** exponent * p.log()
        sums[Surprise(exponent, False)] = -(1 - target) * p**exponent * (1 - p).log()
    return {name: (values * valid).sum((2, 3)) for name, values in sums.items()}


@pytest.mark.parametrize(('loss', 'definition', 'settings'), CASES, ids=IDS)
def test_losses_of_sums(loss, definition, settings):
    """The values are those of the definition, the slopes those that autograd finds."""
    _, target, valid = make_target(2, 3, 8, 9)
    logits = make_logits(2, 3, 8, 9)
    module = loss(**settings)
    sums = sums_of(logits, target, valid, module.exponents)
    for name in sums.keys() - {VALID, PRESENT}:
        sums[name].requires_grad_()
    values, slopes = module.losses_of_sums(sums)
    assert_same([values.detach()], [definition(logits, target, valid, **settings)])
    expected = torch.autograd.grad(values.sum(), [sums[name] for name in slopes])
    for slope, gradient in zip(slopes.values(), expected, strict=True):
        assert_same([slope.detach().expand_as(gradient)], [gradient])
    assert not {VALID, PRESENT} & slopes.keys()


def test_only_losses_that_say_how_are_formed_from_sums():
    assert all(loss.reads_sums() for loss, _, _ in CASES)
    assert not HarderBCELoss.reads_sums()


def choose(wanted='auto', align_corners=False, loss=MultilabelBCELoss):
    logits, target = torch.zeros(1, 2, 4, 4), torch.zeros(1, 1, 8, 8, dtype=torch.int32)
    return choose_backend(wanted, logits, target, [loss()], align_corners)


def test_cpus_take_the_plain_operations(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert choose() == 'eager'
    assert choose('compile') == 'compile'


def test_the_environment_chooses_unless_the_caller_does(monkeypatch):
    monkeypatch.setenv(VARIABLE, 'compile')
    assert choose() == 'compile'
    assert choose('eager') == 'eager'
    monkeypatch.setenv(VARIABLE, 'cuda')
    with pytest.raises(ValueError, match=f"{VARIABLE}='cuda': choose one of auto, triton"):
        choose()


def test_why_it_cannot_be_triton():
    with pytest.raises(ValueError, match="backend='triton': .* align_corners=False only"):
        choose('triton', align_corners=True)
    with pytest.raises(ValueError, match='HarderBCELoss does not define losses_of_sums'):
        choose('triton', loss=HarderBCELoss)
    if find_spec('triton') is None:
        with pytest.raises(ValueError, match='Triton is not installed'):
            choose('triton')


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which('g++'), reason='torch.compile needs g++')
def test_compiled(monkeypatch):
    """The rest of the classes, one here, and another number of valid pixels are computed right."""
    monkeypatch.setitem(class_by_class.PIXELS_PER_STEP, 'compiled', 2 * 13 * 18 * 2)
    # processes that compile at the same time would import torch first
    monkeypatch.setattr('torch._inductor.config.compile_threads', 1)
    losses = [MultilabelBCELoss(), MultilabelDiceLoss()]
    unknown, known = make_unknown(2, 5, 13, 18)
    for ignored, some_unknown in ((0.1, False), (0.2, False), (0.2, True)):
        packed, target, valid = make_target(2, 5, 13, 18, ignored=ignored)
        if some_unknown:
            packed, valid = torch.cat([packed, unknown], dim=1), valid * known
        logits = make_logits(2, 5, 4, 6).requires_grad_()
        total, _ = class_by_class_loss(logits, packed, losses, backend='compile')
        found = total.detach(), torch.autograd.grad(total, logits)[0]
        parts = (plain(each, {}, logits.detach(), target, valid) for each in (bce, dice))
        assert_same(found, [one + other for one, other in zip(*parts, strict=True)])
        assert_same(found, ours(losses, logits.detach(), packed))


@pytest.mark.parametrize(
    ('low', 'size', 'count'), [(384, 1536, 15), (192, 1536, 7), (48, 1536, 7), (768, 1536, 31)]
)
def test_tiles_fit_what_they_reach(low, size, count):
    """The pixels that a tile has a share in fill whole blocks."""
    assert tile_size(low, size) == count
    assert tile_size(1, 10_000) == 1
