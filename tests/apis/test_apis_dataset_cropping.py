"""Crops of a dataset: pixels, labels, patients and the way back."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmengine.config import Config

from handbone.apis import crop_dataset, read_config_file
from handbone.bones import CLASSES
from handbone.cli.command import main
from handbone.datasets import XRayHandBoneDataset
from handbone.errors import HandboneError
from handbone.masks import rasterize
from handbone.masks.clipping import clip_polygon

CONFIGS = Path(__file__).parents[2] / 'configs'
WRIST = CLASSES[19:27]


@pytest.fixture
def config(phantom_root) -> Config:
    cfg = read_config_file(CONFIGS / 'demo.py')
    for split in ('train', 'val'):
        cfg[f'{split}_dataloader'].dataset.update(data_root=str(phantom_root), num_folds=3)
    return cfg


def entries_of(root, **settings):
    dataset = XRayHandBoneDataset(data_root=str(root), pipeline=[], **settings)
    return [dataset.get_data_info(index) for index in range(len(dataset))]


def test_crops_are_parts_of_the_files_with_all_their_labels(config, phantom_root, tmp_path):
    sources = {info['image_name']: info for info in entries_of(phantom_root)}
    # an image of another dataset, to which a conversion has put a link there
    (tmp_path / 'other.png').write_bytes(b'an image')
    info = next(iter(sources.values()))
    link = tmp_path / 'wrist/train/DCM' / info['patient'] / info['image_name']
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / 'other.png')
    crops = crop_dataset(config, tmp_path / 'wrist', WRIST, margin=0.3)
    assert (tmp_path / 'other.png').read_bytes() == b'an image' and not link.is_symlink()
    written = entries_of(tmp_path / 'wrist')
    assert (crops.written, crops.left_out) == (len(written), 0) and len(written) == 8
    with (tmp_path / 'wrist' / 'crops.csv').open() as file:
        rows = {Path(row['image_name']).name: row for row in csv.DictReader(file)}
    for info in written:
        source, row = sources[info['image_name']], rows[info['image_name']]
        assert info['patient'] == source['patient'] and row['file'] == source['img_path']
        left, top = int(row['left']), int(row['top'])
        height, width = info['height'], info['width']
        assert (height, width) == (int(row['height']), int(row['width']))
        part = slice(top, top + height), slice(left, left + width)
        full = cv2.imread(source['img_path'], cv2.IMREAD_GRAYSCALE)
        np.testing.assert_array_equal(cv2.imread(info['img_path'], 0), full[part])
        labels = rasterize(source['polygons'].split(), *full.shape, len(CLASSES))[part]
        again = rasterize(info['polygons'].split(), height, width, len(CLASSES))
        assert (labels != again).mean() < 0.002
        assert {*info['polygons'].present()} > {CLASSES.index(name) for name in WRIST}


def test_the_command_counts_what_it_leaves_out(phantom_root, tmp_path, capsys):
    roots = [
        f'{split}_dataloader.dataset.{key}'
        for split in ('train', 'val')
        for key in (f'data_root={phantom_root}', 'num_folds=3')
    ]
    words = ['crop-dataset', str(CONFIGS / 'demo.py'), '--classes', 'finger-16', '--split', 'val']
    main([*words, '--out-dir', str(tmp_path), '--cfg-options', *roots])
    assert '4 crops in' in capsys.readouterr().out
    assert len(list(tmp_path.glob('train/DCM/*/*.png'))) == 4


@pytest.fixture
def hand(config, phantom_root, tmp_path):
    """A dataset of one image, and the config that crops it."""
    image = next(iter(sorted(phantom_root.glob('train/DCM/*/*.png'))))
    label = phantom_root / 'train/outputs_json' / image.parent.name / f'{image.stem}.json'
    settings = dict(type='XRayHandBoneDataset', data_root=str(tmp_path / 'data'), _delete_=True)
    config.merge_from_dict(dict(train_dataloader=dict(dataset=settings)))
    data = config.train_dataloader.dataset
    copies = []
    for path, folder in ((image, 'DCM'), (label, 'outputs_json')):
        copies.append(tmp_path / 'data/train' / folder / 'ID1' / f'hand{path.suffix}')
        copies[-1].parent.mkdir(parents=True)
        copies[-1].write_bytes(path.read_bytes())
    return config, data, copies


def test_unknown_classes_stay_unknown_in_the_crop(hand, tmp_path):
    config, data, (_, label) = hand
    document, names = json.loads(label.read_text()), {'Ulna', 'Radius'}
    known = [each for each in document['annotations'] if each['label'] not in names]
    label.write_text(json.dumps(document | dict(annotations=known)))
    data.unknown_classes = [*names]
    crop_dataset(config, tmp_path / 'out', WRIST)
    (crop,) = entries_of(tmp_path / 'out')
    assert {CLASSES[index] for index in crop['unknown'].classes} == names


def test_places_where_a_class_is_unknown_are_refused(hand, tmp_path):
    config, data, (_, label) = hand
    label.write_text(label.read_text().replace('"label": "Ulna"', '"label": "Ulna?"'))
    data.unknown_labels = {'Ulna?': 'Ulna'}
    with pytest.raises(HandboneError, match='places where a class is unknown'):
        crop_dataset(config, tmp_path / 'out', WRIST)


def test_crops_that_would_have_one_name_are_refused(hand, tmp_path):
    config, _, copies = hand
    for path in copies:
        (path.parent / '2021').mkdir()
        (path.parent / '2021' / path.name).write_bytes(path.read_bytes())
    with pytest.raises(HandboneError, match=r'hand.png would both be ID1/hand.png'):
        crop_dataset(config, tmp_path / 'out', WRIST)


def test_what_cannot_be_cropped(config, phantom_root, tmp_path):
    with pytest.raises(HandboneError, match='classes that do not exist: Elbow'):
        crop_dataset(config, tmp_path, ['Elbow'])
    with pytest.raises(HandboneError, match='margin is a share'):
        crop_dataset(config, tmp_path, WRIST, margin=-1)
    with pytest.raises(HandboneError, match='choose another folder'):
        crop_dataset(config, phantom_root, WRIST)
    assert not list(tmp_path.iterdir())


@given(st.lists(st.tuples(st.integers(-40, 60), st.integers(-40, 60)), min_size=3, max_size=9))
def test_a_cut_polygon_draws_the_same_pixels(points):
    points = np.array(points, np.float64)
    size = 23, 31
    # drawn on a larger canvas, as the file is
    whole = rasterize([(0, points + 50)], 130, 130, 1)[50:73, 50:81]
    cut = clip_polygon(points, size)
    if len(cut) < 3:
        assert whole.sum() <= 2 * max(size)
        return
    assert cut.min() >= 0 and (cut.max(axis=0) <= [30, 22]).all()
    drawn = rasterize([(0, cut)], *size, 1)
    inner = np.s_[1:-1, 1:-1]
    # crossings are rounded to pixels, so a slanted edge may move by one
    assert (drawn[inner] != whole[inner]).mean() < 0.15
