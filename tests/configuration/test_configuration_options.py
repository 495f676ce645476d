"""An option takes effect or is an error that names what to write instead."""

import pytest
from mmengine.config import Config

from handbone.configuration.config_file import read_config_file
from handbone.configuration.options import set_options
from handbone.configuration.shipped import config_path

DEMO = config_path('demo')
#: Configs of every kind of model, data, schedule and runtime.
KINDS = (
    'demo',
    'segformer_mit-b0_1024',
    'upernet_swin_1536',
    'upernet_convnext-b_1536',
    'unetplusplus_resnet50_1024',
    'jsrt/segformer_mit-b0_256',
    'phantom_shift/folded_unet_512_windows',
    'ablations/gradient_clipping_value',
    'ablations/layer_decay',
    'ablations/schedule_cycles',
    'ablations/early_stopping',
    'ablations/compile',
)


@pytest.fixture(scope='module')
def dumped(tmp_path_factory):
    """The demo as a work dir has it: one file, in which no variable is left but as a value."""
    path = tmp_path_factory.mktemp('dumped') / 'config.py'
    Config.fromfile(DEMO).dump(path)
    return path


@pytest.mark.parametrize(
    ('options', 'settings'),
    [
        (
            dict(data_root='elsewhere'),
            '--cfg-options test_dataloader.dataset.data_root=elsewhere '
            'train_dataloader.dataset.data_root=elsewhere '
            'val_dataloader.dataset.data_root=elsewhere',
        ),
        (dict(crop_size=(256, 256)), 'train_dataloader.dataset.pipeline.1.size="(256,256)"'),
        (dict(max_iters=100), 'train_cfg.max_iters=100'),
        (dict(full_size_from=5), 'param_scheduler.2.begin=5'),
        (dict(dataset_type='Other'), 'train_dataloader.dataset.type=Other'),
        ({'data_preprocessor.pad_val': 1}, '--cfg-options model.data_preprocessor.pad_val=1'),
        ({'vis_backends.0.type': 'X'}, 'visualizer.vis_backends.0.type=X'),
    ],
)
def test_variables_of_the_file_have_no_effect(options, settings, dumped):
    for path in (DEMO, dumped):
        with pytest.raises(ValueError, match='would have no effect') as caught:
            read_config_file(path, options)
        message = str(caught.value)
        if path == DEMO or settings in message:
            assert settings in message and str(path) in message
        assert '\n' not in message


def test_what_the_message_says_to_write_takes_effect():
    with pytest.raises(ValueError, match='would have no effect') as caught:
        read_config_file(DEMO, dict(data_root='here'))
    words = str(caught.value).partition('--cfg-options data_root')[2].split('--cfg-options ')[1]
    options = dict(word.split('=') for word in words.split())
    cfg = read_config_file(DEMO, options)
    loaders = ('train_dataloader', 'val_dataloader', 'test_dataloader')
    assert {cfg[name].dataset.data_root for name in loaders} == {'here'}


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        ({'train_cgf.max_iters': 2}, 'no setting train_cgf (did you mean train_cfg'),
        ({'moddel.type': 2}, 'no setting moddel (did you mean model'),
        ({'train_cfg.max_iter': 2}, 'does not take max_iter (did you mean max_iters'),
        ({'train_dataloader.batchsize': 2}, 'does not take batchsize (did you mean batch_size'),
        ({'train_dataloader.dataset.num_fold': 2}, 'did you mean num_folds'),
        ({'train_dataloader.dataset.pipeline.1.degree': 2}, 'did you mean degrees'),
        ({'model.decode_head.num_class': 2}, 'did you mean num_classes'),
        ({'model.backbone.channel': 2}, 'did you mean channels'),
        ({'model.decode_head.loss_decode.0.loss_wieght': 2}, 'did you mean loss_weight'),
        (
            {'model.test_cfg.treshold': 0.3},
            'model.test_cfg does not take treshold (did you mean thresh',
        ),
        ({'optim_wrapper.clipgrad': None}, 'did you mean clip_grad'),
        ({'optim_wrapper.optimizer.learning_rate': 1}, 'does not take learning_rate'),
        ({'default_hooks.chekpoint.interval': 1}, 'no hook chekpoint in default_hooks (did'),
        ({'default_hooks.checkpoint.intervall': 1}, 'did you mean interval'),
        ({'default_hooks.ema': dict(type='EMAHok')}, 'there is no EMAHok (did you mean EMAHook'),
        ({'randomness.sed': 1}, 'randomness does not take sed (did you mean seed'),
        ({'env_cfg.cudnn_bench': 1}, 'did you mean cudnn_benchmark'),
        ({'model.type': 'MultilabelEncoderDecode'}, 'did you mean MultilabelEncoderDecoder'),
        ({'train_dataloader.dataset.type': 'HandBones'}, 'there is no HandBones'),
        ({'train_cfg.type': 'EpochBasedTrainLoop'}, 'does not take max_iters; it needs max_epochs'),
        ({'optim_wrapper.optimizer.type': 'SGD'}, 'does not take betas; it takes'),
        ({'train_dataloader.dataset.pipeline.9.size': 1}, 'does not have it'),
        ({'model.decode_head.loss_decode.x.loss_weight': 1}, 'does not have it'),
        ({'log_level.a.b': 1}, 'does not have it'),
    ],
)
def test_what_does_not_exist_is_named(options, words):
    with pytest.raises(ValueError) as caught:
        read_config_file(DEMO, options)
    message = str(caught.value)
    assert words in message and message.startswith(f'--cfg-options {next(iter(options))}')
    assert '\n' not in message


@pytest.mark.parametrize(
    'options',
    [
        {'train_dataloader.dataset.data_root': 'here'},
        {'train_cfg.max_iters': 4, 'train_cfg.val_interval': 2},
        {'model.test_cfg.mode': 'slide', 'model.test_cfg.crop_size': (64, 64)},
        {'model.test_cfg.stride': (32, 32), 'model.test_cfg.batch_size': 4},
        {'optim_wrapper.clip_grad': None},
        {'optim_wrapper.clip_grad.norm_type': 1},
        {'optim_wrapper.accumulative_counts': 2},
        {'optim_wrapper.type': 'AmpOptimWrapper', 'optim_wrapper.dtype': 'bfloat16'},
        {'optim_wrapper.constructor': 'GroupedOptimWrapperConstructor'},
        {'optim_wrapper.paramwise_cfg.custom_keys.anything.lr_mult': 0.1},
        {'default_hooks.checkpoint.out_dir': 'there', 'default_hooks.logger.interval': 1},
        {'default_hooks.ema': dict(type='EMAHook', momentum=0.01)},
        {'default_hooks.ema.type': 'EMAHook', 'default_hooks.ema.momentum': 0.01},
        {'default_hooks.system_load': None},
        {'default_hooks.logger.priority': 'LOW'},
        {'custom_hooks': [dict(type='EMAHook')]},
        {'train_dataloader.dataset.pipeline.0.cache_megabytes': 500},
        {'train_dataloader.pin_memory': False, 'train_dataloader.drop_last': True},
        {'train_dataloader.dataset.indices': 4, 'train_dataloader.dataset.bad_files': 'report'},
        {'model.decode_head.norm_cfg': dict(type='BN', requires_grad=True)},
        {'model.data_preprocessor.size_divisor': 32},
        {'model.channels_last': True, 'sync_bn': None, 'compile': True, 'allow_pickle': True},
        {'load_from': 'x.pth', 'randomness.seed': 3, 'log_level': 'ERROR', 'work_dir': 'w'},
        {'train_cfg._delete_': True, 'train_cfg.type': 'EpochBasedTrainLoop'}
        | {'train_cfg.max_epochs': 3},
        {'visualizer.vis_backends.0.type': 'TensorboardVisBackend'},
        {'val_evaluator.per_class': True, 'val_evaluator.prefix': 'x'},
        {'tta_views': [dict(angle=4)], 'tta_merge': 'logits', 'find_unused_parameters': True},
        {'model.data_preprocessor._delete_': True}
        | {'model.data_preprocessor.type': 'SegDataPreProcessor'},
    ],
)
def test_settings_that_are_read_can_be_set(options):
    cfg = read_config_file(DEMO, options)
    for key, value in options.items():
        setting = cfg
        for part in key.split('.'):
            if part == '_delete_':
                break
            setting = setting[int(part)] if isinstance(setting, list) else setting[part]
        else:
            assert setting == value


def test_a_setting_of_the_users_own_may_be_changed(tmp_path):
    """Nothing in the config was made from it: a hook may read it from runner.cfg."""
    path = tmp_path / 'own.py'
    path.write_text(f"_base_ = ['{DEMO}']\nmy_option = dict(depth=2)\nmy_number = 4\n")
    cfg = read_config_file(path, {'my_option.depth': 3, 'my_number': 5})
    assert (cfg.my_option.depth, cfg.my_number) == (3, 5)


@pytest.mark.parametrize('name', KINDS)
def test_every_setting_of_every_config_may_be_set_to_what_it_is(name):
    """No key of the shipped configs counts as unknown, wherever it stands."""
    cfg = read_config_file(config_path(name))
    variables = []

    def leaves(key, value):
        if isinstance(value, dict) and value:
            return [leaf for name in value for leaf in leaves(f'{key}.{name}', value[name])]
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return [leaf for i, part in enumerate(value) for leaf in leaves(f'{key}.{i}', part)]
        return [(key, value)]

    for top in cfg:
        for key, value in leaves(top, cfg[top]):
            if '.' in key and any('.' in part for part in (key.split('custom_keys.')[1:])):
                continue
            try:
                set_options(cfg, {key: value})
            except ValueError as error:
                assert 'is a variable of' in str(error), error
                variables.append(top)
    settings = {'model', 'train_dataloader', 'optim_wrapper', 'train_cfg', 'default_hooks'}
    assert settings <= {*cfg} and not settings & {*variables}


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('a = dict(\n', 'config.py: line 1 of it or of a base is not a config'),
        ('_base_ = ["{demo}", "{demo}"]\n', 'Duplicate key'),
        ('_base_ = ["{demo}"]\n_base_.nothing.x = 1\n', 'config.py cannot be read'),
        ('custom_imports = dict(imports=["no_such_module"])\n', 'no_such_module'),
        ('a = b\n', "name 'b' is not defined"),
    ],
)
def test_a_file_that_is_not_a_config_is_one_line(tmp_path, text, words):
    path = tmp_path / 'config.py'
    path.write_text(text.format(demo=DEMO))
    with pytest.raises(ValueError) as caught:
        read_config_file(path)
    assert words in str(caught.value) and '\n' not in str(caught.value)
    with pytest.raises(FileNotFoundError):
        read_config_file(tmp_path / 'none.py')
