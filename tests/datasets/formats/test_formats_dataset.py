"""Datasets in any format: items, folds, pipelines, bad files."""

import json

import numpy as np
import pytest
from made_images import CLASSES, made_images, write_all
from small_dataset import shapes

from handbone.datasets import DatasetError, FormatDataset
from handbone.datasets.formats.catalogue import reader_class, writer_class
from handbone.datasets.formats.conversion import convert
from handbone.datasets.mask_runs import pack_runs
from handbone.errors import HandboneError
from handbone.masks import unpack, warp
from handbone.progress import progress_bar

LOAD = dict(type='LoadRadiograph')


def config(root, form='coco', ann_path='coco.json', **more):
    base = dict(
        type='FormatDataset',
        format=form,
        metainfo=dict(classes=CLASSES),
        data_root=str(root),
        data_prefix=dict(img_path='images', ann_path=ann_path),
        serialize_data=False,
    )
    return base | more


@pytest.fixture
def root(tmp_path):
    write_all(writer_class('coco')(tmp_path, CLASSES), made_images(tmp_path / 'images', 6))
    return tmp_path


def test_items(root, build):
    dataset = build(config(root))
    images = made_images(count=6)
    assert len(dataset) == 6
    for index, image in enumerate(images):
        info = dataset.get_data_info(index)
        masks = unpack(image.draw(3), 3)
        assert info['img_path'] == str(root / 'images' / image.name)
        assert (info['patient'], info['image_name']) == tuple(image.name.split('/'))
        assert (info['height'], info['width'], info['polygons']) == (20, 28, None)
        present = np.flatnonzero(masks.any(axis=(1, 2))).tolist()
        assert dataset.get_cat_ids(index) == present
    shares = np.mean([unpack(image.draw(3), 3).mean(axis=(1, 2)) for image in images], axis=0)
    np.testing.assert_allclose(dataset.class_frequencies(), shares)


def test_labels_at_the_size_of_the_file(root, build):
    pipeline = [LOAD, dict(type='Resize', scale=(9, 9)), dict(type='LoadPolygonAnnotations')]
    dataset = build(config(root, pipeline=pipeline, serialize_data=True))
    for index, image in enumerate(made_images(count=6)):
        np.testing.assert_array_equal(dataset[index]['gt_seg_map'], image.draw(3))


def test_labels_move_with_the_image(root, build):
    load = dict(type='LoadPolygonAnnotations', frame='image')
    move = dict(type='RandomAffine', size=(40, 30), degrees=20, scale=(0.7, 1.4))
    dataset = build(config(root, pipeline=[LOAD, move, load]))
    for index, image in enumerate(made_images(count=6)):
        results = dataset[index]
        matrix = results['frame_matrix'][0]
        expected = warp(image.draw(3), matrix, results['img'].shape[:2])
        np.testing.assert_array_equal(results['gt_seg_map'], expected)
        assert index == 0 or expected.any()


def test_the_same_folds_as_in_the_hand_bone_layout(folder, build, tmp_path):
    convert(folder.root / 'train', tmp_path / 'coco', 'coco')
    plain = folder.config(fold=1, num_folds=3, split='val')
    other = config(tmp_path / 'coco', fold=1, num_folds=3, split='val')
    names = [
        [dataset.get_data_info(index)['image_name'] for index in range(len(dataset))]
        for dataset in (build(plain), build(other))
    ]
    assert names[0] == names[1] and len(names[0]) == 4


def test_patients_in_names(root, build):
    dataset = build(config(root, patient_pattern=r'(hand[0-9])', fold=0, num_folds=3, split='val'))
    patients = [dataset.get_data_info(index)['patient'] for index in range(len(dataset))]
    assert len(set(patients)) == 2 and all(patient.startswith('hand') for patient in patients)
    with pytest.raises(DatasetError, match='finds no patient in its name'):
        build(config(root, patient_pattern=r'(P[0-9]+)'))
    for wrong, fault in ((r'(P', 'not a regular expression'), (r'P', 'exactly one group')):
        with pytest.raises(HandboneError, match=fault):
            build(config(root, patient_pattern=wrong))


def test_images_are_chosen_without_reading_them(root, build):
    whole = build(config(root))
    names = [whole.get_data_info(index)['img_path'] for index in range(len(whole))]
    names = [name.removeprefix(f'{root}/images/') for name in names]
    settings = dict(patient_pattern=r'(hand[0-9])', fold=0, num_folds=3, split='val')
    read = build(config(root, **settings))
    kept = {read.get_data_info(index)['img_path'] for index in range(len(read))}
    chosen = build(config(root, **settings, lazy_init=True)).choose(names)
    assert chosen == [f'{root}/images/{name}' in kept for name in names] and any(chosen)


def test_lists_of_other_images_are_refused_before_labels_are_read(root, build, tmp_path):
    """So the bad labels of an image are not what is said."""
    labels = json.loads((root / 'coco.json').read_text())
    labels['annotations'][0]['segmentation'] = [[1, 2, 3]]
    (root / 'coco.json').write_text(json.dumps(labels))
    with pytest.raises(DatasetError, match='annotation'):
        build(config(root))
    (tmp_path / 'list.txt').write_text('nowhere.png\n')
    with pytest.raises(DatasetError, match="line 1: 'nowhere.png' is neither an image"):
        build(config(root, ann_file=str(tmp_path / 'list.txt')))
    (tmp_path / 'unknown.csv').write_text(f'image_name,class\nnowhere,{CLASSES[0]}\n')
    with pytest.raises(HandboneError, match='none of its images is in the data'):
        build(config(root, unknown_file=str(tmp_path / 'unknown.csv')))
    (tmp_path / 'folds.csv').write_text('patient,fold\nP1,0\nP2,1\n')
    with pytest.raises(HandboneError, match='has no fold for'):
        build(config(root, fold=0, num_folds=2, fold_file=str(tmp_path / 'folds.csv')))


def test_classes_are_chosen_and_renamed(root, build):
    more = dict(
        metainfo=dict(classes=('long', 'box')), rename=dict(square='box'), skip_labels=['round']
    )
    dataset = build(config(root, pipeline=[LOAD, dict(type='LoadPolygonAnnotations')], **more))
    packed = made_images(count=6)[5].draw(3)
    expected = (packed >> 2 & 1) + 2 * (packed >> 1 & 1)
    np.testing.assert_array_equal(dataset[5]['gt_seg_map'], expected)
    with pytest.raises(DatasetError, match="'square' is not among the chosen classes"):
        build(config(root, **more | dict(rename={})))


def test_a_list_file(root, build):
    (root / 'list.txt').write_text('ID1\nID0/hand1.png\n')
    dataset = build(config(root, ann_file='list.txt'))
    assert [dataset.get_data_info(index)['patient'] for index in range(3)] == ['ID0', 'ID1', 'ID1']


def test_bad_files(root, build):
    (root / 'images/ID0/hand1.png').unlink()
    with pytest.raises(DatasetError, match="there is no image 'ID0/hand1.png'"):
        build(config(root))
    report = root / 'report.txt'
    assert len(build(config(root, bad_files='report', report_file=str(report)))) == 5
    assert 'hand1.png' in report.read_text()
    document = json.loads((root / 'coco.json').read_bytes())
    (root / 'coco.json').write_text(json.dumps(document | dict(images=[])))
    with pytest.raises(DatasetError, match='there are no images|lacks "images"'):
        build(config(root, bad_files='report'))


def test_bad_files_among_the_chosen(root, build):
    def names(**more):
        dataset = build(config(root, bad_files='report', **more))
        infos = [dataset.get_data_info(index) for index in range(len(dataset))]
        return [f'{info["patient"]}/{info["image_name"]}' for info in infos]

    folds = [dict(fold=fold, num_folds=3, split='val') for fold in range(3)]
    before = [names(**fold) for fold in folds]
    damaged = 'ID0/hand0.png'
    (root / 'images' / damaged).write_bytes(b'no picture')
    assert [names(**fold) for fold in folds] == [
        [name for name in fold if name != damaged] for fold in before
    ]
    (root / 'list.txt').write_text(f'{damaged}\nID1\n')
    assert all(name.startswith('ID1/') for name in names(ann_file='list.txt'))
    (root / 'list.txt').write_text(f'{damaged}\n')
    with pytest.raises(DatasetError, match='all chosen images are bad'):
        names(ann_file='list.txt')


def test_runs_of_a_few_classes_in_any_order():
    masks = pack_runs(
        {4: np.array([[0, 3], [8, 1]]), 1: np.array([[2, 2]]), 2: np.zeros((0, 2))}, 'C'
    )
    assert masks.present() == [1, 4]
    expected = [0, 2 / 12, 0, 0, 4 / 12, 0]
    np.testing.assert_allclose(masks.class_shares(3, 4, 6), expected)
    np.testing.assert_allclose(unpack(masks.draw(3, 4, 6), 6).mean(axis=(1, 2)), expected)


def test_masks_in_files_are_read_when_they_are_drawn(tmp_path, build):
    write_all(writer_class('label-png')(tmp_path, CLASSES), made_images(tmp_path / 'images'))
    pipeline = [LOAD, dict(type='LoadPolygonAnnotations')]
    more = dict(pipeline=pipeline, serialize_data=True, bad_files='report')
    dataset = build(config(tmp_path, 'label-png', 'label_png', **more))
    np.testing.assert_array_equal(dataset[1]['gt_seg_map'], made_images()[1].draw(3))
    damaged = tmp_path / 'label_png/ID0/hand1.png'
    damaged.write_bytes(damaged.read_bytes()[:-40])
    assert dataset.prepare_data(1) is None


def test_polygons_stay_polygons(folder, build):
    (folder.root / 'images').symlink_to(folder.root / 'train/DCM')
    dataset = build(config(folder.root, 'hand-bone', 'train/outputs_json'))
    points = dataset.get_data_info(0)['polygons'].split()[1][1]
    np.testing.assert_array_equal(points, shapes(0)[1]['points'])


def test_a_file_may_call_a_class_unknown_that_the_whole_dataset_lacks(tmp_path, build):
    """The hand-bone layout: the dataset leaves out "long", and a JSON file says so again."""
    write_all(writer_class('hand-bone')(tmp_path, CLASSES), made_images(tmp_path / 'DCM', 2))
    for path in tmp_path.glob('outputs_json/*/*.json'):
        document = json.loads(path.read_text())
        kept = [each for each in document['annotations'] if each['label'] != 'long']
        document |= dict(
            annotations=kept,
            attributes=dict(unknown_classes=['long', 'round'] if not kept else ['long']),
        )
        path.write_text(json.dumps(document))
    given = dict(
        format='hand-bone',
        data_prefix=dict(img_path='DCM', ann_path='outputs_json'),
        unknown_classes=['long'],
    )
    dataset = build(config(tmp_path, **given))
    assert [dataset.get_data_info(index)['unknown'].classes for index in (0, 1)] == [(0, 2), (2,)]
    path.write_text(path.read_text().replace('"long"', '"lang"'))
    with pytest.raises(DatasetError, match="unknown_classes names 'lang', which is not among"):
        build(config(tmp_path, **given))


def test_an_option_that_the_reader_does_not_have():
    with pytest.raises(HandboneError, match="reader of coco has no option 'order': they are crowd"):
        FormatDataset('coco', reader_options=dict(order='rows'))


def test_finding_the_classes_of_many_files_shows_progress(folder, monkeypatch):
    bars = []

    def recorded(*args, **settings):
        bars.append(progress_bar(*args, **settings))
        return bars[-1]

    monkeypatch.setattr('handbone.datasets.formats.label_file_reader.progress_bar', recorded)
    reader = reader_class('hand-bone')(folder.root / 'train')
    (bar,) = bars
    assert bar.n == bar.total == len(reader) > 0
