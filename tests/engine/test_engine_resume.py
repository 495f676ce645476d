"""Killed and resumed, a run ends with the weights of the uninterrupted one, bit for bit."""

from types import SimpleNamespace

import pytest
import torch
from survive_run import (
    in_epochs,
    make_config,
    same_weights,
    train_in_process,
    train_in_two_processes,
)

from handbone.checkpoints import newest_checkpoint

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """Work dir, final weights and samples of the uninterrupted run."""
    work_dir = tmp_path_factory.mktemp('whole')
    return work_dir, *train_in_process(make_config(work_dir))


def killed(config, iteration):
    """Train until the process is killed before an iteration."""
    config.custom_hooks = [*config.custom_hooks, dict(type='KillHook', iteration=iteration)]
    train_in_process(config, expected=-9)


def assert_same_end(work_dir, resumed, whole):
    """Weights, averaged weights and samples are those of the uninterrupted run."""
    weights, shown = resumed
    assert same_weights(weights, whole[1])
    contents = [
        torch.load(newest_checkpoint(folder), weights_only=True) for folder in (work_dir, whole[0])
    ]
    assert same_weights(contents[0]['ema_state_dict'], contents[1]['ema_state_dict'])
    assert shown == whole[2][-len(shown) :] and len(shown) < len(whole[2])


@pytest.mark.parametrize('iteration', [5, 6, 9])
def test_killed_between_checkpoints(whole, tmp_path, iteration):
    killed(make_config(tmp_path), iteration)
    assert not (tmp_path / 'iter_10.pth').exists()
    assert_same_end(tmp_path, train_in_process(make_config(tmp_path, resume=True)), whole)


@pytest.mark.parametrize('share', [0.0, 0.5, 1.0])
def test_killed_while_writing(whole, tmp_path, share):
    config = make_config(tmp_path)
    backend = dict(backend='killed', name='iter_6', share=share)
    config.default_hooks.checkpoint.backend_args = backend
    train_in_process(config, expected=-9)
    assert (tmp_path / '.iter_6.pth.part').is_file()
    assert not (tmp_path / 'iter_6.pth').exists()
    assert sorted(path.name for path in tmp_path.glob('iter*.pth')) == ['iter_3.pth', 'iter_4.pth']
    assert_same_end(tmp_path, train_in_process(make_config(tmp_path, resume=True)), whole)
    assert not list(tmp_path.glob('.*.part'))


def test_killed_while_writing_the_best(whole, tmp_path):
    """The former best checkpoint stays until the new one stands."""
    config = make_config(tmp_path)
    backend = dict(backend='killed', name='best_mDice_iter_9', share=0.5)
    config.default_hooks.checkpoint.backend_args = backend
    train_in_process(config, expected=-9)
    assert [path.name for path in tmp_path.glob('best*.pth')] == ['best_mDice_iter_3.pth']
    assert_same_end(tmp_path, train_in_process(make_config(tmp_path, resume=True)), whole)


def test_workers_of_the_loader_change_nothing(whole, tmp_path):
    """Killed with two workers, resumed with one: the samples do not depend on who prepares them."""
    killed(make_config(tmp_path, workers=2), 7)
    resumed = train_in_process(make_config(tmp_path, workers=1, resume=True))
    assert_same_end(tmp_path, resumed, whole)


@pytest.mark.parametrize('workers', [0, 2])
def test_epochs(tmp_path, workers):
    whole = tmp_path / 'whole'
    expected = whole, *train_in_process(in_epochs(make_config(whole, workers=workers)))
    work_dir = tmp_path / 'killed'
    killed(in_epochs(make_config(work_dir, workers=workers)), 9)
    resumed = train_in_process(in_epochs(make_config(work_dir, workers=workers, resume=True)))
    assert_same_end(work_dir, resumed, expected)


SCHEDULES = [
    dict(type='OneCycleLR', eta_max=0.02, total_steps=10, by_epoch=False),
    dict(
        type='CosineRestartLR', periods=[3, 7], restart_weights=[1, 1], eta_min=0.0, by_epoch=False
    ),
]


@pytest.mark.parametrize('schedule', SCHEDULES, ids=lambda schedule: schedule['type'])
def test_schedules(tmp_path, schedule):
    def config(name, **changes):
        made = make_config(tmp_path / name, **changes)
        made.param_scheduler = [dict(schedule)]
        return made

    whole = tmp_path / 'whole', *train_in_process(config('whole'))
    killed(config('killed'), 7)
    resumed = train_in_process(config('killed', resume=True))
    assert_same_end(tmp_path / 'killed', resumed, whole)


def test_endless_training_on_a_finite_sampler(tmp_path, monkeypatch):
    # mmengine waits two seconds before each pass
    monkeypatch.setattr('mmengine.runner.loops.time', SimpleNamespace(sleep=lambda seconds: None))

    def config(name, **changes):
        made = make_config(tmp_path / name, **changes)
        made.train_dataloader.sampler = dict(type='DefaultSampler', shuffle=True)
        made.train_cfg.max_iters = 6
        return made

    expected = tmp_path / 'whole', *train_in_process(config('whole'))
    killed(config('killed'), 5)
    assert_same_end(tmp_path / 'killed', train_in_process(config('killed', resume=True)), expected)


def with_plateau(work_dir, **changes):
    """The rate of learning depends on every validation."""
    scheduler = dict(
        type='ReduceOnPlateauParamScheduler',
        param_name='lr',
        monitor='mDice',
        rule='less',
        factor=0.5,
        patience=0,
        by_epoch=True,  # after each validation, also without epochs
    )
    config = make_config(work_dir, val_evaluator=dict(type='OutputMetric'), **changes)
    config.param_scheduler = scheduler
    config.train_cfg.val_interval = 2
    return config


@pytest.mark.parametrize(('iteration', 'stage'), [(4, 'val'), (4, 'train'), (10, 'val')])
def test_validations_count_once(tmp_path, iteration, stage):
    """One that the kill interrupted is made up for, one that was finished is not repeated."""
    whole, work_dir = tmp_path / 'whole', tmp_path / 'killed'
    expected, _ = train_in_process(with_plateau(whole))
    config = with_plateau(work_dir)
    hook = dict(type='KillHook', iteration=iteration, stage=stage)
    config.custom_hooks = [*config.custom_hooks, hook]
    train_in_process(config, expected=-9)
    weights, _ = train_in_process(with_plateau(work_dir, resume=True))
    assert same_weights(weights, expected)
    contents = [
        torch.load(folder / 'iter_10.pth', weights_only=True) for folder in (whole, work_dir)
    ]
    assert contents[0]['param_schedulers'] == contents[1]['param_schedulers']
    best = [sorted(path.name for path in folder.glob('best*')) for folder in (whole, work_dir)]
    assert best[0] == best[1]


def test_killed_twice_after_one_checkpoint(tmp_path):
    """Made up for, the validation leaves a checkpoint as complete as the first one."""

    def config(name, **changes):
        accumulated = {'optim_wrapper.accumulative_counts': 3}
        return with_plateau(tmp_path / name, **accumulated | changes)

    expected, _ = train_in_process(config('whole'))
    for stage, iteration, resume in (('val', 4, False), ('train', 5, True)):
        to_kill = config('killed', resume=resume)
        hook = dict(type='KillHook', iteration=iteration, stage=stage)
        to_kill.custom_hooks = [*to_kill.custom_hooks, hook]
        train_in_process(to_kill, expected=-9)
    content = torch.load(tmp_path / 'killed' / 'iter_4.pth', weights_only=True)
    assert content['validated'] and content['gradients']
    weights, _ = train_in_process(config('killed', resume=True))
    assert same_weights(weights, expected)


def test_nothing_to_resume_yet(tmp_path):
    """Then it starts from the weights that it was to start from."""
    train_in_process(make_config(tmp_path / 'first', randomness=dict(seed=8)))
    source = str(tmp_path / 'first' / 'iter_10.pth')
    expected, _ = train_in_process(make_config(tmp_path / 'whole', load_from=source))
    found, _ = train_in_process(make_config(tmp_path / 'new', resume=True, start_from=source))
    assert same_weights(found, expected)


def test_accumulated_gradients(tmp_path):
    """Three batches a step, and a checkpoint after the fourth batch."""

    def config(name, **changes):
        return make_config(tmp_path / name, **{'optim_wrapper.accumulative_counts': 3} | changes)

    expected, _ = train_in_process(config('whole'))
    killed(config('killed'), 5)
    content = torch.load(tmp_path / 'killed' / 'iter_4.pth', weights_only=True)
    assert content['gradients']
    weights, _ = train_in_process(config('killed', resume=True))
    assert same_weights(weights, expected)


def test_two_processes(tmp_path):
    """Each gets its random numbers and its samples back."""
    whole, work_dir = tmp_path / 'whole', tmp_path / 'killed'
    assert train_in_two_processes(make_config(whole), tmp_path / 'first') == [0, 0]
    config = make_config(work_dir)
    config.custom_hooks = [*config.custom_hooks, dict(type='KillHook', iteration=7)]
    assert train_in_two_processes(config, tmp_path / 'second')[0] == -9
    assert train_in_two_processes(make_config(work_dir, resume=True), tmp_path / 'third') == [0, 0]
    contents = [
        torch.load(folder / 'iter_10.pth', weights_only=True) for folder in (whole, work_dir)
    ]
    assert same_weights(contents[0]['state_dict'], contents[1]['state_dict'])
    assert len(contents[0]['random_states']) == 2


def test_loss_scale_of_mixed_precision(tmp_path):
    """How large it is and when it grows next decide which steps are left out."""

    def config(name, **changes):
        return make_config(
            tmp_path / name, **{'optim_wrapper.type': 'ScaledOptimWrapper'} | changes
        )

    expected, _ = train_in_process(config('whole'))
    killed(config('killed'), 5)
    contents = [
        torch.load(path, weights_only=True)['optimizer']['loss_scaler']
        for path in (tmp_path / 'killed' / 'iter_4.pth', tmp_path / 'whole' / 'iter_10.pth')
    ]
    assert contents[0]['_growth_tracker'] > 0  # in the midst of counting
    assert contents[0]['scale'] != contents[1]['scale']
    weights, _ = train_in_process(config('killed', resume=True))
    assert same_weights(weights, expected)
    resumed = torch.load(tmp_path / 'killed' / 'iter_10.pth', weights_only=True)['optimizer']
    assert resumed['loss_scaler'] == contents[1]


def test_accumulated_gradients_of_two_processes(tmp_path):
    """Each gets back what it had summed up, which the other has not."""

    def config(name, **changes):
        return make_config(tmp_path / name, **{'optim_wrapper.accumulative_counts': 3} | changes)

    assert train_in_two_processes(config('whole'), tmp_path / 'first') == [0, 0]
    to_kill = config('killed')
    to_kill.custom_hooks = [*to_kill.custom_hooks, dict(type='KillHook', iteration=5)]
    assert train_in_two_processes(to_kill, tmp_path / 'second')[0] == -9
    gradients = torch.load(tmp_path / 'killed' / 'iter_4.pth', weights_only=True)['gradients']
    assert len(gradients) == 2 and not same_weights(*gradients)
    assert train_in_two_processes(config('killed', resume=True), tmp_path / 'third') == [0, 0]
    weights = [
        torch.load(tmp_path / name / 'iter_10.pth', weights_only=True)['state_dict']
        for name in ('whole', 'killed')
    ]
    assert same_weights(*weights)


def test_a_run_without_a_seed_keeps_the_one_it_drew(tmp_path):
    killed(make_config(tmp_path, randomness=dict(seed=None)), 7)
    seeds = [
        torch.load(tmp_path / name, weights_only=True)['meta']['seed']
        for name in ('iter_6.pth', 'iter_4.pth')
    ]
    train_in_process(make_config(tmp_path, randomness=dict(seed=None), resume=True))
    final = torch.load(tmp_path / 'iter_10.pth', weights_only=True)['meta']['seed']
    assert {final} == set(seeds)


def test_samples_of_an_uninterrupted_run_differ(whole):
    """What the comparisons above rest on: no image comes twice with the same noise."""
    values = [value for batch in whole[2] for _, value in batch]
    assert len(set(values)) == len(values) == 20
