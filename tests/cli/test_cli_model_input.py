"""Models that cannot be built or cannot take their batches end a training in one line, at once."""

import importlib.util

import pytest
from tool_process import REPOSITORY


@pytest.mark.slow
def test_batch_and_size(run_tool, tiny_config, tmp_path):
    """The demo's network without its padding, on 250 pixels; then a head that needs two images."""
    pooling = (
        '{"type": "MultilabelPSPHead", "in_channels": 32, "in_index": 0, "channels": 8, '
        '"num_classes": 29, "norm_cfg": {"type": "BN"}}'
    )
    config = tmp_path / 'pooling.py'
    config.write_text(
        f'_base_ = ["{tiny_config}"]\n'
        f'model = dict(decode_head=dict(_delete_=True, **{pooling}))\n'
        'train_dataloader = dict(batch_size=1)\n'
    )
    for given, options, words in (
        (
            tiny_config,
            ('model.data_preprocessor.size_divisor=50',),
            'error: the model cannot take images of ',
        ),
        (config, (), 'error: decode_head.psp_modules.0.1.bn is a BatchNorm'),
    ):
        arguments = ('--cfg-options', *options) if options else ()
        _, errors = run_tool(
            'train.py', given, '--work-dir', tmp_path / 'work', *arguments, expected=1
        )
        assert errors.splitlines()[-1].startswith(words)
        assert 'Traceback' not in errors
    assert not list((tmp_path / 'work').rglob('*.pth'))


@pytest.mark.slow
def test_missing_extra(run_tool, phantom_root, tmp_path):
    if importlib.util.find_spec('segmentation_models_pytorch'):
        pytest.skip('segmentation_models_pytorch is installed')
    _, errors = run_tool(
        'train.py',
        REPOSITORY / 'configs' / 'unetplusplus_resnet50_1024.py',
        *('--work-dir', tmp_path / 'work', '--from-scratch'),
        *('--cfg-options', f'train_dataloader.dataset.data_root={phantom_root}'),
        expected=1,
        PYTHONPATH=str(REPOSITORY),
    )
    line = errors.splitlines()[-1]
    assert line.startswith('error: segmentation_models_pytorch is not installed')
    assert 'pip install "handbone[smp]"' in line
    assert 'Traceback' not in errors
