"""Every rule of docs/plan.md."""

import json
from pathlib import Path

import pytest
import torch
from planned import cost_per_pixel, fingerprint

from handbone.class_sides import sided_classes
from handbone.errors import HandboneError
from handbone.planning.augmentation import choose_augmentation
from handbone.planning.networks import NETWORKS
from handbone.planning.plan import Budget, Step, StepCost
from handbone.planning.progressive import mean_seconds
from handbone.planning.rules import choose_folds, make_plan
from handbone.planning.step_choice import fitted, needed_side, possible_steps
from handbone.planning.step_cost import cost_on

CPU = Budget('cpu', 16 * 10**9, 3600)
GPU = Budget('cuda', 24 * 10**9, 24 * 3600)
cheap = cost_per_pixel(1e-8, 100)


@pytest.mark.parametrize('name', sorted(NETWORKS.keys() - {'folded_unet'}))
def test_costs_of_networks_are_those_that_were_measured(name):
    """In docs/model_zoo.json, which the study of model costs writes."""
    page = json.loads((Path(__file__).parents[2] / 'docs' / 'model_zoo.json').read_text())
    entry = page['demo' if name == 'folded_unet_wide' else f'{name}_1536']
    step = entry['steps']['cpu float32 512']
    network = NETWORKS[name]
    assert (network.parameters, network.peak) == (entry['parameters'], step['bytes'])
    assert network.flops == pytest.approx(entry['flops'], rel=1e-3)
    assert step['images'] == 1


@pytest.mark.parametrize('name', NETWORKS)
def test_estimated_memory_starts_from_what_was_measured(name):
    """AdamW's two float32 averages and the libraries come on top; activations grow with pixels."""
    network = NETWORKS[name]
    estimate = network.estimated_bytes(512**2, 1, False, False, 29)
    assert estimate == network.peak + 8 * network.parameters + 700_000_000
    activations = network.peak - 8 * network.parameters
    twice = network.estimated_bytes(512**2, 2, False, False, 29)
    assert twice - estimate == pytest.approx(activations, abs=2)
    half = network.estimated_bytes(512**2, 1, True, False, 29)
    assert estimate - half == pytest.approx(0.35 * activations, abs=2)


def test_the_thinnest_class_is_twelve_values_wide():
    assert needed_side(fingerprint(thickness=48), 1) == 512
    assert needed_side(fingerprint(thickness=48), 4) == 2048
    assert needed_side(fingerprint(thickness=1), 1) == 2048  # no more than there are


def test_a_cpu_takes_the_size_that_is_needed():
    plan = make_plan(fingerprint(thickness=48), CPU, cheap)
    assert (plan.step.network, plan.step.size, plan.step.batch) == ('folded_unet', (512, 512), 4)
    assert plan.step.precision == 'float32' and not plan.windows


def test_a_cpu_takes_the_next_larger_size():
    plan = make_plan(fingerprint(thickness=82), CPU, cheap)  # 300 pixels are needed
    assert plan.step.size == (384, 384)


def test_a_cpu_takes_a_smaller_size_if_time_is_short():
    tried = []

    def cost(step):
        tried.append(max(step.size))
        return cost_per_pixel(1e-6, 100)(step)

    budget = Budget('cpu', 10**10, 600)
    plan = make_plan(fingerprint(thickness=24), budget, cost)
    assert len(tried) == len(set(tried))  # no step is measured twice
    assert plan.step.size == (384, 384)
    assert plan.iterations == possible_steps(budget, plan.step, cost)
    # the steps at a third, at half and at the full side together take nine tenths of the time that
    # remains after the start
    per_step = plan.cost.seconds * (0.225 / 9 + 0.55 / 4 + 0.225)
    assert plan.iterations * per_step == pytest.approx(0.9 * 585, rel=0.01)
    assert max(tried) == 512  # a step at 1024 alone would take four times as long


@pytest.mark.parametrize(
    ('classes', 'seconds', 'network'),
    [
        (29, 700, 'folded_unet_wide'),
        (15, 700, 'folded_unet'),
        (29, 515, 'folded_unet_wide'),
        (29, 512, 'folded_unet'),
    ],
)
def test_many_classes_get_a_wider_network_where_it_has_time_to_learn(classes, seconds, network):
    names = [f'bone {number}' for number in range(classes)]

    def cost(step):
        return StepCost(0.2 if step.network == 'folded_unet' else 0.3, 100, True, True)

    budget = Budget('cpu', 10**10, seconds)
    plan = make_plan(fingerprint(names=names, thickness=82), budget, cost)
    assert (plan.step.network, plan.step.size) == (network, (384, 384))


def test_shrunk_batches_do_not_save_the_time_of_loading():
    """Trainings that were planned as if they did took half as long again as they were given."""

    def cost(step):
        return StepCost(0.2 + 1e-6 * step.size[0] * step.size[1], 100, True, True)

    step = Step('folded_unet', (768, 384), 4)
    network = 1e-6 * 768 * 384 * (0.225 / 9 + 0.55 / 4 + 0.225)
    assert mean_seconds(step, cost) == pytest.approx(0.2 + network)
    step = Step('folded_unet', (256, 256), 4)
    assert mean_seconds(step, cost) == pytest.approx(0.2 + 1e-6 * 256**2 * (0.58 / 4 + 0.42))
    step = Step('segformer_mit-b0', (256, 256), 4)  # is not trained on shrunk batches
    assert mean_seconds(step, cost) == pytest.approx(0.2 + 1e-6 * 256**2)


def test_a_cpu_takes_a_smaller_size_if_memory_is_short():
    plan = make_plan(fingerprint(thickness=48), Budget('cpu', 10**8, 3600), cheap)
    assert plan.step.size[0] ** 2 * 4 * 100 <= 0.85 * 10**8
    assert plan.step.size == (384, 384)


def test_windows_where_whole_images_would_lose_the_thinnest_class():
    short = Budget('cpu', 10**10, 100)
    cost = cost_per_pixel(1e-6, 100)
    # 1536 pixels, six times the side for which there is time, are needed for 16 of 2048 pixels
    whole = make_plan(fingerprint(thickness=17), short, cost)
    windows = make_plan(fingerprint(thickness=15), short, cost)
    assert whole.step.size == windows.step.size == (256, 256)
    assert not whole.windows and windows.windows
    assert windows.image_size == (768, 768)


@pytest.mark.skipif(torch.cuda.is_available(), reason='costs are measured here')
def test_a_gpu_takes_the_largest_network_that_fits():
    def plan(gigabytes):
        budget = Budget('cuda', gigabytes * 10**9, 10**6)
        return make_plan(
            fingerprint(thickness=96), budget, cost_on('cuda', 29, 0, 1, budget.memory)
        )

    plans = {gigabytes: plan(gigabytes) for gigabytes in (3, 6, 80)}
    parameters = [plan.step.kind.parameters for plan in plans.values()]
    assert parameters == sorted(parameters) and parameters[0] < parameters[-1]
    for gigabytes, found in plans.items():
        assert found.step.size == (1024, 1024)
        assert found.cost.memory <= 0.85 * gigabytes * 10**9
        assert not found.cost.weighed
        assert any('GB estimated' in reason for _, _, reason in found.reasons)


def test_few_patients_take_a_small_network():
    few = make_plan(fingerprint(patients=49), GPU, cheap)
    many = make_plan(fingerprint(patients=50), GPU, cheap)
    assert few.step.network == 'segformer_mit-b2'
    assert many.step.network == 'upernet_convnext-b'


def test_blocks_are_not_computed_twice_where_only_time_is_short():
    """It would take a third longer still."""
    plan = make_plan(fingerprint(), Budget('cuda', 24 * 10**9, 60), cost_per_pixel(1e-6, 100))
    assert plan.step.size == (256, 256) and not plan.step.recompute
    assert ('checkpointing', 'no', 'the batch fits without') in plan.reasons


def test_blocks_are_computed_twice_before_a_smaller_network_is_taken():
    def cost(step):
        assert step.kind.pretrained
        return StepCost(0.1, 30 * 10**9 if not step.recompute else 10 * 10**9, True, True)

    plan = make_plan(fingerprint(), GPU, cost)
    assert plan.step.network == 'upernet_convnext-b' and plan.step.recompute
    assert plan.step.batch == 2 and plan.step.precision == 'bfloat16'


def test_images_keep_their_shape():
    chest = fingerprint(width=1000, height=2000)
    assert fitted(chest, 1024, 32) == (512, 1024)
    assert fitted(chest, 384, 384) == (384, 384)
    plan = make_plan(chest, GPU, cheap)
    assert plan.step.size[0] < plan.step.size[1]
    assert all(side % NETWORKS[plan.step.network].divisor == 0 for side in plan.step.size)


@pytest.mark.parametrize(
    ('budget', 'cost', 'message'),
    [
        (Budget('cpu', 1000, 3600), cheap, 'Give more memory'),
        (Budget('cuda', 10**9, 3600), cost_per_pixel(1e-8, 10**6), 'Give more memory'),
        (Budget('cpu', 10**10, 1), cost_per_pixel(1e-3, 1), '--time'),
        # time for five steps, which a warm-up of a twelfth of them cannot begin
        (Budget('cpu', 10**10, 1), cost_per_pixel(1.5e-6, 1), '--time'),
    ],
)
def test_what_does_not_fit(budget, cost, message):
    with pytest.raises(HandboneError, match=message):
        make_plan(fingerprint(), budget, cost)


@pytest.mark.parametrize(
    ('names', 'sides', 'flip', 'swap'),
    [
        (('Radius', 'Ulna'), (), True, ()),
        (('Radius', 'Ulna'), ('left',), False, ()),
        (('left lung', 'right lung'), ('right', 'left'), True, (('left lung', 'right lung'),)),
        (('left lung', 'right lung', 'heart'), ('right', 'left', 'right'), False, ()),
        (('left lung', 'right lung', 'heart'), ('right', 'left', ''), False, ()),
        (('left lung', 'trachea'), (), False, ()),
    ],
)
def test_mirror_images(names, sides, flip, swap):
    found = choose_augmentation(fingerprint(names=names, sides=sides))
    assert (found.flip, found.swap) == (flip, swap)
    assert found.degrees == (20 if names[0] == 'Radius' and not sides else 10)


@pytest.mark.parametrize(
    ('names', 'pairs', 'alone'),
    [
        (['lung_l', 'lung_r'], [('lung_l', 'lung_r')], []),
        (['Right Hip', 'Left Hip'], [('Right Hip', 'Left Hip')], []),
        (['R', 'copyright', 'bright'], [], []),
        (['posterior 12th rib right', 'ribs'], [], ['posterior 12th rib right']),
    ],
)
def test_sides_in_names(names, pairs, alone):
    assert sided_classes(names) == (pairs, alone)


def test_ranges_follow_the_dataset():
    narrow = choose_augmentation(fingerprint(extent=(0.79, 0.8, 0.81), shift=0.0))
    wide = choose_augmentation(fingerprint(extent=(0.6, 0.8, 0.9), shift=0.12))
    wider = choose_augmentation(fingerprint(extent=(0.4, 0.8, 0.9), shift=0.3))
    assert (narrow.zoom, narrow.shift) == (1.1, 0.05)
    assert (wide.zoom, wide.shift) == (1.17, 0.06)
    assert (wider.zoom, wider.shift) == (1.2, 0.1)


@pytest.mark.parametrize(('patients', 'folds'), [(1, 0), (2, 2), (9, 3), (10, 5), (501, 10)])
def test_folds(patients, folds):
    assert choose_folds(patients)[0] == folds
