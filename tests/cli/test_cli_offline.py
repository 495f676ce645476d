"""Pretrained weights that are neither on disk nor to be had."""

import pytest
from tool_process import REPOSITORY


@pytest.mark.slow
def test_error_says_which_file_to_put_where(run_tool, tmp_path):
    closed = 'http://127.0.0.1:9'
    _, errors = run_tool(
        'train.py',
        REPOSITORY / 'configs' / 'segformer_mit-b0_1024.py',
        *('--work-dir', tmp_path / 'work'),
        expected=1,
        TORCH_HOME=str(tmp_path / 'torch'),
        http_proxy=closed,
        https_proxy=closed,
        no_proxy='',
    )
    line = errors.splitlines()[-1]
    url = (
        'https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/segformer/'
        'mit_b0_20220624-7e0fe6dd.pth'
    )
    assert line.startswith(f'error: cannot download the pretrained weights {url}')
    assert f'copy it to {tmp_path}/torch/hub/checkpoints/mit_b0_20220624-7e0fe6dd.pth' in line
    assert '--from-scratch' in line
    assert 'Traceback' not in errors
    assert not list((tmp_path / 'torch').rglob('*.pth*'))
