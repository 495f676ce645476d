"""The real tools and commands, on phantoms and a configuration that take seconds."""

import io
import math
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from unittest.mock import patch

import pytest
import torch
from made_masks import SIZE, shifted, write_masks
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from mmseg.registry import DATASETS, MODELS
from shared_folder import shared_folder
from tool_process import REPOSITORY, SHORT, Tool
from traced_once import traced_once
from warm_process import warm_python

from handbone.bones import CLASSES
from handbone.cli.command import main
from handbone.datasets.annotation_file import read_annotations
from handbone.masks import rasterize

LAST_LAYER = ('to_pixels.weight', 'to_pixels.bias')
LIMIT = math.log(0.02 / 0.98)  # of the logits, for the threshold in CONFIG

CONFIG = """
_base_ = ['{demo}']
data_root = '{data_root}'
size = (256, 256)
_base_.train_dataloader.dataset.pipeline[1].size = size
_base_.val_dataloader.dataset.pipeline[1].scale = size
_base_.test_dataloader.dataset.pipeline[1].scale = size
loader = dict(num_workers=0, persistent_workers=False)
dataset = dict(data_root=data_root, num_folds=5)
train_dataloader = dict(batch_size=2, dataset=dataset, **loader)
val_dataloader = dict(dataset=dataset, **loader)
test_dataloader = dict(dataset=dict(data_root=data_root), **loader)
model = dict(
    backbone=dict(channels=(32, 64, 128, 192, 256)),  # narrower than the demo's, and faster
    decode_head=dict(in_channels=32),
    test_cfg=dict(threshold=0.02),  # above it there is something after four iterations
)
train_cfg = dict(max_iters=4, val_interval=2)
default_hooks = dict(
    logger=dict(interval=1), checkpoint=dict(interval=2), visualization=dict(worst=1)
)
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a training as slow."""
    for item in items:
        if {'trained', 'folds'} & {*getattr(item, 'fixturenames', ())}:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope='session')
def run_tool():
    """Run a tool to its end; returns what it wrote to standard output and standard error."""

    def run(name, *arguments, expected=0, fresh=False, **environment):
        return Tool(name, *arguments, fresh=fresh, **environment).finish(expected)

    return run


@pytest.fixture(scope='session')
def run_command():
    """Run a command in this process, for those whose imports take long; returns what it wrote."""

    def run(*words, expected=0):
        out, err = io.StringIO(), io.StringIO()
        with (
            patch.dict(os.environ, HANDBONE_TRACEBACK='0'),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            try:
                main([str(word) for word in words])
                code = 0
            except SystemExit as ended:
                code = ended.code
        assert code == expected, err.getvalue()
        return out.getvalue(), err.getvalue()

    return run


@pytest.fixture(scope='session')
def run_export(run_command):
    """Run `handbone export` in this process; equal networks are traced once: it takes seconds."""
    pytest.importorskip('onnx')
    pytest.importorskip('onnxscript')

    def run(*words, expected=0):
        with traced_once():
            return run_command('export', *words, expected=expected)

    return run


@pytest.fixture(scope='session')
def tiny_config(phantom_root, tmp_path_factory):
    """A configuration file: configs/demo.py at 256 x 256, four iterations, flattened."""

    def make(folder):
        inheriting = folder / 'inheriting.py'
        demo = REPOSITORY / 'configs' / 'demo.py'
        inheriting.write_text(CONFIG.format(demo=demo, data_root=phantom_root))
        Config.fromfile(inheriting).dump(folder / 'tiny.py')

    return shared_folder(tmp_path_factory, 'config', make) / 'tiny.py'


@pytest.fixture(scope='session')
def trained(run_tool, tiny_config, tmp_path_factory):
    """The work dir of a training run and what it printed."""

    def make(folder):
        out, _ = run_tool('train.py', tiny_config, '--work-dir', folder / 'work', fresh=True)
        (folder / 'printed').write_text(out)

    folder = shared_folder(tmp_path_factory, 'trained', make)
    return folder / 'work', (folder / 'printed').read_text()


@pytest.fixture(scope='session')
def train_folds(run_command):
    """Run `handbone train-folds` with trainings that start in a moment."""

    def run(*arguments):
        with patch.object(sys, 'executable', str(warm_python())):
            return run_command('train-folds', *arguments)[0]

    return run


@pytest.fixture(scope='session')
def folds(run_tool, train_folds, tiny_config, tmp_path_factory):
    """Two folds, one after the other, in one folder, and what was printed for the second call."""

    def make(folder):
        options = (tiny_config, '--folds', 2, '--work-dir', folder / 'work')
        run_tool('train_folds.py', *options, '--fold-list', 1, *SHORT)
        (folder / 'printed').write_text(train_folds(*options, *SHORT))

    folder = shared_folder(tmp_path_factory, 'folds', make)
    return folder / 'work', (folder / 'printed').read_text()


@pytest.fixture(scope='session')
def tested(run_tool, tiny_config, checkpoint, tmp_path_factory):
    """A folder with CSV, overlays and work dir of one test run, and what it printed."""

    def make(folder):
        out, _ = run_tool(
            'test.py',
            tiny_config,
            checkpoint,
            *('--work-dir', folder / 'work'),
            *('--out', folder / 'masks.csv'),
            *('--show-dir', folder / 'overlays'),
            fresh=True,
        )
        (folder / 'printed').write_text(out)

    folder = shared_folder(tmp_path_factory, 'tested', make)
    return folder, (folder / 'printed').read_text()


class Model:
    """The network of a checkpoint, run image by image without any runner."""

    def __init__(self, config, checkpoint):
        init_default_scope('mmseg')
        self.config = Config.fromfile(config)
        self.network = MODELS.build(self.config.model).eval()
        load_checkpoint(self.network, str(checkpoint), 'cpu')
        self.network.test_cfg['keep_logits'] = True
        self.dataset = DATASETS.build(self.config.test_dataloader.dataset)

    def predict(self):
        """Predict the test images, each a data sample with ``seg_logits``."""
        with torch.no_grad():
            return [
                self.network.test_step(pseudo_collate([self.dataset[index]]))[0]
                for index in range(len(self.dataset))
            ]


@pytest.fixture(scope='session')
def load_model():
    return Model


@pytest.fixture(scope='session')
def checkpoint(trained, tiny_config, tmp_path_factory):
    """The trained network with an output layer that says something everywhere.

    After a few iterations every mask is still empty, and empty masks prove nothing.
    """
    folder = shared_folder(
        tmp_path_factory,
        'checkpoint',
        lambda folder: write_speaking(trained[0] / 'iter_4.pth', tiny_config, folder),
    )
    return folder / 'speaking.pth'


def write_speaking(source, config, folder):
    """Write ``speaking.pth``: a fifth of the pixels of each class are above the threshold."""
    content = torch.load(source, weights_only=False)
    head = {key: content['state_dict'][f'decode_head.{key}'] for key in LAST_LAYER}
    weight, bias = head['to_pixels.weight'], head['to_pixels.bias']
    # the same for all places in a block, so that masks are not specks
    one = torch.randn((len(CLASSES), *weight.shape[1:]), generator=torch.Generator().manual_seed(0))
    repeats = len(bias) // len(CLASSES)
    weight.copy_(one.repeat_interleave(repeats, dim=0))
    bias.zero_()
    path = folder / 'speaking.pth'
    torch.save(content, path)
    logits = torch.stack([sample.seg_logits.data for sample in Model(config, path).predict()])
    limits = logits.transpose(0, 1).flatten(1).quantile(0.8, dim=1)
    bias.copy_((LIMIT - limits).repeat_interleave(repeats))
    torch.save(content, path)


@pytest.fixture(scope='module')
def annotations(phantom_root):
    return phantom_root / 'test' / 'outputs_json'


@pytest.fixture(scope='module')
def truths(annotations):
    """Packed maps by the stem of the image."""
    indices = {name: index for index, name in enumerate(CLASSES)}
    return {
        path.stem: rasterize(read_annotations(path, indices).polygons.split(), *SIZE, len(CLASSES))
        for path in sorted(annotations.rglob('*.json'))
    }


@pytest.fixture(scope='module')
def masks(truths, tmp_path_factory):
    """A CSV of the truth, one pixel too far to the right."""
    path = tmp_path_factory.mktemp('masks') / 'one.csv'
    return write_masks(path, {name: shifted(packed, 1) for name, packed in truths.items()})


@pytest.fixture
def refused(capsys, monkeypatch):
    """Run the tool's function and return the one line that it writes on its error."""
    monkeypatch.delenv('HANDBONE_TRACEBACK', raising=False)

    def run(*arguments):
        with pytest.raises(SystemExit) as stopped:
            main(['evaluate', *map(str, arguments)])
        assert stopped.value.code == 1
        (line,) = [
            line for line in capsys.readouterr().err.splitlines() if line.startswith('error: ')
        ]
        return line.removeprefix('error: ')

    return run
