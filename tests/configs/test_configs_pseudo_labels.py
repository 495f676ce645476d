"""From a few labelled images and more unlabelled ones to a verdict, by the shipped configs."""

import csv
import io
import shutil
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from handbone.apis.pseudo_labelling import pseudo_label
from handbone.apis.run_verdict import judge_run
from handbone.bones import CLASSES
from handbone.cli.command import main
from handbone.errors import HandboneError
from handbone.masks import split_unknown
from handbone.phantom import write_dataset
from handbone.pseudo_labels import training_patients

CONFIGS = Path(__file__).parents[2] / 'configs/pseudo_labels'


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """Ten labelled and twenty unlabelled images."""
    folder = tmp_path_factory.mktemp('few')
    write_dataset(folder, train=10, test=20, size=320)
    return folder


@pytest.fixture(scope='module')
def labels(root):
    folder = root / 'pseudo'
    words = ['pseudo-label', root / 'test/DCM', '--training', root, '--out-dir', folder]
    printed = io.StringIO()
    with redirect_stdout(printed):
        main([*map(str, words)])
    return folder, printed.getvalue()


def small(name, root, work_dir):
    config = Config.fromfile(CONFIGS / f'{name}.py')
    train = config.train_dataloader.dataset
    real, *pseudo = train.get('datasets', [train])
    for dataset in (real, config.val_dataloader.dataset):
        dataset.data_root = str(root)
    for dataset in pseudo:
        dataset.data_prefix = dict(
            img_path=str(root / 'test/DCM'), ann_path=str(root / 'pseudo/outputs_json')
        )
        dataset.ann_file = str(root / 'pseudo/images.txt')
    for dataset in (real, *pseudo):
        dataset.pipeline[1].size = (64, 64)
    config.val_dataloader.dataset.pipeline[1].scale = (64, 64)
    for loader in (config.train_dataloader, config.val_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
    config.model.data_preprocessor.update(type='SegDataPreProcessor', size_divisor=64)
    del config.model.data_preprocessor['stages']
    config.model.backbone.channels = (8, 8, 8, 8, 8)
    config.model.decode_head.in_channels = 8
    config.train_cfg.update(max_iters=4, val_interval=4)
    config.work_dir = str(work_dir)
    config.experiment_name = config.visualizer.name = f'{name}_{root.name}'
    return config


@pytest.mark.slow
def test_labels_of_the_starter_are_near_the_truth_where_they_are_sure(root, labels, tmp_path):
    folder, printed = labels
    with (folder / 'pseudo_labels.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20 * len(CLASSES)
    words = [row['decision'] for row in rows]
    # most bones are found alike in both views, and not all of them
    assert words.count('kept') > 0.6 * len(rows) and words.count('unknown') > 0
    assert f'{words.count("kept")} classes kept, {words.count("unknown")} unknown' in printed
    out = tmp_path / 'scores.csv'
    predicted = folder / 'members/01/predictions.csv'
    reference = root / 'test/outputs_json'
    main(['evaluate', str(predicted), str(reference), '--metrics', 'dice', '--out', str(out)])
    with out.open(newline='') as file:
        dice = {(Path(r['image']).name, r['class']): float(r['dice']) for r in csv.DictReader(file)}
    of_word = {
        word: np.mean(
            [dice[Path(r['image_name']).name, r['class']] for r in rows if r['decision'] == word]
        )
        for word in set(words)
    }
    assert of_word['kept'] > 0.85 and of_word['kept'] > of_word['unknown'] + 0.1


@pytest.mark.slow
def test_another_gate_needs_no_new_prediction(root, labels, tmp_path, monkeypatch):
    copy = tmp_path / 'copy'
    shutil.copytree(labels[0], copy)
    before = {path: path.read_bytes() for path in copy.rglob('*') if path.is_file()}

    def fail(*_):
        raise AssertionError('predicted again')

    monkeypatch.setattr('handbone.inference.TorchPredictor.predict', fail)
    strict = pseudo_label(root / 'test/DCM', copy, gate=0.97, training=[root])
    usual = pseudo_label(root / 'test/DCM', copy, training=[root])
    assert 0 < strict.decisions['kept'] < usual.decisions['kept']
    assert {path: path.read_bytes() for path in copy.rglob('*') if path.is_file()} == before


@pytest.mark.slow
def test_real_and_pseudo_labels_train_together_and_are_judged(root, labels, tmp_path):
    work_dirs = [tmp_path / name for name in ('real_and_pseudo', 'real')]
    sources, unknown = [], []
    for work_dir in work_dirs:
        runner = Runner.from_cfg(small(work_dir.name, root, work_dir))
        step = runner.model.train_step

        def remember(data, optim_wrapper, step=step):
            for sample in data['data_samples']:
                sources.append('test' in Path(sample.img_path).parts)
                unknown.append(split_unknown(sample.gt_sem_seg.data, len(CLASSES))[1] is not None)
            return step(data, optim_wrapper)

        runner.model.train_step = remember
        runner.train()
    first = np.array(sources[:16])
    assert 4 <= first.sum() <= 12 and not any(sources[16:])  # half of the images, and none
    assert not any(np.array(unknown)[~np.array(sources)])
    verdict = judge_run(*work_dirs)
    patients = verdict.evaluation.scores.patients
    assert verdict.difference.groups == len(set(patients)) > 1
    assert 'ept: ' in verdict.text()
    printed = io.StringIO()
    with redirect_stdout(printed):
        main(['compare-runs', str(work_dirs[0]), '--against', str(work_dirs[1])])
    assert 'train_dataloader.sampler' in printed.getvalue()
    assert printed.getvalue().splitlines()[-1] == verdict.text().splitlines()[-1]


def test_patients_of_training_and_validation_are_refused(root, tmp_path):
    config = Config.fromfile(CONFIGS / 'real.py')
    for loader in (config.train_dataloader, config.val_dataloader):
        loader.dataset.data_root = str(root)
    config.dump(tmp_path / 'own.py')
    found = training_patients(config)
    patients = found.uses
    assert sorted(set(patients.values())) == ['training', 'validation'] and not found.note
    assert set(patients) == {folder.name for folder in (root / 'train/DCM').iterdir()}
    for purpose in ('training', 'validation'):
        name = next(patient for patient, use in patients.items() if use == purpose)
        images = tmp_path / purpose
        shutil.copytree(root / 'train/DCM' / name, images / name)
        with pytest.raises(
            HandboneError, match=f'leak: 1 of its 1 patient is also in the {purpose}'
        ):
            pseudo_label(images, tmp_path / 'out', training=[tmp_path / 'own.py'])
    config.train_dataloader.dataset.data_root = str(tmp_path / 'elsewhere')
    assert 'train_dataloader.dataset is not here' in training_patients(config).note
    assert not (tmp_path / 'out').exists()
