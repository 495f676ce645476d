"""Mixed precision and compilation are refused where the hardware lacks what they need."""

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper

from handbone.cli.command import main
from handbone.engine import acceleration

WITH = 'flags : fpu avx2 avx512_bf16 amx_bf16\n'
WITHOUT = 'flags : fpu avx2 avx512f\n'


@pytest.fixture
def processor(tmp_path, monkeypatch):
    """A machine without GPU whose processor has these flags."""
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)

    def choose(flags):
        monkeypatch.setattr(acceleration, 'CPU_INFO', tmp_path / 'cpuinfo')
        (tmp_path / 'cpuinfo').write_text(flags)

    return choose


def gpu(monkeypatch, has_bfloat16):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'get_device_name', lambda: 'Tesla T4')
    monkeypatch.setattr(
        torch.cuda,
        'is_bf16_supported',
        lambda including_emulation=True: has_bfloat16 or including_emulation,
    )


def amp(precision):
    cfg = Config(dict(optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1))))
    acceleration.use_precision(cfg, precision)
    return cfg


def test_gpu_with_bfloat16(monkeypatch):
    gpu(monkeypatch, has_bfloat16=True)
    for precision, dtype in (('bf16', 'bfloat16'), ('fp16', 'float16')):
        cfg = amp(precision)
        acceleration.check_amp(cfg)
        assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
        assert cfg.optim_wrapper.dtype == dtype


def test_only_float16_is_scaled(monkeypatch):
    """bfloat16 has the exponent of float32; a config that asks for a scale gets it."""
    gpu(monkeypatch, has_bfloat16=True)
    for precision, configured, expected in (
        ('bf16', {}, dict(enabled=False)),
        ('bf16', dict(loss_scale=512.0), 512.0),
        ('fp16', {}, None),
        ('fp16', dict(loss_scale=512.0), 512.0),
    ):
        wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1), **configured)
        cfg = Config(dict(optim_wrapper=wrapper))
        acceleration.use_precision(cfg, precision)
        acceleration.check_amp(cfg)
        assert cfg.optim_wrapper.get('loss_scale') == expected
    scaler = torch.amp.GradScaler('cuda', enabled=False)
    assert not scaler.is_enabled() and scaler.scale(2.0) == 2.0


def test_gpu_without_bfloat16(monkeypatch):
    """Emulation does not count."""
    gpu(monkeypatch, has_bfloat16=False)
    with pytest.raises(ValueError, match=r'Tesla T4 has no bfloat16: use --precision fp16'):
        acceleration.check_amp(amp('bf16'))
    acceleration.check_amp(amp('fp16'))


def test_gpu_without_bfloat16_takes_what_mmengine_takes(monkeypatch):
    """Without a dtype that is float16."""
    gpu(monkeypatch, has_bfloat16=False)
    cfg = Config(dict(optim_wrapper=dict(type='AmpOptimWrapper', loss_scale='dynamic')))
    acceleration.check_amp(cfg)
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'


def test_processor_with_bfloat16(processor):
    processor(WITH)
    cfg = amp('bf16')
    cfg.optim_wrapper.loss_scale = 'dynamic'
    acceleration.check_amp(cfg)
    assert set(cfg.optim_wrapper) == {'type', 'optimizer'}
    assert cfg.optim_wrapper.type == 'CPUAmpOptimWrapper'
    acceleration.check_amp(cfg)  # the dumped configuration can be used again


def test_processor_without_bfloat16(processor):
    processor(WITHOUT)
    with pytest.raises(ValueError, match=r'avx512_bf16, amx_bf16.*train in float32'):
        acceleration.check_amp(amp('bf16'))


def test_no_processor_trains_in_float16(processor):
    processor(WITH)
    with pytest.raises(ValueError, match=r'float16 needs a GPU.*train in float32'):
        acceleration.check_amp(amp('fp16'))


def test_float32_is_not_checked(processor):
    processor(WITHOUT)
    acceleration.check_amp(Config(dict(optim_wrapper=dict(type='OptimWrapper'))))
    acceleration.check_amp(Config(dict()))


def test_compiler(processor, monkeypatch):
    processor(WITHOUT)
    cfg = Config(dict())
    acceleration.check_compile(cfg)
    acceleration.use_compile(cfg)
    assert cfg.default_hooks.compile.type == 'CompileHook'
    monkeypatch.setattr(acceleration.shutil, 'which', lambda name: f'/usr/bin/{name}')
    acceleration.check_compile(cfg)
    monkeypatch.setattr(acceleration.shutil, 'which', lambda name: None)
    with pytest.raises(ValueError, match=r'C\+\+ compiler.*install g\+\+'):
        acceleration.check_compile(cfg)
    with pytest.raises(ValueError, match='compiler'):
        acceleration.check_compile(Config(dict(compile=True)))
    cfg.default_hooks.compile.backend = 'eager'
    acceleration.check_compile(cfg)
    gpu(monkeypatch, has_bfloat16=True)
    cfg.default_hooks.compile.pop('backend')
    monkeypatch.setattr(acceleration, 'find_spec', lambda name: None)
    with pytest.raises(ValueError, match='Triton'):
        acceleration.check_compile(cfg)


@pytest.mark.parametrize('option', [('--precision', 'bf16'), ('--amp',), ('--amp', 'bf16')])
def test_amp_is_refused_before_any_data_is_read(option, processor, tmp_path, capsys, monkeypatch):
    """One line, although the data does not exist either."""
    monkeypatch.delenv('HANDBONE_TRACEBACK', raising=False)
    processor(WITHOUT)
    config = tmp_path / 'config.py'
    config.write_text(
        "optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1))\n"
        "train_dataloader = dict(dataset=dict(type='XRayHandBoneDataset', data_root='nowhere'))\n"
        "train_cfg = dict(type='IterBasedTrainLoop', max_iters=1)\n"
        "model = dict(type='MultilabelEncoderDecoder')\n"
    )
    with pytest.raises(SystemExit) as stopped:
        main(['train', str(config), *option, '--work-dir', str(tmp_path)])
    assert stopped.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith('error: there is no GPU, and this processor has no bfloat16')


@pytest.mark.parametrize(
    'settings', [dict(dtype='bfloat16'), dict(dtype='float16', loss_scale='dynamic')]
)
@pytest.mark.parametrize(
    'change',
    [
        lambda cfg: acceleration.use_precision(cfg, 'fp32'),
        lambda cfg: cfg.merge_from_dict({'optim_wrapper.type': 'OptimWrapper'}),
    ],
)
def test_the_way_out_of_mixed_precision_works(processor, settings, change):
    """What the error advises, and the type alone, for a config that asks for it."""
    processor(WITHOUT)
    wrapper = dict(type='AmpOptimWrapper', optimizer=dict(type='SGD', lr=0.1), **settings)
    cfg = Config(dict(optim_wrapper=wrapper))
    with pytest.raises(ValueError, match='--precision fp32'):
        acceleration.check_amp(cfg)
    change(cfg)
    acceleration.check_amp(cfg)
    build_optim_wrapper(torch.nn.Linear(1, 1), cfg.optim_wrapper)


def test_half_precision_after_bfloat16_is_scaled(monkeypatch):
    """As when the dumped config of a run in bfloat16 is used again."""
    gpu(monkeypatch, has_bfloat16=True)
    cfg = amp('bf16')
    acceleration.check_amp(cfg)
    acceleration.use_precision(cfg, 'fp16')
    acceleration.check_amp(cfg)
    assert 'loss_scale' not in cfg.optim_wrapper


def test_checkpointing_of_what_the_image_goes_into():
    for named in ('backbone', ['decode_head', 'backbone']):
        with pytest.raises(ValueError, match='model.backbone.with_cp=True'):
            acceleration.check_activation_checkpointing(
                Config(dict(activation_checkpointing=named))
            )
    for cfg in (Config(dict(activation_checkpointing=['decode_head'])), Config({})):
        acceleration.check_activation_checkpointing(cfg)
