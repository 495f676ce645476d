"""Datasets that know some of the classes, and what the pipeline makes of it."""

import json

import numpy as np
import pytest
import torch
from mmseg.registry import TRANSFORMS
from small_dataset import CLASSES, annotation, shapes

from handbone.datasets.formats.conversion import convert
from handbone.errors import HandboneError
from handbone.masks import class_code, classes_known, split_unknown

LOAD = [dict(type='LoadRadiograph'), dict(type='LoadPolygonAnnotations')]
PACK = dict(type='PackMultilabelInputs')
BOX = [[10, 10], [30, 10], [30, 20], [10, 20]]


def squares(*, marked=False):
    """The polygons of one class, and if wanted a place where "round" is unknown."""
    marks = [annotation('round?', BOX, 'm1')] * marked
    return [each for each in shapes() if each['label'] == 'square'] + marks


def labels_and_unknown(item):
    return split_unknown(item['data_samples'].gt_sem_seg.data, 3)


def rewrite(path, **attributes):
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | dict(attributes=attributes)))


@pytest.mark.parametrize(
    'settings', [dict(annotated_classes=('square',)), dict(unknown_classes=('long', 'round'))]
)
def test_classes_that_the_dataset_does_not_annotate(folder, build, settings):
    folder.add('ID9', 'one', squares())
    dataset = build(
        folder.config(**settings, ann_file=listed(folder, 'ID9'), pipeline=[*LOAD, PACK])
    )
    assert dataset.metainfo['classes'] == CLASSES
    labels, unknown = labels_and_unknown(dataset[0])
    assert (unknown == 0b101).all() and set(labels.unique().tolist()) == {0, 0b010}
    assert dataset[0]['data_samples'].unknown_planes == 1


def listed(folder, *names):
    file = folder.root / 'list.txt'
    file.write_text('\n'.join(names))
    return str(file)


def test_nothing_unknown_leaves_no_trace(folder, build):
    """The items are those of before, and so is the memory that they take."""
    dataset = build(folder.config(pipeline=[*LOAD, PACK]))
    sample = dataset[0]['data_samples']
    assert 'unknown' not in dataset.get_data_info(0)
    assert sample.gt_sem_seg.data.shape == (1, 48, 64) and 'unknown_planes' not in sample


def test_classes_that_single_images_do_not_know(folder, build, tmp_path):
    """By the JSON file, and by a CSV that names a file, a path, or a name without suffix."""
    table = tmp_path / 'unknown.csv'
    table.write_text(
        'image_name,class,why\nID001/image1_L.png,long,x\nimage2_R,round,x\nimage2_R,long,x\n'
    )
    for patient in (1, 2):
        for side in 'LR':
            folder.add(f'ID00{patient}', f'image{patient}_{side}', squares())
    rewrite(folder.json('ID001', 'image1_R'), unknown_classes=['round'])
    dataset = build(folder.config(unknown_file=str(table)))
    found = {
        info['image_name'][:-4]: info['unknown'].classes
        for info in map(dataset.get_data_info, range(len(dataset)))
        if 'unknown' in info
    }
    assert found == {'image1_L': (2,), 'image1_R': (0,), 'image2_R': (0, 2)}


def test_places_that_a_label_marks(folder, build):
    folder.add('ID9', 'one', squares(marked=True))
    settings = dict(unknown_labels={'round?': 'round'}, ann_file=listed(folder, 'ID9'))
    dataset = build(folder.config(**settings, pipeline=[*LOAD, PACK]))
    labels, unknown = labels_and_unknown(dataset[0])
    expected = np.zeros((48, 64), bool)
    expected[10:21, 10:31] = True
    assert np.array_equal(unknown[0].numpy() == 1, expected)
    assert dataset.get_cat_ids(0) == [1]
    assert set(labels.unique().tolist()) == {0, 0b010}


def test_labels_where_a_class_is_unknown_do_not_count(folder, build):
    folder.add('ID9', 'one', [*squares(marked=True), annotation('round', BOX, 'r')])
    settings = dict(unknown_labels={'round?': 'round'}, ann_file=listed(folder, 'ID9'))
    labels, unknown = labels_and_unknown(
        build(folder.config(**settings, pipeline=[*LOAD, PACK]))[0]
    )
    assert (unknown & 1).any() and not (labels & 1).any()


@pytest.mark.parametrize(
    'steps',
    [
        [dict(type='Resize', scale=(96, 72), keep_ratio=False)],
        [dict(type='RandomFlip', prob=1.0)],
        [dict(type='RandomRotate', prob=1.0, degree=30, seg_pad_val=0)],
        [dict(type='RandomCrop', crop_size=(30, 40))],
        [dict(type='Pad', size=(80, 90), pad_val=dict(img=0, seg=0))],
        [dict(type='RandomAffine', degrees=20, scale=(0.7, 1.2), size=(64, 64))],
        [dict(type='MultilabelRandomFlip', prob=1.0, swap=[('round', 'long')])],
    ],
    ids=lambda steps: steps[0]['type'],
)
def test_unknown_bits_go_where_labels_go(folder, build, steps):
    """A class whose labels are its unknown places: both maps stay alike."""
    folder.add('ID9', 'one', [annotation('round', BOX), annotation('round?', BOX)])
    settings = dict(unknown_labels={'round?': 'round'}, ann_file=listed(folder, 'ID9'))
    dataset = build(folder.config(**settings, pipeline=[*LOAD]))
    np.random.seed(0)
    results = dataset[0]
    for step in steps:
        results = TRANSFORMS.build(step)(results)
    assert results['gt_seg_map'].max() == (4 if 'swap' in steps[0] else 1)
    expected = torch.from_numpy(results['gt_seg_map'])
    labels, unknown = labels_and_unknown(TRANSFORMS.build(PACK)(results))
    assert torch.equal(unknown[0], expected) and not labels.any()


def test_padding_is_known_background(folder, build):
    folder.add('ID9', 'one', squares())
    settings = dict(annotated_classes=['square'], ann_file=listed(folder, 'ID9'))
    affine = dict(type='RandomAffine', size=(96, 96), scale=(0.5, 0.5))
    for order in ([LOAD[0], LOAD[1], affine], [LOAD[0], affine, dict(LOAD[1], frame='image')]):
        results = build(folder.config(**settings, pipeline=order))[0]
        inside = results['gt_unknown_map'] == 0b101
        assert (results['gt_unknown_map'][~inside] == 0).all()
        assert inside.sum() == 48 * 36 and inside[30:66, 24:72].all()


def test_mosaics_of_images_that_know_different_classes(folder, build):
    """Each quarter knows what its image knows; the padding between them is known."""
    folder.add('ID8', 'whole', squares())
    folder.add('ID9', 'part', squares())
    rewrite(folder.json('ID9', 'part'), unknown_classes=['round', 'long'])
    mosaic = dict(
        type='RandomMosaic', prob=1.0, img_scale=(48, 64), center_ratio_range=(1.0, 1.0),
        seg_pad_val=0,
    )  # fmt: skip
    load = [LOAD[0], dict(LOAD[1], always_unknown=True)]
    dataset = build(folder.config(ann_file=listed(folder, 'ID8', 'ID9'), pipeline=load))
    results = dict(dataset[0], mix_results=[dataset[1], dataset[0], dataset[1]])
    found = TRANSFORMS.build(mosaic)(results)['gt_unknown_map']
    assert found.shape == (96, 128)
    assert (found[:, :64] == 0).all() and (found[:, 64:] == 0b101).all()


def test_a_transform_that_changes_one_map_only():
    packed = np.zeros((8, 9), np.int32)
    results = dict(img=packed.astype(np.uint8), gt_seg_map=packed[:4], gt_unknown_map=packed)
    with pytest.raises(HandboneError, match='changed only one of them'):
        TRANSFORMS.build(PACK)(results)


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(annotated_classes=['sqare', 'long']), "names 'sqare', which the model does not have"),
        (dict(annotated_classes=['heart', 'lung']), 'shares no class with the model'),
        (dict(unknown_classes=CLASSES), 'knows none of the 3 classes'),
        (dict(annotated_classes=['long', 'long']), "names 'long' twice"),
        (dict(annotated_classes='long'), 'is not a list of names'),
        (dict(annotated_classes=['long'], unknown_classes=['round']), 'are both set'),
        (dict(unknown_labels={'long?': 'lung'}), "'lung' is not among the classes"),
        (dict(unknown_labels={'long': 'round'}), "'long' is a class itself"),
        (dict(unknown_labels={'a': 'long', 'b': 'long'}), "maps two labels to 'long'"),
        (
            dict(annotated_classes=['long']),
            'are annotated in image .*skip_labels',
        ),
        (dict(unknown_file='no.csv'), 'no.csv: the CSV of unknown classes cannot be read'),
    ],
)
def test_bad_settings(folder, build, settings, message):
    with pytest.raises(HandboneError, match=message):
        build(folder.config(**settings))


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('image,class\n', 'line 1: the header .* does not begin with image_name,class'),
        ('image_name,class\nimage1_R,sqare\n', "line 2: there is no class 'sqare'"),
        ('image_name,class\n,square\n', 'line 2: the image has no name'),
        ('image_name,class\nimage77,square\n', "none of its images is in the data: 'image77'"),
    ],
)
def test_bad_csv(folder, build, tmp_path, text, message):
    table = tmp_path / 'unknown.csv'
    table.write_text(text)
    with pytest.raises(HandboneError, match=message):
        build(folder.config(unknown_file=str(table)))


@pytest.mark.parametrize(
    ('names', 'message'),
    [
        ('round', "attributes.unknown_classes is 'round', not a list of names"),
        (['rond'], "names 'rond', which is not among the 3 classes"),
        (['square'], 'image ID000/image0_R.png and unknown in it'),
    ],
)
def test_bad_json(folder, build, names, message):
    rewrite(folder.json('ID000', 'image0_R'), unknown_classes=names)
    with pytest.raises(HandboneError, match=message):
        build(folder.config())


def test_conversions_keep_or_count_what_is_unknown(folder, build, tmp_path):
    rewrite(folder.json('ID003', 'image3_R'), unknown_classes=['long'])
    folder.add('ID003', 'image3_R', squares())
    rewrite(folder.json('ID003', 'image3_R'), unknown_classes=['long', 'round'])
    source = folder.root / 'train'
    found = convert(source, tmp_path / 'again', 'hand-bone')
    assert not found.losses
    settings = dict(img_path='DCM', ann_path='outputs_json')
    for kind in ('XRayHandBoneDataset', 'FormatDataset'):
        config = folder.config(data_root=str(tmp_path / 'again'), data_prefix=settings, type=kind)
        dataset = build(config | (dict(format='hand-bone') if kind == 'FormatDataset' else {}))
        (info,) = (
            info for info in map(dataset.get_data_info, range(len(dataset))) if 'unknown' in info
        )
        assert (info['image_name'], info['unknown'].classes) == ('image3_R.png', (0, 2))
    found = convert(source, tmp_path / 'coco', 'coco')
    assert 'classes that are unknown in an image: 2' in found.losses


def test_another_format_of_fewer_classes(folder, build, tmp_path):
    """Classes get the bits of the model, whatever is read; marks of unknown places are labels."""
    for patient in range(6):
        for side in 'LR':
            shapes_here = [annotation('box', BOX), annotation('round?', BOX)]
            folder.add(f'ID{patient:03d}', f'image{patient}_{side}', shapes_here)
    convert(folder.root / 'train', tmp_path / 'coco', 'coco')
    (source,) = (tmp_path / 'coco').rglob('*.json')
    dataset = build(
        folder.config(
            type='FormatDataset',
            format='coco',
            data_root=str(tmp_path / 'coco'),
            data_prefix=dict(img_path='images', ann_path=source.name),
            rename=dict(box='square'),
            annotated_classes=('square',),
            unknown_labels={'round?': 'square'},
            pipeline=[*LOAD, PACK],
        )
    )
    labels, unknown = labels_and_unknown(dataset[0])
    assert set(unknown.unique().tolist()) == {0b101, 0b111} and not labels.any()
    assert dataset.get_cat_ids(0) == []  # its only square lies where squares are unknown


@pytest.mark.parametrize('count', [3, 40])
def test_which_classes_an_image_knows(count):
    unknown = np.broadcast_to(class_code([0, count - 1], count), (4, 5, -(-count // 31))).copy()
    unknown[0, 0, -1] = 0
    unknown = unknown[..., 0] if count == 3 else unknown
    ignored = np.zeros((4, 5), bool)
    assert classes_known(unknown, count)[count - 1] and classes_known(None, count).all()
    ignored[0, 0] = True
    assert np.flatnonzero(~classes_known(unknown, count, ignored)).tolist() == [0, count - 1]
    assert torch.is_tensor(split_unknown(torch.zeros(2, 1, 4, 4), 3)[0])
