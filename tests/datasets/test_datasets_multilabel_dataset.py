"""Listing, folds, list files, class lists and class frequencies."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from small_dataset import CLASSES, circle, shapes
from torch.utils.data import DataLoader

from handbone import bones
from handbone.datasets import DatasetError, MultilabelDataset, XRayHandBoneDataset
from handbone.masks import rasterize, unpack


def names(dataset):
    return [dataset.get_data_info(index)['image_name'] for index in range(len(dataset))]


def patients(dataset):
    return [dataset.get_data_info(index)['patient'] for index in range(len(dataset))]


def test_images_are_ordered_by_patient_then_name(folder, build):
    dataset = build(folder.config())
    assert names(dataset) == [f'image{p}_{side}.png' for p in range(6) for side in 'LR']
    assert patients(dataset) == [f'ID{p:03d}' for p in range(6) for _ in range(2)]


@pytest.mark.parametrize('serialize', [True, False])
def test_data_info(folder, build, serialize):
    dataset = build(folder.config(serialize_data=serialize))
    info = dataset.get_data_info(1)
    info['seg_fields'].append('of one sample only')
    info = dataset.get_data_info(1)
    assert info['seg_fields'] == []
    assert info['img_path'] == str(folder.png('ID000', 'image0_R'))
    assert info['ann_path'] == str(folder.json('ID000', 'image0_R'))
    assert (info['height'], info['width']) == (48, 64)
    assert info['classes'] == CLASSES
    polygons = info['polygons'].split()
    assert [index for index, _ in polygons] == [0, 1, 2, 1]
    np.testing.assert_array_equal(polygons[3][1], [[50, 5], [58, 5], [58, 12]])
    assert info['polygons'].points.dtype == np.float32


def test_hidden_files_are_left_out(folder, build):
    folder.png('ID001', '._image1_R').write_bytes(b'resource fork')
    (folder.root / 'train/DCM/.cache').mkdir()
    (folder.root / 'train/DCM/.cache/x.png').write_bytes(b'')
    assert len(build(folder.config())) == 12


def test_images_without_patient_folder_are_their_own_patients(tmp_path, folder, build):
    flat = tmp_path / 'flat'
    flat.mkdir()
    for path in sorted(folder.root.rglob('*.*')):
        (flat / path.name).write_bytes(path.read_bytes())
    dataset = build(
        dict(type='MultilabelDataset', data_root=str(flat), metainfo=dict(classes=CLASSES))
    )
    assert len(set(patients(dataset))) == len(dataset) == 12
    assert dataset.get_data_info(0)['ann_path'] == str(flat / 'image0_L.json')


@pytest.mark.parametrize('num_folds', [2, 3, 5, 6])
def test_folds_part_the_images_and_keep_patients_whole(folder, build, num_folds):
    everything = names(build(folder.config()))
    held_out = []
    for fold in range(num_folds):
        options = dict(fold=fold, num_folds=num_folds)
        train = build(folder.config(split='train', **options))
        val = build(folder.config(split='val', **options))
        assert not set(patients(train)) & set(patients(val))
        assert sorted(names(train) + names(val)) == sorted(everything)
        assert names(val) == names(build(folder.config(split='val', **options)))
        held_out += names(val)
    assert sorted(held_out) == sorted(everything)


def test_a_bad_file_does_not_move_patients_between_folds(folder, build):
    options = dict(fold=1, num_folds=3, bad_files='report')
    before = names(build(folder.config(split='val', **options)))
    folder.json('ID000', 'image0_L').write_text('{')
    after = names(build(folder.config(split='val', **options)))
    assert [name for name in before if name != 'image0_L.png'] == after


def test_list_file_takes_paths_and_patients(folder, build, tmp_path):
    listed = folder.root / 'mine.txt'
    listed.write_text('# chosen by hand\nID004\n\nID001/image1_R.png\nID000/image0_L\n')
    dataset = build(folder.config(ann_file='mine.txt'))
    assert names(dataset) == ['image0_L.png', 'image1_R.png', 'image4_L.png', 'image4_R.png']
    listed = build(folder.config(ann_file='mine.txt', lazy_init=True))
    everything = [f'ID{p:03d}/image{p}_{side}.png' for p in range(6) for side in 'LR']
    assert [Path(name).name in names(dataset) for name in everything] == listed.choose(everything)
    with pytest.raises(ValueError, match='fold=0 and ann_file'):
        build(folder.config(ann_file='mine.txt', fold=0))


def test_list_file_with_an_unknown_line(folder, build):
    (folder.root / 'mine.txt').write_text('ID004\nID999\n')
    with pytest.raises(DatasetError, match=r"mine\.txt: line 2: 'ID999' is neither"):
        build(folder.config(ann_file='mine.txt'))


def test_test_mode_without_annotations(folder, build):
    for prefix in (
        dict(img_path='train/DCM'),
        dict(img_path='train/DCM', ann_path='nowhere'),
    ):
        dataset = build(folder.config(data_prefix=prefix, test_mode=True))
        assert len(dataset) == 12
        assert dataset.get_data_info(0)['ann_path'] is None
        assert dataset.get_data_info(0)['polygons'] is None
        assert dataset.get_cat_ids(0) == []
        with pytest.raises(DatasetError, match='class frequencies need annotations'):
            dataset.class_frequencies()


def test_test_mode_with_annotations(folder, build):
    assert build(folder.config(test_mode=True)).get_data_info(0)['polygons'] is not None
    folder.json('ID002', 'image2_R').unlink()
    with pytest.raises(DatasetError, match='1 of 12 test images .* ID002/image2_R.png'):
        build(folder.config(test_mode=True))


def test_class_frequencies_are_those_of_the_drawn_masks(folder, build):
    folder.add('ID000', 'image0_L', shapes()[:3] + [shapes()[0] | dict(points=circle(0, 0, 12))])
    dataset = build(folder.config())
    shares = []
    for index in range(len(dataset)):
        polygons = dataset.get_data_info(index)['polygons'].split()
        # Ten pixels a pixel: the rim that drawing adds does not count.
        drawn = unpack(rasterize(polygons, 480, 640, 3, scale=10), 3)
        shares.append(drawn.mean(axis=(1, 2)))
    np.testing.assert_allclose(dataset.class_frequencies(), np.mean(shares, axis=0), rtol=0.03)


@pytest.mark.parametrize('serialize', [True, False])
def test_class_frequencies_follow_a_subset(folder, build, serialize):
    folder.add('ID000', 'image0_L', shapes()[:1])
    dataset = build(folder.config(serialize_data=serialize))
    whole = dataset.class_frequencies()
    part = dataset.get_subset([0]).class_frequencies()
    assert part[0] > 0
    assert part[1] == part[2] == 0
    assert (whole > 0).all()


def test_get_cat_ids(folder, build):
    folder.add('ID000', 'image0_L', [shapes()[2], shapes()[0], shapes()[0]])
    assert build(folder.config()).get_cat_ids(0) == [0, 2]


def test_skip_labels(folder, build):
    dataset = build(folder.config(metainfo=dict(classes=CLASSES[:2]), skip_labels=['long']))
    assert dataset.get_cat_ids(0) == [0, 1]


def test_an_annotation_file_may_be_empty_of_annotations(folder, build):
    folder.add('ID000', 'image0_L', [])
    dataset = build(folder.config())
    assert dataset.get_data_info(0)['polygons'].split() == []
    assert dataset.get_cat_ids(0) == []
    assert dataset.class_frequencies().shape == (3,)


def test_own_classes_colours_and_groups_of_the_hand():
    dataset = XRayHandBoneDataset(lazy_init=True)
    assert dataset.metainfo['classes'] == bones.CLASSES
    assert dataset.metainfo['palette'] == bones.PALETTE
    assert dataset.metainfo['groups'] == bones.GROUPS


def test_a_part_of_the_classes_keeps_its_colours_and_groups():
    dataset = XRayHandBoneDataset(metainfo=dict(classes=['Ulna', 'Hamate']), lazy_init=True)
    expected = [bones.PALETTE[bones.CLASSES.index(name)] for name in ('Ulna', 'Hamate')]
    assert dataset.metainfo['palette'] == expected
    assert dataset.metainfo['groups'] == {'carpals': ('Hamate',), 'forearm': ('Ulna',)}


def test_other_classes_get_their_own_colours_and_no_groups():
    meta = XRayHandBoneDataset(metainfo=dict(classes=CLASSES), lazy_init=True).metainfo
    assert meta == dict(classes=CLASSES, palette=bones.distinct_colors(3))


def test_given_colours_and_groups():
    given = dict(
        classes=CLASSES, palette=[[1, 2, 3], [4, 5, 6], [7, 8, 9]], groups=dict(soft=['round'])
    )
    meta = MultilabelDataset(metainfo=given, lazy_init=True).metainfo
    assert meta['palette'] == [(1, 2, 3), (4, 5, 6), (7, 8, 9)]
    assert meta['groups'] == {'soft': ('round',)}


@pytest.mark.parametrize(
    ('metainfo', 'message'),
    [
        (None, 'class list is empty'),
        (dict(classes=()), 'class list is empty'),
        (dict(classes='round'), 'not a list of names'),
        (dict(classes=(1, 2)), 'not a list of names'),
        (dict(classes=('a', 'b', 'a')), 'classes occur twice: a'),
        (dict(classes=CLASSES, palette=[(0, 0, 0)]), 'palette has 1 colour for 3 classes'),
        (dict(classes=CLASSES, groups=dict(x=('tall',))), 'do not exist: tall'),
    ],
)
def test_unusable_class_lists(metainfo, message):
    with pytest.raises(DatasetError, match=message):
        MultilabelDataset(metainfo=metainfo, lazy_init=True)


def test_unusable_options(folder, build):
    with pytest.raises(ValueError, match="split must be 'train' or 'val'"):
        build(folder.config(split='test'))
    with pytest.raises(ValueError, match="bad_files must be 'stop' or 'report'"):
        build(folder.config(bad_files='skip'))


def test_errors_cross_from_a_worker(folder, build):
    error = DatasetError.at('a.json', 'it is bad', 'Mend it', 'here')
    assert str(error) == 'a.json: here: it is bad. Mend it.'
    assert pickle.loads(pickle.dumps(error)).path == 'a.json'
    dataset = build(folder.config(pipeline=[dict(type='LoadRadiograph')]))
    folder.png('ID000', 'image0_L').unlink()
    loader = DataLoader(dataset, num_workers=1, collate_fn=list)
    with pytest.raises(DatasetError, match=r'image0_L\.png: the image cannot be read'):
        next(iter(loader))


def test_more_than_31_classes(folder, build):
    classes = CLASSES + tuple(f'other-{number}' for number in range(207))
    dataset = build(
        folder.config(
            metainfo=dict(classes=classes),
            pipeline=[dict(type='LoadRadiograph'), dict(type='LoadPolygonAnnotations')],
        )
    )
    assert dataset[0]['gt_seg_map'].shape == (48, 64, 7)
    assert dataset.class_frequencies().shape == (210,)


JSRT = Path(os.environ.get('JSRT_ROOT', Path(__file__).parents[3] / 'shared/data/jsrt'))


@pytest.mark.skipif(not JSRT.is_dir(), reason=f'no JSRT radiographs at {JSRT} (set JSRT_ROOT)')
def test_jsrt(build):
    classes = ('right_lung', 'left_lung', 'heart', 'right_clavicle', 'left_clavicle')
    options = dict(
        type='XRayHandBoneDataset', data_root=str(JSRT), metainfo=dict(classes=classes), fold=0
    )
    train = build(options)
    val = build(options | dict(split='val'))
    assert (len(train), len(val)) == (99, 25)
    assert not set(patients(train)) & set(patients(val))
    lungs, heart, clavicles = np.split(train.class_frequencies(), [2, 3])
    assert (lungs > heart).all() and (heart > clavicles).all() and (clavicles > 0.005).all()
