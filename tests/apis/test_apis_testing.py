"""What `handbone test` makes of its arguments."""

import os

import pytest
import torch
from mmengine.config import Config

from handbone.checkpoints import find_checkpoint
from handbone.cli.command import main
from handbone.configuration.completion import use_validation_images
from handbone.configuration.test_time_augmentation import use_test_time_augmentation


def make_config(**more):
    pipeline = [
        dict(type='LoadRadiograph'),
        dict(type='Resize', scale=(64, 64)),
        dict(type='LoadPolygonAnnotations', frame='original'),
        dict(type='PackMultilabelInputs'),
    ]
    dataloader = dict(dataset=dict(pipeline=pipeline))
    return Config(dict(test_dataloader=dataloader, model=dict(type='Model'), **more))


def test_views_take_the_place_of_the_labels():
    """At the size of the test pipeline, before the labels are drawn."""
    flips = [dict(type='RandomFlip', prob=0.0), dict(type='RandomFlip', prob=1.0)]
    cfg = make_config(tta_views=[flips])
    plain = [dict(step) for step in cfg.test_dataloader.dataset.pipeline]
    use_test_time_augmentation(cfg)
    load, resize, views = cfg.test_dataloader.dataset.pipeline
    assert [load, resize] == plain[:2]
    assert views == dict(type='TestTimeAug', transforms=[flips, [plain[2]], [plain[3]]])
    assert cfg.model == dict(type='MultilabelTTAModel', module=dict(type='Model'))


def test_own_pipeline_goes_first():
    own = [dict(type='LoadRadiograph'), dict(type='TestTimeAug', transforms=[])]
    cfg = make_config(tta_pipeline=own, tta_views=[])
    use_test_time_augmentation(cfg)
    assert cfg.test_dataloader.dataset.pipeline == own


@pytest.mark.parametrize('given', [{}, dict(tta_views=None, tta_pipeline=None)])
def test_no_views(given):
    with pytest.raises(ValueError, match='names no views'):
        use_test_time_augmentation(make_config(**given))


@pytest.mark.parametrize('name', ['model', 'test_dataloader'])
def test_no_views_of_nothing(name):
    cfg = make_config(tta_views=[dict()])
    cfg.pop(name)
    with pytest.raises(ValueError, match=f'--tta: .* has no {name}'):
        use_test_time_augmentation(cfg)


def test_checkpoint_of_a_work_dir(tmp_path):
    """The newest best one by mean Dice, by another score, the last one; a file is itself."""
    assert find_checkpoint('some/file.pth') == 'some/file.pth'
    with pytest.raises(FileNotFoundError, match=f'no checkpoint in {tmp_path}'):
        find_checkpoint(str(tmp_path))
    last = tmp_path / 'iter_20.pth'
    torch.save(dict(state_dict={}, meta=dict(iter=20, epoch=0)), last)
    assert find_checkpoint(str(tmp_path)) == str(last)
    names = ['best_mDice_iter_900.pth', 'best_mDice_iter_1000.pth', 'best_Dice_Ulna_iter_2000.pth']
    for age, name in enumerate(names):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1000 + age, 1000 + age))
    assert find_checkpoint(str(tmp_path)) == str(tmp_path / 'best_mDice_iter_1000.pth')
    for name in names[:2]:
        (tmp_path / name).unlink()
    assert find_checkpoint(str(tmp_path)) == str(tmp_path / names[2])


@pytest.mark.parametrize(
    'given',
    [
        {},
        dict(default_hooks=None, visualizer=None, test_evaluator=None, custom_hooks=None),
        dict(default_hooks=dict(logger=None), test_evaluator=[dict(type='DiceMetric')]),
        dict(
            default_hooks=dict(visualization=dict(type='Own', worst=3)),
            visualizer=dict(type='OwnVisualizer'),
            test_evaluator=dict(type='DiceMetric'),
        ),
    ],
)
def test_options_add_what_a_config_lacks(given, monkeypatch, tmp_path):
    file = tmp_path / 'config.py'
    make_config(**given).dump(file)
    runs = []
    monkeypatch.setattr('handbone.apis.testing.test', runs.append)
    wishes = ['--uncertainty', 'u.csv', '--show-dir', 'shown', '--out', 'o.csv']
    main(['test', str(file), 'a.pth', *wishes])
    (cfg,) = runs
    own = given.get('default_hooks') and given['default_hooks'].get('visualization')
    hook = own or dict(type='MultilabelVisualizationHook')
    assert cfg.default_hooks.visualization == hook | dict(draw=True, out_dir='shown')
    assert {*cfg.default_hooks} == {'visualization', *(given.get('default_hooks') or ())}
    wanted = given.get('visualizer') or dict(type='MultilabelLocalVisualizer')
    assert cfg.visualizer == wanted
    *others, uncertainty = cfg.test_evaluator
    assert uncertainty.type == 'UncertaintyMetric'
    assert others == ([dict(type='DiceMetric')] if given.get('test_evaluator') else [])
    assert [hook.type for hook in cfg.custom_hooks] == ['RLESubmissionHook']


def test_a_config_without_a_model_is_one_line(tmp_path, capsys):
    file = tmp_path / 'config.py'
    file.write_text('')
    with pytest.raises(SystemExit):
        main(['test', str(file), 'a.pth', '--uncertainty', 'u.csv'])
    assert capsys.readouterr().err == f'error: {file} has no model\n'


def test_validation_images_are_scored_as_the_test_images_without_an_evaluator_of_their_own():
    scored = dict(type='DiceMetric')
    for own, wanted in ((None, scored), (dict(type='Own'), dict(type='Own'))):
        cfg = Config(dict(val_dataloader=dict(), val_evaluator=own, test_evaluator=scored))
        use_validation_images(cfg)
        assert cfg.test_evaluator == wanted


@pytest.mark.parametrize('hooks', [{}, dict(custom_hooks=[dict(type='Other')])])
def test_submission_hook(hooks, monkeypatch, tmp_path):
    """--out and --format-only add it to whatever hooks there are, or are not."""
    file = tmp_path / 'config.py'
    cfg = make_config(**hooks)
    cfg.dump(file)
    runs = []
    monkeypatch.setattr('handbone.apis.testing.test', runs.append)
    for arguments in (['--out', 'masks.csv'], ['--format-only'], []):
        main(['test', str(file), 'checkpoint.pth', *arguments])
    added = [cfg.get('custom_hooks', [])[len(hooks) :] for cfg in runs]
    hook = dict(type='RLESubmissionHook', image_name='basename')
    assert added == [[hook | dict(out_file='masks.csv')], [hook | dict(out_file=None)], []]
    assert runs[1].test_evaluator == dict(type='DiceMetric', format_only=True)
