"""Several processes on CPUs, through torchrun on one node and two, and through Slurm."""

import json
import os
import re

import pytest
import torch
from mmengine.config import Config
from tool_process import REPOSITORY, Tool, free_port, without_torchrun

pytestmark = pytest.mark.slow

SRUN = """#!/bin/sh
# one task of srun: options first, then the command
while [ "${1#-}" != "$1" ]; do
    echo "srun option $1"
    [ "$1" = -p ] && shift
    shift
done
export SLURM_PROCID=0 SLURM_NTASKS=1 SLURM_LOCALID=0 SLURM_JOB_NODELIST='node[1-2]'
exec "$@"
"""
SCONTROL = """#!/bin/sh
[ "$*" = 'show hostnames node[1-2]' ] && printf '127.0.0.1\\nnode2\\n'
"""


def scores_in_training(work_dir):
    (log,) = work_dir.glob('*/vis_data/[0-9]*.json')
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return [line['mDice'] for line in lines if 'mDice' in line]


def score_of_test(work_dir):
    (log,) = work_dir.glob('*/*.json')
    return json.loads(log.read_text())['mDice']


def through_torchrun(config, *options):
    tool = Tool('dist_train.sh', config, 2, *options, PORT=free_port())
    return tool.finish()[0]


AVERAGED = ('type=EMAHook', 'momentum=0.5', 'update_buffers=True')


@pytest.mark.parametrize(
    ('train', 'options'),
    [
        (through_torchrun, ()),
        (without_torchrun, tuple(f'default_hooks.ema.{item}' for item in AVERAGED)),
    ],
    ids=['plain', 'ema'],
)
def test_two_processes_train(run_tool, tiny_config, checkpoint, tmp_path, train, options):
    """Each validates the model that is saved, though their batches, and so BatchNorm, differ."""
    out = train(
        tiny_config,
        *('--work-dir', tmp_path / 'work'),
        *('--cfg-options', f'load_from={checkpoint}', 'default_hooks.visualization.worst=0'),
        *options,
    )
    assert 'Training on 2 x ' in out
    content = torch.load(tmp_path / 'work' / 'iter_4.pth', weights_only=False)
    assert content['meta']['iter'] == 4
    run_tool(
        'test.py',
        tiny_config,
        tmp_path / 'work' / 'iter_4.pth',
        *('--val', '--work-dir', tmp_path / 'test'),
    )
    assert score_of_test(tmp_path / 'test') == scores_in_training(tmp_path / 'work')[-1] > 0


def test_two_nodes_train(tiny_config, tmp_path):
    """Both end, and end well: neither may take the rendezvous away from the other."""
    port = free_port()
    nodes = [
        Tool(
            'dist_train.sh',
            tiny_config,
            1,
            *('--work-dir', tmp_path / f'node{rank}'),
            *('--cfg-options', 'train_cfg.max_iters=2'),
            NNODES='2',
            NODE_RANK=str(rank),
            MASTER_ADDR='127.0.0.1',
            PORT=port,
        )
        for rank in range(2)
    ]
    for node in nodes:
        node.finish()
    assert (tmp_path / 'node0' / 'iter_2.pth').is_file()
    assert not list(tmp_path.glob('node1/*.pth'))


def test_submission_is_that_of_one_process(run_tool, tiny_config, checkpoint, tested, tmp_path):
    """Three images on two processes: one process predicts an image that the other had too."""
    run_tool(
        'dist_test.sh',
        *(tiny_config, checkpoint, 2),
        *('--format-only', '--out', tmp_path / 'two.csv', '--work-dir', tmp_path / 'work'),
        PORT=free_port(),
    )
    written = (tested[0] / 'masks.csv').read_bytes()
    assert written.count(b'\n') == 1 + 3 * 29
    assert (tmp_path / 'two.csv').read_bytes() == written


def test_slurm_trains(run_tool, tiny_config, tmp_path):
    """The script, the choice of the first node and the launcher, with one task."""
    for name, script in (('srun', SRUN), ('scontrol', SCONTROL)):
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    out, _ = run_tool(
        'slurm_train.sh',
        *('partition', 'job', tiny_config),
        *('--work-dir', tmp_path / 'work', '--cfg-options', 'train_cfg.max_iters=2'),
        PATH=f'{tmp_path}:{os.environ["PATH"]}',
        GPUS='1',
        GPUS_PER_NODE='0',
        MASTER_PORT=free_port(),
    )
    assert 'srun option --ntasks=1' in out and 'srun option -p' in out
    assert not re.search('srun option --gres', out)
    assert (tmp_path / 'work' / 'iter_2.pth').is_file()
    assert Config.fromfile(tmp_path / 'work' / 'tiny.py').launcher == 'slurm'


def test_an_error_ends_all_processes(run_tool, tiny_config, phantom_root, tmp_path):
    """One process meets a bad image and stops; the other waits for it in vain and must not."""
    bad = tmp_path / 'bad.py'
    bad.write_text(f"""
_base_ = ['{tiny_config}']
custom_imports = dict(imports=['handbone', 'failing_hook'], allow_failed_imports=False)
custom_hooks = [dict(type='FailingHook')]
""")
    (tmp_path / 'failing_hook.py').write_text("""
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

@HOOKS.register_module()
class FailingHook(Hook):
    def before_train_iter(self, runner, *args, **kwargs):
        if runner.iter == 1 and get_rank() == 1:
            raise OSError(28, 'No space left on device', 'somewhere')
""")
    _, errors = run_tool(
        'dist_train.sh',
        bad,
        2,
        *('--work-dir', tmp_path / 'work'),
        expected=1,
        PYTHONPATH=f'{REPOSITORY}:{tmp_path}',
        PORT=free_port(),
    )
    assert "error: [Errno 28] No space left on device: 'somewhere'\n" in errors
