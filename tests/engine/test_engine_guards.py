"""Every run has each guard once, whatever its config says of hooks."""

import pytest
from mmengine.config import Config
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from handbone.configuration.shipped import config_path
from handbone.engine import InvalidLossHook
from handbone.engine.guards import GUARDS, keep_guards
from handbone.engine.reporting_runner import ReportingRunner

TYPES = {name: guard.__name__ for name, guard in GUARDS.items()}
CHECKS = [name for name in TYPES if name != 'output_bias']


@HOOKS.register_module()
class GentleHook(InvalidLossHook):
    """A guard of a user's own."""


def kept(**config):
    """The types of default and custom hooks after the guards were kept."""
    cfg = Config(config)
    keep_guards(cfg)
    hooks = {name: hook and hook['type'] for name, hook in cfg.default_hooks.items()}
    return hooks, cfg.get('custom_hooks')


def test_shipped_configs_are_unchanged():
    cfg = Config.fromfile(config_path('demo'))
    before = cfg.default_hooks.to_dict()
    keep_guards(cfg)
    assert cfg.default_hooks.to_dict() == before and cfg.custom_hooks == []
    assert {name: before[name]['type'] for name in TYPES} == TYPES


def test_a_config_of_before_has_no_guard_twice():
    """Work dirs of earlier trainings have the guards in custom_hooks, with settings of theirs."""
    custom = [dict(type=kind) for kind in TYPES.values()]
    custom[-1]['action'] = 'skip'
    hooks, left = kept(default_hooks=dict(timer=dict(type='IterTimerHook')), custom_hooks=custom)
    assert hooks == dict(timer='IterTimerHook') and left == custom
    # one that also inherits today's defaults
    hooks, left = kept(
        default_hooks={name: dict(type=kind) for name, kind in TYPES.items()}, custom_hooks=custom
    )
    assert hooks == {} and left == custom


def test_a_config_without_guards_gets_the_checks():
    """But not the output bias, which would change what is trained."""
    hooks, left = kept(custom_hooks=[dict(type='EMAHook')])
    assert hooks == {name: TYPES[name] for name in CHECKS}
    assert left == [dict(type='EMAHook')]
    assert kept()[0] == hooks and kept(default_hooks=None, custom_hooks=None)[0] == hooks


@pytest.mark.parametrize('name', CHECKS)
def test_a_guard_may_be_left_out(name):
    hooks, _ = kept(default_hooks={name: None})
    assert hooks == {each: TYPES[each] for each in CHECKS} | {name: None}


@pytest.mark.parametrize('kind', ['GentleHook', GentleHook, InvalidLossHook])
def test_a_guard_under_a_different_name_counts(kind):
    hooks, _ = kept(default_hooks=dict(gentle=dict(type=kind)))
    assert 'invalid_loss' not in hooks and hooks['gentle'] == kind


def test_hooks_that_are_built_already():
    class Own(Hook):
        pass

    hooks, left = kept(custom_hooks=[GentleHook(), Own()])
    assert 'invalid_loss' not in hooks and len(left) == 2


def test_any_default_hook_may_be_left_out():
    """Those that mmengine does not know by name, and those that it adds."""
    runner = object.__new__(ReportingRunner)
    runner._hooks = []
    settings = dict(system_load=None, timer=None, invalid_loss=dict(type=InvalidLossHook))
    runner.register_hooks(settings)
    names = {type(hook).__name__ for hook in runner.hooks}
    assert 'InvalidLossHook' in names and 'LoggerHook' in names
    assert not names & {'SystemLoadHook', 'IterTimerHook'}
