"""configs/trash learns coloured shapes, with a head of mmseg and with a multilabel head."""

import copy
import csv

import numpy as np
import pytest

from benchmarks.harness.coloured_shapes import draw_shapes, write_shapes
from benchmarks.studies.exclusive_classes import MULTILABEL_HEAD, study_config
from handbone import apis
from handbone.cli.command import main
from handbone.errors import HandboneError
from handbone.masks import decode, string_to_runs

ITERATIONS = 150
SIZE = 64
SCORES = [
    dict(type='ExclusiveIoUMetric'),
    dict(type='UnpackedIoUMetric', prefix='mmseg'),
]


@pytest.fixture(scope='module')
def shapes(tmp_path_factory):
    folder = tmp_path_factory.mktemp('shapes') / 'data'
    classes = study_config(folder, SIZE, 1, folder).train_dataloader.dataset.metainfo.classes
    write_shapes(folder, dict(train=40, val=12), classes, SIZE)
    return folder


@pytest.fixture(scope='module', params=[None, MULTILABEL_HEAD], ids=['mmseg', 'multilabel'])
def trained(shapes, request, tmp_path_factory):
    """The config of a run, with its weights as ``load_from``."""
    config = study_config(shapes, SIZE, ITERATIONS, tmp_path_factory.mktemp('trash') / 'run')
    if request.param:
        config.merge_from_dict(dict(model=dict(decode_head=copy.deepcopy(request.param))))
    config.model.backbone.update(channels=(24, 32, 48), fold=2)
    config.model.decode_head.update(in_channels=24, channels=24)
    config.train_dataloader.batch_size = 4
    for split in ('train', 'val', 'test'):
        config[f'{split}_dataloader'].update(num_workers=0, persistent_workers=False)
    config.optim_wrapper.optimizer.lr = config.param_scheduler.eta_max = 4e-3
    apis.train(copy.deepcopy(config))
    config.load_from = f'{config.work_dir}/iter_{ITERATIONS}.pth'
    return config


def scored(config, name, **changes):
    config = copy.deepcopy(config)
    config.experiment_name = config.visualizer.name = name
    config.test_evaluator = copy.deepcopy(SCORES)
    config.merge_from_dict(changes)
    return apis.test(config)


@pytest.mark.slow
def test_it_learns_and_is_scored_as_by_mmseg(trained):
    scores = scored(trained, 'trash_scores')
    # the background everywhere: nearly its share of the pixels, divided by eleven classes
    assert scores['mIoU'] > 3 * 0.9 / 11
    for key in ('mIoU', 'mAcc', 'aAcc'):
        assert 100 * scores[key] == pytest.approx(scores[f'mmseg/{key}'], abs=0.0051)


@pytest.mark.slow
def test_windows_views_and_votes_score_about_the_same(trained):
    whole = scored(trained, 'trash_whole')
    cfg = dict(mode='slide', crop_size=(48, 48), stride=(16, 16))
    windows = scored(trained, 'trash_windows', model=dict(test_cfg=cfg))
    assert windows['mIoU'] > 0.6 * whole['mIoU']
    voted = copy.deepcopy(trained)
    voted.test_evaluator = copy.deepcopy(SCORES)
    voted.experiment_name = voted.visualizer.name = 'trash_votes'
    twice = [apis.EnsembleModel(voted, trained.load_from)] * 2
    assert apis.soft_vote(twice)['mIoU'] == pytest.approx(whole['mIoU'], abs=1e-3)


@pytest.mark.slow
def test_no_pixel_is_in_two_rows_of_the_csv(trained, tmp_path):
    config_file = tmp_path / 'config.py'
    trained.dump(config_file)
    out = tmp_path / 'submission.csv'
    options = ['--work-dir', str(tmp_path / 'work'), '--tta', '--format-only', '--out', str(out)]
    main(['test', str(config_file), trained.load_from, *options])
    covered: dict = {}
    with out.open() as file:
        for row in csv.DictReader(file):
            runs = string_to_runs(row['rle'])
            mask = decode([runs], SIZE, SIZE)
            covered[row['image_name']] = covered.get(row['image_name'], 0) + mask
    assert len(covered) == 12
    assert max(each.max() for each in covered.values()) == 1


@pytest.mark.slow
def test_predictions_of_files_are_those_of_a_test(trained, shapes, tmp_path):
    config_file = tmp_path / 'config.py'
    trained.dump(config_file)
    files = tmp_path / 'test.csv', tmp_path / 'predictions' / 'predictions.csv'
    run = [str(config_file), trained.load_from]
    main(['test', *run, '--work-dir', str(tmp_path), '--format-only', '--out', str(files[0])])
    words = ['--out-dir', str(files[1].parent), '--write', 'csv,overlays']
    main(['predict', *run, str(shapes / 'val'), *words])
    rows = [sorted(path.read_text().splitlines()) for path in files]
    assert rows[0] == rows[1]
    assert len(list(files[1].parent.glob('overlays/*'))) == 12


def test_thresholds_are_not_tuned(shapes, tmp_path):
    config = study_config(shapes, SIZE, 1, tmp_path / 'run')
    with pytest.raises(HandboneError, match=r'exclude each other .* no thresholds to tune'):
        apis.tune_thresholds(config, ['none.pth'], tmp_path / 'thresholds.json')


def test_shapes_cover_each_other():
    random = np.random.default_rng(0)
    image, things = draw_shapes(random, 10, 64)
    assert image.shape == (64, 64, 3)
    assert 3 <= len(things) <= 5
