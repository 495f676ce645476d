"""Second looks from the command line: trainings, one checkpoint, and what is done with it."""

import json
import shutil
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from archived import archive_images
from mmengine.config import Config
from tool_process import REPOSITORY

from handbone.bones import CLASSES
from handbone.cli.command import main
from handbone.configuration.fold_config import fold_settings, write_finished_fold
from handbone.ensembles import proof
from handbone.ensembles.ensemble_file import read_ensemble
from handbone.inference import open_predictor
from handbone.radiographs.image_reading import read_image

pytestmark = pytest.mark.slow
CONFIG = """
_base_ = ['{base}']
loader = dict(num_workers=0, persistent_workers=False)
dataset = dict(data_root='{data_root}')
train_dataloader = dict(batch_size=2, dataset=dict(num_folds=5, **dataset), **loader)
val_dataloader = dict(dataset=dict(num_folds=5, **dataset), **loader)
test_dataloader = dict(dataset=dataset, **loader)
train_cfg = dict(max_iters=2, val_interval=2)
default_hooks = dict(
    logger=dict(interval=1), checkpoint=dict(interval=2), visualization=dict(draw=False))
"""
NARROW = 'model = dict(backbone=dict(channels=(8, 8)), decode_head=dict(in_channels=8))\n'
#: The first stage is drawn at a third of the size, and all thresholds are low after two iterations.
SMALL = {
    'first': """
_base_.train_dataloader.dataset.pipeline[1].size = (128, 128)
_base_.val_dataloader.dataset.pipeline[1].scale = (128, 128)
model = dict(
    data_preprocessor=dict(stages=[], size_divisor=64),
    backbone=dict(channels=(8, 8, 8, 8, 8)), decode_head=dict(in_channels=8))
""",
    'wrist': NARROW,
    'tips': NARROW,
    'whole': """
_base_.val_dataloader.dataset.pipeline[1].scale = (384, 384)
_base_.test_dataloader.dataset.pipeline[1].scale = (384, 384)
_base_.model.first.data_preprocessor.update(stages=[], size_divisor=64)
_base_.model.first.backbone.channels = (8, 8, 8, 8, 8)
_base_.model.first.decode_head.in_channels = 8
_base_.model.looks[0].network.backbone.channels = (8, 8)
_base_.model.looks[0].network.decode_head.in_channels = 8
_base_.model.looks[1].network.backbone.channels = (8, 8)
_base_.model.looks[1].network.decode_head.in_channels = 8
# after two iterations, networks agree on nothing
_base_.model.looks[0].least_agreement = 0.0
_base_.model.looks[1].least_agreement = 0.0
_base_.model.test_cfg.threshold = 0.02
""",
}
#: They inherit from the demo and from configs/cascade, and bend wrists at random.
BASES = dict(
    first='bent_wrists/folded_unet_384_bend',
    wrist='bent_wrists/wrist_network',
    tips='bent_wrists/fingertip_network',
    whole='bent_wrists/wrist_and_fingertips',
)


@pytest.fixture(scope='module')
def configs(phantom_root, tmp_path_factory):
    """Files of the four configs, for small networks."""
    folder = tmp_path_factory.mktemp('second_look')
    for name, small in SMALL.items():
        base = REPOSITORY / 'configs' / f'{BASES[name]}.py'
        inheriting = folder / f'{name}_inheriting.py'
        inheriting.write_text(CONFIG.format(base=base, data_root=phantom_root) + small)
        Config.fromfile(inheriting).dump(folder / f'{name}.py')
    return folder


@pytest.fixture(scope='module')
def joined(configs):
    """The checkpoint of all networks, each trained for two iterations, with masks everywhere."""
    for name in ('first', 'wrist', 'tips'):
        main(['train', str(configs / f'{name}.py'), '--work-dir', str(configs / name)])
    # two iterations find nothing; a little more bias and the first stage finds bones anywhere
    (file,) = (configs / 'first').glob('best_*.pth')
    content = torch.load(file, weights_only=False)
    names = [name for name in content['state_dict'] if name.endswith('to_pixels.bias')]
    content['state_dict'][names[0]] += 6.0
    torch.save(content, configs / 'first.pth')
    out = configs / 'joined.pth'
    parts = [str(configs / name) for name in ('first.pth', 'wrist', 'tips')]
    main(['join', str(configs / 'whole.py'), *parts, '--out', str(out)])
    return out


@pytest.fixture(scope='module')
def tested(configs, joined):
    """The CSV of the test images."""
    out = configs / 'test.csv'
    arguments = ('--work-dir', str(configs / 'test'), '--out', str(out))
    main(['test', str(configs / 'whole.py'), str(joined), *arguments])
    return out


def rows_of(file):
    lines = file.read_text().splitlines()[1:]
    rows = [line.rsplit(',', 2) for line in lines]
    return {(name.rpartition('/')[2], label): runs for name, label, runs in rows}


def test_predictions_are_those_of_the_test(configs, joined, tested, phantom_root):
    out = configs / 'predicted'
    images = str(phantom_root / 'test' / 'DCM')
    main(['predict', str(configs / 'whole.py'), str(joined), images, '--out-dir', str(out)])
    first, second = rows_of(tested), rows_of(out / 'predictions.csv')
    assert len(first) == 3 * len(CLASSES) and any(first.values())
    assert first == second


def test_published_weights_predict_the_same(configs, joined, tested):
    published = configs / 'joined.safetensors'
    main(['publish', str(joined), '--out', str(published)])
    again = configs / 'again.csv'
    arguments = ('--work-dir', str(configs / 'again'), '--out', str(again))
    main(['test', str(configs / 'whole.py'), str(published), *arguments])
    assert again.read_text() == tested.read_text()


def test_thresholds_votes_and_views(configs, joined):
    config, checkpoint = str(configs / 'whole.py'), str(joined)
    out, work = configs / 'thresholds.json', ('--work-dir', str(configs / 'vote'))
    main(['tune-thresholds', config, checkpoint, *work, '--out', str(out)])
    assert set(json.loads(out.read_text())['classes']) == set(CLASSES)
    models = ('--model', config, checkpoint, '--model', config, checkpoint)
    main(['soft-vote', *models, *work, '--out', str(configs / 'vote.csv')])
    main(['test', config, checkpoint, '--tta', *work, '--out', str(configs / 'tta.csv')])
    for name in ('vote', 'tta'):
        assert any(rows_of(configs / f'{name}.csv').values())


def test_the_hash_is_that_of_regions_and_all_weights(configs, joined):
    from handbone.inference import TorchPredictor

    config = Config.fromfile(configs / 'whole.py')
    hashes = [TorchPredictor(config, joined, 'cpu').model_hash]
    config.model.looks[1].regions[0].margin = 0.25
    hashes.append(TorchPredictor(config, joined, 'cpu').model_hash)
    content = torch.load(joined, weights_only=False)
    name = next(name for name in content['state_dict'] if name.startswith('looks.1.network'))
    content['state_dict'][name] += 1
    torch.save(content, configs / 'changed.pth')
    hashes.append(TorchPredictor(config, configs / 'changed.pth', 'cpu').model_hash)
    assert len(set(hashes)) == 3


@pytest.mark.parametrize(
    ('parts', 'change', 'message'),
    [
        (('first.pth', 'wrist'), {}, 'has 3 networks, first, looks.0.network, looks.1.network'),
        (('wrist', 'first.pth', 'tips'), {}, 'does not fit the first of'),
        (
            ('first.pth', 'wrist', 'tips'),
            {'model.looks.0.regions.0.classes': ['Lunat']},
            'classes that do not exist: Lunat',
        ),
        (
            ('first.pth', 'wrist', 'tips'),
            {'model.looks.0.regions.0.class_list': [*CLASSES[:-1], 'Elbow']},
            "its class_list is not the class list of the dataset: 'Elbow",
        ),
        (
            ('first.pth', 'wrist', 'tips'),
            {'model.looks.0.regions.0.margin': -1},
            'margin is a share',
        ),
    ],
)
def test_what_cannot_be_joined(configs, joined, capsys, parts, change, message):
    config = Config.fromfile(configs / 'whole.py')
    for key, value in change.items():
        *path, last = key.split('.')
        part = config
        for each in path:
            part = part[int(each)] if each.isdigit() else part[each]
        part[last] = value
    config.dump(configs / 'wrong.py')
    out = configs / 'wrong.pth'
    names = [str(configs / part) for part in parts]
    with pytest.raises(SystemExit) as ended:
        main(['join', str(configs / 'wrong.py'), *names, '--out', str(out)])
    assert ended.value.code == 1
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_it_is_trained_part_by_part(configs, capsys):
    with pytest.raises(SystemExit):
        main(['train', str(configs / 'whole.py'), '--work-dir', str(configs / 'whole')])
    assert 'handbone join' in capsys.readouterr().err


@pytest.fixture(scope='module')
def exported(configs, joined):
    """The joined networks as one file of ONNX."""
    for module in ('onnx', 'onnxscript', 'onnxruntime'):
        pytest.importorskip(module)
    file = configs / 'whole.onnx'
    main(['export', str(configs / 'whole.py'), str(joined), '--out', str(file)])
    return file


def test_one_graph_of_all_networks(configs, joined, exported, phantom_root):
    """It labels phantoms as the checkpoint does, without config or checkpoint."""
    images = sorted((phantom_root / 'test' / 'DCM').rglob('*.png'))
    grey = [read_image(path) for path in images]
    wanted = open_predictor(configs / 'whole.py', joined, 'cpu').predict(grey)
    predicted = open_predictor(exported, None, 'cpu').predict(grey)
    for found, labels in zip(predicted, wanted, strict=True):
        assert (found != labels).mean() < 0.01
    assert any(labels.any() for labels in wanted)


@pytest.mark.parametrize('model', ['checkpoint', 'exported'])
def test_archives(configs, joined, phantom_root, model, request):
    """What a process of an archive run does with the joined file, and with the exported one."""
    pytest.importorskip('pyarrow')
    words = (configs / 'whole.py', joined)
    if model == 'exported':
        words = (request.getfixturevalue('exported'), None)
    predictor = open_predictor(*words, 'cpu')
    table = archive_images(predictor, phantom_root, configs / f'unfinished_{model}')
    assert any(table['lengths'].combine_chunks().flatten().to_pylist())


@pytest.fixture(scope='module')
def folds(configs, joined):
    """A cross-validation of the whole: two folds of each network, as if it had not seen them."""
    parts = []
    for name in ('first', 'wrist', 'tips'):
        files = [configs / 'first.pth', *(configs / name).glob('best_*.pth')]
        content = torch.load(files[0 if name == 'first' else -1], weights_only=False)
        cfg = Config.fromstring(content['meta']['cfg'], '.py')
        for fold in range(2):
            folder = configs / 'folds' / name / f'fold_{fold}'
            folder.mkdir(parents=True)
            cfg.merge_from_dict(fold_settings(cfg, fold, 2))
            content['meta']['cfg'] = cfg.pretty_text
            torch.save(content, folder / 'iter_2.pth')
            write_finished_fold(folder, fold, 2)
        parts.append(str(configs / 'folds' / name))
    out = configs / 'folds' / 'whole'
    main(['join', str(configs / 'whole.py'), *parts, '--last', '--out', str(out)])
    return out


def test_the_best_ensemble_may_be_one_of_second_looks(configs, folds, phantom_root, monkeypatch):
    monkeypatch.setattr(proof, 'FEWEST_PATIENTS', 2)
    config, out = str(configs / 'whole.py'), configs / 'best'
    words = ['find-best', str(folds), '--out-dir', str(out), '--without', 'thresholds,components']
    main(words)
    file = str(out / 'ensemble.json')
    members = read_ensemble(file).members
    assert [member.checkpoint for member in members] == [
        str(folds / f'fold_{fold}' / 'joined.pth') for fold in range(2)
    ]
    # where a region is found, it is blended in at twice the resolution of the first stage
    kept = (folds / 'fold_0' / 'out_of_fold_logits').rglob('*.npy')
    sizes = {np.load(each).shape for each in kept}
    enlarged = (len(CLASSES), 2 * 128, 2 * 128)
    assert enlarged in sizes and sizes <= {enlarged, (len(CLASSES), 128, 128)}
    images = str(phantom_root / 'test' / 'DCM')
    main(['predict', config, file, images, '--out-dir', str(configs / 'by_ensemble')])
    assert any(rows_of(configs / 'by_ensemble' / 'predictions.csv').values())
    if find_spec('onnxscript') is None:
        return
    main(['export', config, file, '--out', str(configs / 'best.onnx')])
    grey = [read_image(path) for path in sorted((phantom_root / 'test' / 'DCM').rglob('*.png'))]
    wanted = open_predictor(config, file, 'cpu').predict(grey)
    predicted = open_predictor(configs / 'best.onnx', None, 'cpu').predict(grey)
    for found, labels in zip(predicted, wanted, strict=True):
        assert (found != labels).mean() < 0.01


def test_networks_of_other_folds_are_not_joined(configs, folds, capsys):
    parts = {name: configs / 'folds' / name for name in ('first', 'wrist', 'tips')}
    exchanged = configs / 'folds' / 'exchanged'
    for fold in range(2):  # what was held out in one fold is held out in the other
        shutil.copytree(parts['wrist'] / f'fold_{fold}', exchanged / f'fold_{1 - fold}')
        write_finished_fold(exchanged / f'fold_{1 - fold}', 1 - fold, 2)
    for wrist, message in (
        (exchanged, 'was trained with other folds than'),
        (configs / 'wrist', 'is no work dir of `handbone train-folds`'),
    ):
        words = [str(each) for each in (parts['first'], wrist, parts['tips'])]
        out = configs / 'folds' / 'wrong'
        with pytest.raises(SystemExit):
            main(['join', str(configs / 'whole.py'), *words, '--out', str(out)])
        assert message in capsys.readouterr().err
        assert not out.exists()
