"""Phantom data sets on disk."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from handbone.bones import CLASSES
from handbone.phantom import PRESETS, Preset, generate, write_dataset
from handbone.phantom import dataset as dataset_module
from handbone.phantom.dataset import plan_files


@pytest.fixture(scope='module')
def written(tmp_path_factory):
    root = tmp_path_factory.mktemp('phantom') / 'data'
    assert write_dataset(root, train=5, test=3, size=256) == 8
    return root


def content(root):
    return {path.relative_to(root): path.read_bytes() for path in root.rglob('*') if path.is_file()}


def test_layout(written):
    for split, count in (('train', 5), ('test', 3)):
        images = sorted((written / split / 'DCM').glob('ID*/image*_[RL].png'))
        assert len(images) == count
        for image in images:
            truth = written / split / 'outputs_json' / image.parent.name / f'{image.stem}.json'
            assert truth.is_file()
            assert len(image.stem.removeprefix('image')) == 13 + 2
    sides = {path.stem[-1] for path in (written / 'train/DCM/ID001').iterdir()}
    assert sides == {'R', 'L'}
    assert not list(written.rglob('*.part'))


def test_names_are_unique_and_patients_of_the_splits_differ(written):
    images = list(written.rglob('*.png'))
    assert len({path.name for path in images}) == len(images)
    patients = {
        split: {path.name for path in (written / split / 'DCM').iterdir()}
        for split in ('train', 'test')
    }
    assert not patients['train'] & patients['test']


def test_annotations(written):
    for path in written.rglob('outputs_json/*/*.json'):
        document = json.loads(path.read_text())
        image = Path(str(path.with_suffix('.png')).replace('outputs_json', 'DCM'))
        assert document['filename'] == image.name
        assert document['metadata'] == {'height': 256, 'width': 256}
        assert cv2.imread(str(image), cv2.IMREAD_UNCHANGED).shape == (256, 256)
        assert [entry['label'] for entry in document['annotations']] == list(CLASSES)
        for entry in document['annotations']:
            assert entry['type'] == 'poly_seg' and entry['attributes'] == {}
            assert np.asarray(entry['points'], float).shape[1] == 2
        assert len({entry['id'] for entry in document['annotations']}) == len(CLASSES)


def test_files_hold_what_generate_gives(written):
    phantom = generate(0, 1, size=256)
    (image,) = (written / 'train/DCM/ID001').glob('*_L.png')
    assert np.array_equal(cv2.imread(str(image), cv2.IMREAD_UNCHANGED), phantom.image)
    document = json.loads((written / f'train/outputs_json/ID001/{image.stem}.json').read_text())
    for entry, (label, points) in zip(document['annotations'], phantom.polygons, strict=True):
        assert entry['label'] == label and np.array_equal(entry['points'], points)


def test_patient_table(written):
    with (written / 'patients.csv').open() as table:
        rows = list(csv.DictReader(table))
    assert list(rows[0]) == ['ID', 'age', 'sex', 'weight', 'height', 'notes']
    folders = {path.name for path in written.glob('*/DCM/*')}
    assert {row['ID'] for row in rows} == folders
    first = generate(0, 0, size=256).patient
    assert (int(rows[0]['age']), rows[0]['sex']) == (first.age, first.sex)


def test_workers_write_the_same_bytes(written, tmp_path):
    write_dataset(tmp_path, train=5, test=3, size=256, workers=2)
    assert content(tmp_path) == content(written)


def test_interrupted_call_goes_on(written, tmp_path, monkeypatch):
    calls = []

    def stop_at_third(file):
        calls.append(file)
        if len(calls) == 3:
            raise KeyboardInterrupt
        write(file)

    write = dataset_module.write_phantom
    monkeypatch.setattr(dataset_module, 'write_phantom', stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        write_dataset(tmp_path, train=5, test=3, size=256)
    monkeypatch.undo()
    # An image whose JSON is still missing counts as unwritten.
    next((tmp_path / 'train').rglob('*.json')).unlink()
    assert write_dataset(tmp_path, train=5, test=3, size=256) == 7
    assert content(tmp_path) == content(written)
    assert write_dataset(tmp_path, train=5, test=3, size=256) == 0


def test_data_set_can_grow(written, tmp_path):
    write_dataset(tmp_path, train=2, test=1, size=256)
    assert write_dataset(tmp_path, train=5, test=3, size=256) == 5
    assert content(tmp_path) == content(written)
    with pytest.raises(ValueError, match='already has 5 training and 3 test'):
        write_dataset(tmp_path, train=4, test=3, size=256)


@pytest.mark.parametrize('other', [{'seed': 1}, {'size': 288}, {'preset': PRESETS['shift']}])
def test_folder_never_mixes_data_sets(written, tmp_path, other):
    shutil.copy(written / 'phantom.json', tmp_path)
    arguments = {'train': 5, 'test': 3, 'size': 256} | other
    with pytest.raises(ValueError, match=r'phantom\.json: .* a different generator, seed'):
        write_dataset(tmp_path, **arguments)
    assert [path.name for path in tmp_path.iterdir()] == ['phantom.json']


def test_unreadable_record_is_not_overwritten(tmp_path):
    (tmp_path / 'phantom.json').write_text('{')
    with pytest.raises(ValueError, match=r'phantom\.json'):
        write_dataset(tmp_path, train=1, test=0, size=256)


def test_test_truth_can_be_withheld(tmp_path):
    write_dataset(tmp_path, train=0, test=2, size=256, test_truth=False)
    assert len(list(tmp_path.rglob('*.png'))) == 2
    assert not list(tmp_path.rglob('outputs_json'))


def test_test_images_do_not_depend_on_the_number_of_training_images():
    plans = [
        [file for file in plan_files(Path(), train, 4, 0, 512, PRESETS['default'], True)][train:]
        for train in (0, 10)
    ]
    assert plans[0] == plans[1]


def test_settings_of_each_split_are_used(tmp_path):
    plain = PRESETS['default'].train
    preset = Preset(replace(plain, bent_wrist_rate=0.0), replace(plain, bent_wrist_rate=1.0))
    files = list(plan_files(tmp_path, 6, 6, 0, 512, preset, True))
    bent = [generate(file.seed, file.index, file.settings, 256).pose.bent for file in files]
    assert bent == [False] * 6 + [True] * 6


@pytest.mark.parametrize(
    'numbers',
    [(0, 0, 1, 256), (-1, 2, 1, 256), (2, 0, 0, 256), (20_000, 0, 1, 256), (2, 0, 1, 700)],
)
def test_numbers_out_of_range(tmp_path, numbers):
    train, test, workers, size = numbers
    with pytest.raises(ValueError, match='nothing to write|at most|multiple of 32'):
        write_dataset(tmp_path / 'data', train, test, size=size, workers=workers)
    assert not (tmp_path / 'data').exists()


def test_fault_in_a_worker_is_reported(tmp_path):
    (tmp_path / 'train').mkdir()
    (tmp_path / 'train/DCM').write_text('a file where a folder belongs')
    with pytest.raises(OSError):
        write_dataset(tmp_path, train=4, test=0, size=256, workers=2)
