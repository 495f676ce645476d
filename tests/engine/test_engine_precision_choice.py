"""bfloat16 is chosen where it pays, says why, and stays what it was in a resumed training."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

import handbone.models  # noqa: F401
from handbone.engine import acceleration, precision_choice
from handbone.engine.precision_choice import (
    bfloat16_time,
    choose_precision,
    settle_precision,
    use_test_precision,
)
from handbone.masks import unpack

CPU = torch.device('cpu')


@pytest.fixture
def processor(tmp_path, monkeypatch):
    """A machine without GPU whose processor has these flags and runs bfloat16 in this time."""
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)

    def choose(flags, share=0.5):
        monkeypatch.setattr(acceleration, 'CPU_INFO', tmp_path / 'cpuinfo')
        (tmp_path / 'cpuinfo').write_text(f'flags : fpu avx2 {flags}\n')
        monkeypatch.setattr(precision_choice, 'bfloat16_time', lambda: share)

    return choose


def config(precision, kind='MultilabelEncoderDecoder', **settings):
    wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1))
    return Config(
        dict(precision=precision, model=dict(type=kind), optim_wrapper=wrapper, **settings)
    )


def settle(cfg, interrupted=None):
    """The config as it is run, and what is logged."""
    init_default_scope('mmseg')
    choice = settle_precision(cfg, interrupted)
    acceleration.check_amp(cfg)
    return cfg, str(choice)


@pytest.mark.parametrize('flag', ['avx512_bf16', 'amx_bf16', 'bf16'])
def test_where_it_is_faster(flag, processor):
    processor(flag, share=0.55)
    cfg, line = settle(config('auto'))
    assert (cfg.precision, cfg.optim_wrapper.type) == ('bf16', 'CPUAmpOptimWrapper')
    assert cfg.model.channels_last is True
    assert line == 'Precision bf16: convolutions in bfloat16 take 0.55 x the time of float32 here'


@pytest.mark.parametrize('share', [0.95, 3.0])
def test_where_it_is_not_faster(share, processor):
    processor('amx_bf16', share)
    cfg, line = settle(config('auto'))
    assert (cfg.precision, cfg.optim_wrapper.type) == ('fp32', 'OptimWrapper')
    assert 'channels_last' not in cfg.model
    assert line.startswith(f'Precision fp32: convolutions in bfloat16 take {share:.2f} x')


def test_without_the_instructions_nothing_is_measured(processor, monkeypatch):
    processor('avx512f')
    monkeypatch.setattr(precision_choice, 'bfloat16_time', lambda: pytest.fail('measured'))
    cfg, line = settle(config('auto'))
    assert cfg.optim_wrapper.type == 'OptimWrapper'
    assert line == f'Precision fp32: {acceleration.NO_INSTRUCTIONS}'


def test_several_processes_choose_alike(processor, monkeypatch):
    """Their measurements would differ, and with them the gradients that they average."""
    processor('amx_bf16')
    monkeypatch.setattr(precision_choice, 'bfloat16_time', lambda: pytest.fail('measured'))
    assert settle(config('auto', launcher='pytorch'))[0].precision == 'bf16'


def test_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'get_device_name', lambda device: 'Tesla T4')
    for supported, expected in ((True, 'bf16'), (False, 'fp32')):
        monkeypatch.setattr(
            torch.cuda,
            'is_bf16_supported',
            lambda including_emulation, supported=supported: supported,
        )
        assert choose_precision(torch.device('cuda')).precision == expected
    assert choose_precision(torch.device('mps')).precision == 'fp32'


def test_forced(processor):
    """A config that names a precision gets it, measured or not, and nothing is logged."""
    processor('amx_bf16', share=3.0)
    assert settle(config('bf16'))[0].optim_wrapper.type == 'CPUAmpOptimWrapper'
    assert settle(config('fp32'))[0].optim_wrapper.type == 'OptimWrapper'
    untouched, line = settle(config(None))
    assert untouched.optim_wrapper.type == 'OptimWrapper' and line == 'None'
    with pytest.raises(ValueError, match="precision is one of auto, fp32, bf16, fp16, got 'half'"):
        settle(config('half'))


def test_settings_of_the_config_are_kept(processor):
    """channels_last as the config has it, and no such setting for a model that lacks it."""
    processor('amx_bf16')
    cfg = config('auto')
    cfg.model.channels_last = False
    assert settle(cfg)[0].model.channels_last is False
    assert 'channels_last' not in settle(config('auto', kind='SecondLook'))[0].model


@pytest.mark.parametrize(
    ('former', 'expected'),
    [
        (dict(precision='bf16'), 'bf16'),
        (dict(precision='fp32'), 'fp32'),
        (dict(optim_wrapper=dict(type='CPUAmpOptimWrapper')), 'bf16'),
        (dict(optim_wrapper=dict(type='OptimWrapper')), 'fp32'),
    ],
)
def test_a_resumed_training_keeps_its_precision(former, expected, processor, tmp_path):
    """Whatever a measurement would say now."""
    processor('amx_bf16', share=0.5 if expected == 'fp32' else 3.0)
    checkpoint = tmp_path / 'iter_3.pth'
    meta = dict(cfg=Config(former).pretty_text)
    torch.save(dict(meta=meta, state_dict={}), checkpoint)
    cfg, line = settle(config('auto'), str(checkpoint))
    assert cfg.precision == expected
    assert line == f'Precision {expected}: as in the interrupted training'


@pytest.mark.parametrize(
    ('dtype', 'gpu', 'expected'),
    [
        (dict(dtype='float16'), True, 'fp16'),
        (dict(dtype='bfloat16'), True, 'bf16'),
        (dict(), True, 'fp16'),
        (dict(), False, 'bf16'),
    ],
)
def test_a_resumed_training_keeps_its_wrapper(dtype, gpu, expected, tmp_path, monkeypatch):
    """One that was started in mixed precision by its optimiser alone, with its scaled loss."""
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: gpu)
    wrapper = dict(type='AmpOptimWrapper', loss_scale='dynamic', **dtype)
    checkpoint = tmp_path / 'iter_3.pth'
    meta = dict(cfg=Config(dict(optim_wrapper=wrapper)).pretty_text)
    torch.save(dict(meta=meta, state_dict={}), checkpoint)
    cfg = config('auto')
    cfg.optim_wrapper.update(wrapper)
    assert settle_precision(cfg, str(checkpoint)).precision == expected
    assert cfg.optim_wrapper.dtype == acceleration.DTYPES[expected]
    assert 'loss_scale' in cfg.optim_wrapper


def test_tests_are_in_float32_unless_asked(processor):
    processor('amx_bf16')
    cfg = config(None, test_cfg=dict(type='TestLoop'))
    use_test_precision(cfg, 'auto')
    assert cfg.test_cfg.fp16 is True and cfg.model.channels_last is True
    use_test_precision(cfg, 'fp32')
    assert cfg.test_cfg.fp16 is False
    with pytest.raises(ValueError, match='fp16 needs a GPU'):
        use_test_precision(cfg, 'fp16')


def test_the_measurement_draws_no_random_number():
    state = torch.get_rng_state()
    assert 0 < bfloat16_time(repetitions=1) < 1000
    assert torch.equal(torch.get_rng_state(), state)


def test_same_masks_as_in_float32():
    """bfloat16 has 8 bits of precision: probabilities move by less than 0.06, masks hardly."""
    init_default_scope('mmseg')
    torch.manual_seed(0)
    settings = dict(
        type='MultilabelEncoderDecoder',
        backbone=dict(type='FoldedUNet', channels=(16, 32), fold=4),
        decode_head=dict(type='MultilabelPixelShuffleHead', in_channels=16, num_classes=5),
    )
    model = MODELS.build(settings | dict(channels_last=True))
    model.init_weights()
    torch.nn.init.normal_(model.decode_head.to_pixels.weight, std=0.5)
    images = torch.randn(2, 1, 64, 64)
    model.train()
    for _ in range(3):  # statistics of BatchNorm
        model.encode_decode(images, [])
    model.eval()
    found = []
    for enabled in (False, True):
        with torch.inference_mode(), torch.autocast('cpu', torch.bfloat16, enabled=enabled):
            logits = model.encode_decode(images, [])
            labels = [sample.pred_sem_seg.data for sample in model.predict(images)]
        found.append((logits.float().sigmoid(), torch.cat(labels)))
    (plain, exact), (half, rounded) = found
    assert not torch.equal(plain, half)
    assert (plain - half).abs().max() < 0.06
    masks = [np.stack([unpack(image, 5) for image in each.numpy()]) for each in (exact, rounded)]
    assert 0.2 < masks[0].mean() < 0.8
    assert (plain - half).abs().mean() < 0.005
    assert np.mean(masks[0] != masks[1]) < 0.01
