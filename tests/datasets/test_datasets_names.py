"""Datasets whose files come from a Mac, from Windows, or through links."""

import json
import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from small_dataset import annotation, shapes, write_json

from handbone.datasets import DatasetError
from handbone.datasets.annotation_file import annotated_size, read_annotations
from handbone.datasets.named_files import NamedFiles
from handbone.errors import HandboneError
from handbone.scoring.reference_masks import AnnotationReference, match_names


def decomposed(name):
    return unicodedata.normalize('NFD', name)


PATIENTS = ('김민수', 'Zoë', 'ID1')


@pytest.fixture
def mixed(folder):
    """Patients whose images have composed names and whose annotations have decomposed ones."""
    for patient in PATIENTS:
        folder.add(patient, f'{patient}_é')
        path = folder.json(patient, f'{patient}_é')
        other = folder.json(decomposed(patient), decomposed(f'{patient}_é'))
        other.parent.mkdir(exist_ok=True)
        path.rename(other)
        if other.parent != path.parent:
            path.parent.rmdir()
    return folder


def test_images_and_annotations_are_paired_in_either_form(mixed, build):
    dataset = build(mixed.config())
    assert len(dataset) == 15
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        assert info['polygons'] is not None
        assert Path(info['img_path']).is_file() and Path(info['ann_path']).is_file()


def test_list_files_name_images_in_either_form(mixed, build):
    for form in ('NFC', 'NFD'):
        lines = ['김민수', 'Zoë/Zoë_é.png', 'ID1/ID1_é']
        text = unicodedata.normalize(form, '\n'.join(lines))
        (mixed.root / 'mine.txt').write_bytes(text.encode('utf-8-sig'))
        assert len(build(mixed.config(ann_file='mine.txt'))) == 3


def test_class_lists_are_in_one_form(build):
    groups = {'arm': [decomposed('élan')]}
    given = dict(classes=[decomposed('élan'), 'b'], palette=[(1, 1, 1), (2, 2, 2)], groups=groups)
    config = dict(type='MultilabelDataset', metainfo=given, lazy_init=True)
    meta = build(config).metainfo
    assert meta['classes'] == ('élan', 'b') and meta['groups'] == {'arm': ('élan',)}
    given['classes'] = [decomposed('élan'), 'élan']
    with pytest.raises(DatasetError, match='classes occur twice: élan'):
        build(config)


def test_one_patient_in_two_forms_stays_in_one_fold(folder, build):
    for number in range(8):
        name = 'Zoë' if number % 2 else decomposed('Zoë')
        folder.add(name, f'x{number}')
    held_out = [build(folder.config(fold=fold, split='val')) for fold in range(5)]
    folds = [
        fold
        for fold, dataset in enumerate(held_out)
        for index in range(len(dataset))
        if dataset.get_data_info(index)['image_name'].startswith('x')
    ]
    assert len(folds) == 8 and len(set(folds)) == 1


def test_two_files_of_one_name_are_refused(folder, build):
    folder.add('ID1', 'é')
    folder.add('ID1', decomposed('é'))
    with pytest.raises(HandboneError, match=r'DCM: .*e\\u0301.* and .*\\xe9.* two Unicode forms'):
        build(folder.config())


@pytest.mark.parametrize(
    ('kind', 'name', 'other'),
    [('DCM', 'image1_R.png', 'image1_R.PNG'), ('outputs_json', 'image1_R.json', 'image1_R.Json')],
)
@pytest.mark.parametrize('test_mode', [False, True])
def test_two_files_of_one_kind_that_differ_in_their_suffix_are_refused(
    folder, build, kind, name, other, test_mode
):
    patient = folder.root / 'train' / kind / 'ID001'
    shutil.copy(patient / name, patient / other)
    with pytest.raises(DatasetError) as caught:
        build(folder.config(test_mode=test_mode))
    message = str(caught.value)
    assert message.startswith(f'{patient.parent}: ')
    assert f"'ID001/{name}'" in message and f"'ID001/{other}'" in message
    assert message.endswith('Rename or remove one of them.')


def test_evaluation_tells_images_apart_by_their_suffix(folder):
    images = folder.root / 'train' / 'DCM'
    shutil.copy(images / 'ID001' / 'image1_R.png', images / 'ID001' / 'image1_R.dcm')
    files = NamedFiles(images, ['.png', '.dcm'])
    for suffix in ('.png', '.dcm'):
        for name in (f'image1_R{suffix}', f'ID001/image1_R{suffix}'):
            assert files.path(name) == images / 'ID001' / f'image1_R{suffix}'
    with pytest.raises(DatasetError, match=r"'ID001/image1_R.png', 'ID001/image1_R.dcm'"):
        files.path('ID001/image1_R')


def test_a_whole_path_names_one_file_and_a_part_of_it_must_be_of_one(tmp_path):
    there = ['a.png', 'sub/a.png', 'sub/b.jpg', 'b.jpg.png', 'd.jpg', 'sub/d.png']
    for name in (*there, 'one/c.png', 'two/c.png'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    files = NamedFiles(tmp_path, ['.png', '.jpg'])
    found = {
        'a.png': 'a.png',
        'a': 'a.png',
        'sub/a.png': 'sub/a.png',
        'sub/a': 'sub/a.png',
        'b.jpg.png': 'b.jpg.png',
        'sub/b.jpg': 'sub/b.jpg',
        # not the file d.jpg
        'd.png': 'sub/d.png',
    }
    for name, expected in found.items():
        assert files.path(name) == tmp_path / expected
    with pytest.raises(DatasetError, match="2 files are named 'c.png'"):
        files.path('c.png')


def test_labels_are_compared_in_either_form(tmp_path):
    path = tmp_path / 'a.json'
    triangle = [[1, 1], [9, 1], [9, 9]]
    write_json(path, [annotation(decomposed('Zehé'), triangle), annotation('Öl', triangle)])
    polygons, problems, _ = read_annotations(
        path, {'a': 0, 'Zehé': 1}, skip_labels=[decomposed('Öl')]
    )
    assert not problems
    assert polygons.classes.tolist() == [1]


def test_a_link_that_loops_adds_no_image(folder, build):
    before = [build(folder.config()).get_data_info(index)['img_path'] for index in range(12)]
    for kind in ('DCM', 'outputs_json'):
        (folder.root / 'train' / kind / 'loop').symlink_to('.')
        (folder.root / 'train' / kind / 'ID999').symlink_to('ID001')
    dataset = build(folder.config())
    assert [dataset.get_data_info(index)['img_path'] for index in range(len(dataset))] == before


def test_the_byte_order_mark_of_a_list_file_names_nothing(folder, build):
    (folder.root / 'mine.txt').write_bytes('ID001\nID002\n'.encode('utf-8-sig'))
    assert len(build(folder.config(ann_file='mine.txt'))) == 4
    (folder.root / 'mine.txt').write_bytes('ID001\nID002\n'.encode('utf-16'))
    with pytest.raises(HandboneError, match=r'mine\.txt is a text in UTF-16\. Save it as UTF-8'):
        build(folder.config(ann_file='mine.txt'))


def test_evaluation_pairs_names_in_either_form(mixed, tmp_path):
    folder = mixed.root / 'train'
    images = NamedFiles(folder / 'DCM', ['.png'])
    reference = AnnotationReference(
        folder / 'outputs_json', ('round', 'square', 'long'), None, images
    )
    named = ['Zoë_é.png', 'Zoë/Zoë_é', decomposed('김민수_é.png'), 'image1_R.png']
    for name in named:
        assert images.path(name).is_file()
        assert reference.labels(reference.key(name)).any()
    pairs = match_names(tmp_path / 'a.csv', dict.fromkeys(named[1:]), reference, common=True)
    assert list(pairs) == named[1:]
    twice = [named[2], unicodedata.normalize('NFC', named[2])]
    with pytest.raises(HandboneError, match='two Unicode forms'):
        match_names(tmp_path / 'a.csv', dict.fromkeys(twice), reference, common=True)


@pytest.mark.parametrize('length', ['"20"', 'true', '0', '-3', '48.5', 'NaN', '1e9', '[48]'])
def test_odd_sizes_in_the_metadata(tmp_path, length):
    path = tmp_path / 'a.json'
    path.write_text(f'{{"annotations": [], "metadata": {{"height": 48, "width": {length}}}}}')
    _, (problem,), _ = read_annotations(path, {'a': 0}, (48, 64))
    for error in (problem, pytest.raises(DatasetError, annotated_size, path).value):
        assert str(error).startswith(f'{path}: the metadata gives the height 48 and the width ')


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('{"annotations": [], "annotations": []}', "the key 'annotations' occurs twice"),
        ('{"annotations": [], "metadata": [48, 64]}', r'the metadata is \[48, 64\], not an object'),
        ('{"annotations": [' + '{"a":' * 3000 + '1' + '}' * 3000 + ']}', 'nested too deeply'),
        ('{"annotations": [' + '9' * 5000 + ']}', 'the file is not JSON'),
    ],
)
def test_odd_documents(tmp_path, content, message):
    path = tmp_path / 'a.json'
    path.write_text(content)
    _, (problem,), _ = read_annotations(path, {'a': 0}, (48, 64))
    assert str(problem).startswith(f'{path}: ')
    with pytest.raises(DatasetError, match=message):
        raise problem


@pytest.mark.parametrize('coordinate', [True, False])
@pytest.mark.parametrize('place', [0, 2])
def test_true_and_false_are_not_coordinates(tmp_path, coordinate, place):
    points = [[1, 1], [9, 1], [9, 9]]
    points[place][1] = coordinate
    write_json(tmp_path / 'a.json', [annotation('round', points)])
    _, (problem,), _ = read_annotations(tmp_path / 'a.json', {'round': 0}, (48, 64))
    assert f'point {place} ([' in str(problem)


def test_messages_stay_short_and_printable(tmp_path):
    path = tmp_path / 'a.json'
    for odd in ('\ud800', 'x' * 10**6, ['y' * 10**6] * 9, {'\udfff' * 9: 10**4000}):
        bad = [dict(annotation('round', [odd] * 3), id=odd), annotation(odd, shapes()[0]['points'])]
        path.write_text(json.dumps(dict(annotations=bad)))
        _, problems, _ = read_annotations(path, {'round': 0}, (48, 64))
        assert len(problems) == 2
        for problem in problems:
            assert len(str(problem).encode()) < 1000


def test_whole_numbers_may_be_written_as_floats(tmp_path):
    document = dict(annotations=shapes(), metadata=dict(height=48.0, width=64))
    (tmp_path / 'a.json').write_text(json.dumps(document))
    indices = {'round': 0, 'square': 1, 'long': 2}
    polygons, problems, _ = read_annotations(tmp_path / 'a.json', indices, (48, 64))
    assert not problems and np.isfinite(polygons.points).all()
    assert annotated_size(tmp_path / 'a.json') == (48, 64)
