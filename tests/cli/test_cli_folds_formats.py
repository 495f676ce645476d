"""handbone folds of labels in any format, and what reads its CSV."""

import json

import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from handbone.apis import convert, make_folds, read_config_file
from handbone.csv_files import csv_bytes
from handbone.datasets import XRayHandBoneDataset
from handbone.datasets.fold_file import read_fold_file
from handbone.datasets.fold_making import balanced_folds
from handbone.datasets.formats.catalogue import FORMATS
from handbone.datasets.image_attributes import read_attributes
from handbone.metadata import read_patient_table
from handbone.planning import step_cost
from handbone.planning.source import find_source

#: What handbone writes of grey PNG files; a DICOM segmentation needs DICOM images.
WRITTEN = sorted(FORMATS.keys() - {'dicom-seg'})
#: Its names of images have no folders.
PATTERNS = {'nnunet': '(ID[0-9]+)'}


@pytest.fixture(scope='module')
def as_coco(phantom_root, tmp_path_factory):
    """Labels apart from their images, with the patient in the names of these."""
    folder = tmp_path_factory.mktemp('coco')
    convert(phantom_root / 'train', folder / 'a', 'coco', image_files='copy')
    labels = json.loads((folder / 'a/coco.json').read_text())
    (folder / 'pictures').mkdir()
    for image in labels['images']:
        name = image['file_name']
        image['file_name'] = name.replace('/', '-')
        (folder / 'a/images' / name).rename(folder / 'pictures' / image['file_name'])
    (folder / 'labels.json').write_text(json.dumps(labels))
    return folder


def held_out(settings, path, num_folds):
    """Patients that datasets of these settings hold out, by fold."""
    init_default_scope('mmseg')
    folds = dict(fold_file=str(path), num_folds=num_folds, split='val', pipeline=[])
    datasets = [DATASETS.build(dict(settings, fold=fold, **folds)) for fold in range(num_folds)]
    return [{info['patient'] for info in dataset} for dataset in datasets]


def by_fold(path):
    folds = read_fold_file(path)
    return [
        {name for name, fold in folds.items() if fold == number}
        for number in range(max(folds.values()) + 1)
    ]


@pytest.mark.parametrize('name', WRITTEN)
def test_folds_of_every_format_are_those_of_its_dataset(run_command, phantom_root, tmp_path, name):
    data, out = tmp_path / 'data', tmp_path / 'folds.csv'
    convert(phantom_root / 'train', data, name, image_files='copy')
    words = ['--patient-pattern', PATTERNS[name]] if name in PATTERNS else []
    shown, _ = run_command('folds', data, '--folds', 3, '--by', 'side', '--out', out, *words)
    assert f'Read as {name}: ' in shown
    assert '3 folds of 6 patients, 4/4/4 images' in shown
    assert set(read_fold_file(out)) == {each.name for each in phantom_root.glob('train/DCM/*')}
    source = find_source(data, patient_pattern=PATTERNS.get(name))
    assert held_out(source.settings, out, 3) == by_fold(out)


def test_a_folder_of_hand_bones_has_the_folds_that_it_had(run_command, phantom_root, tmp_path):
    out = tmp_path / 'folds.csv'
    run_command('folds', phantom_root, '--folds', 3, '--out', out)
    dataset = XRayHandBoneDataset(data_root=str(phantom_root), pipeline=[])
    table = read_patient_table(phantom_root / 'patients.csv')
    folds = balanced_folds(read_attributes(dataset, None, table), 3)
    assert out.read_bytes() == csv_bytes([('patient', 'fold'), *folds.items()])


def test_options_of_the_labels_and_a_plan_with_the_folds(
    run_command, as_coco, phantom_root, tmp_path, monkeypatch
):
    monkeypatch.setattr(step_cost, '_measure', lambda *_: (0.1, 10**9))
    out, config = tmp_path / 'folds.csv', tmp_path / 'mine.py'
    words = [as_coco / 'labels.json', '--images', as_coco / 'pictures', '--from', 'coco']
    words += ['--patient-pattern', '(ID[0-9]+)-', '--rename', 'Radius=forearm', 'Ulna=forearm']
    words += ['--skip', 'finger-1', '--read', 'crowd=skip']
    table = ['--table', phantom_root / 'patients.csv', '--by', 'sex,side']
    shown, _ = run_command('folds', *words, *table, '--folds', 3, '--out', out)
    assert '3 folds of 6 patients' in shown and '| sex ' in shown and '| side ' in shown
    run_command('plan', *words, '--fold-file', out, '--time', '2min', '--out', config)
    dataset = read_config_file(config).train_dataloader.dataset
    assert dataset.fold_file == str(out) and 'forearm' in dataset.metainfo.classes
    dataset = {key: dataset[key] for key in dataset if key not in ('fold', 'split')}
    assert held_out(dataset, out, 3) == by_fold(out)


def test_a_pattern_stands_against_the_table_in_the_folder(run_command, phantom_root, tmp_path):
    words = ['folds', phantom_root, '--folds', 2, '--out', tmp_path / 'folds.csv']
    shown, _ = run_command(*words)
    assert '| sex ' in shown and 'is not used' not in shown
    words += ['--patient-pattern', '(ID[0-9]+)/']
    shown, _ = run_command(*words)
    (note,) = [line for line in shown.splitlines() if 'is not used' in line]
    assert str(phantom_root / 'patients.csv') in note and '| sex ' not in shown
    table = phantom_root / 'patients.csv'
    shown, _ = run_command(*words, '--table', table)
    assert '| sex ' in shown and 'is not used' not in shown
    _, error = run_command(*words, '--by', 'side,sex', expected=1)
    assert (
        f"--patient-pattern names the patients, so {table} is not used, and 'sex' cannot be seen "
        f'in the images. Give a table of these patients with --table, {table} if it names them so.'
    ) in error


def test_what_a_reader_guesses_is_told_once(phantom_root, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(
        'handbone.datasets.format_dataset.print_log', lambda text, **_: said.append(text)
    )
    convert(phantom_root / 'train', tmp_path, 'rle-csv', image_files='copy')
    folds = make_folds(tmp_path, 2, by=['side'])
    (guess,) = [line for line in (*said, *folds.text().splitlines()) if 'starts are' in line]
    assert str(tmp_path) in guess and 'runs go along rows' in guess


@pytest.mark.parametrize(
    'options', [dict(patient_pattern='/[a-z]*([0-9]+)_'), dict(rename={'Radius': 'forearm'})]
)
def test_options_for_a_folder_of_hand_bones(phantom_root, tmp_path, options):
    """The layout keeps its test images out of the folds."""
    out = tmp_path / 'folds.csv'
    folds = make_folds(phantom_root, 2, by=['side'], out=out, **options)
    settings = find_source(phantom_root, **options).settings
    assert held_out(settings, out, 2) == by_fold(out)
    assert len(folds.of_patient) == (12 if 'patient_pattern' in options else 6)


def test_a_patient_whose_labels_are_bad_has_a_fold(as_coco, tmp_path):
    """Datasets that go on without bad files look its fold up."""
    labels = json.loads((as_coco / 'labels.json').read_text())
    bad = {each['id'] for each in labels['images'] if each['file_name'].startswith('ID002-')}
    for each in labels['annotations']:
        if each['image_id'] in bad:
            each['segmentation'] = [[1, 2, 3]]
    path, out = tmp_path / 'labels.json', tmp_path / 'folds.csv'
    path.write_text(json.dumps(labels))
    source = find_source(path, None, as_coco / 'pictures', patient_pattern='(ID[0-9]+)-')
    settings = dict(source.settings, bad_files='report')
    config = tmp_path / 'config.py'
    config.write_text(f'train_dataloader = dict(dataset={settings!r})\n')
    folds = make_folds(config, 3, out=out)
    assert '1 patient without a readable image is dealt out.' in folds.text()
    readable = [names - {'ID002'} for names in by_fold(out)]
    assert len(folds.of_patient) == 6 and held_out(settings, out, 3) == readable


def test_a_config_in_json_is_a_config(phantom_root, tmp_path):
    config = tmp_path / 'config.json'
    dataset = dict(type='XRayHandBoneDataset', data_root=str(phantom_root))
    config.write_text(json.dumps(dict(train_dataloader=dict(dataset=dataset))))
    assert len(make_folds(config, 3).of_patient) == 6


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['{coco}/a/coco.json'], 'Name their folder with --images'),
        (['{coco}/labels.json'], '1 patient cannot be divided into 5 folds'),
        (['{coco}/labels.json', '--images', '{coco}/nowhere'], 'nowhere'),
        (['{coco}/labels.json', '--images', '{coco}/pictures', '--cfg-options', 'a=1'], 'is none'),
        (['{coco}/cut.json', '--images', '{coco}/pictures'], 'cut.json'),
        (['{coco}/cut.json', '--images', '{coco}/pictures', '--from', 'coco'], 'cut.json'),
        (['{data}/train', '--read', 'order=1'], "The reader of hand-bone has no option 'order'"),
        (['{data}', '--patient-pattern', '('], 'is not a regular expression'),
        (['{data}', '--patient-pattern', '(P[0-9]+)'], 'finds no patient in its name'),
        (['{data}', '--patient-pattern', '(I)D', '--by', 'side'], '(--patient-pattern; '),
        (['{data}', '--from', 'coco'], '{data}'),
        (['{coco}/pictures'], 'Name its format'),
        (['{config}', '--images', 'x'], 'says itself how labels are read. Leave out --images'),
        (['{config}', '--skip', 'Radius'], 'Leave out --skip'),
    ],
)
def test_bad_input_is_one_line(
    run_command, as_coco, phantom_root, tiny_config, tmp_path, words, message
):
    whole = (as_coco / 'labels.json').read_text()
    (as_coco / 'cut.json').write_text(whole[: len(whole) // 2])
    places = dict(coco=as_coco, data=phantom_root, config=tiny_config)
    words = [word.format(**places) for word in words]
    out = tmp_path / 'folds.csv'
    _, errors = run_command('folds', *words, '--out', out, expected=1)
    (line,) = [line for line in errors.splitlines() if line.startswith('error: ')]
    assert message.format(**places) in line
    assert not out.exists()
