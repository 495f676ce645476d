"""Measures of drawn shapes."""

import json

import numpy as np
import pytest
from mmseg.registry import DATASETS

from handbone.datasets.mask_runs import pack_runs
from handbone.masks import encode, pack
from handbone.planning.fingerprint import take_fingerprint
from handbone.planning.image_measures import measure_image


def labels_of(masks):
    return pack_runs(dict(enumerate(encode(pack(masks), len(masks)))), 'C')


def test_measures_of_an_image():
    masks = np.zeros((3, 100, 200), bool)
    masks[0, 20:40, 10:190] = True  # a strip, 20 wide
    rows, columns = np.mgrid[:100, :200]
    masks[1] = (rows - 50) ** 2 + (columns - 150) ** 2 <= 30**2
    image = np.full((100, 200), 7, np.uint8)
    measures = measure_image(image, labels_of(masks), 3)
    assert measures.histogram.argmax() == 7 and np.count_nonzero(measures.histogram) == 1
    assert set(measures.classes) == {0, 1}
    strip, disc = measures.classes[0], measures.classes[1]
    assert strip.area == pytest.approx(20 * 180 / 20000)
    assert strip.thickness == pytest.approx(20, rel=0.1)
    assert disc.thickness == pytest.approx(2 / 3 * 60, rel=0.1)
    assert strip.offset == pytest.approx(0, abs=1e-9)
    assert disc.offset == pytest.approx(0.2525, abs=1e-4)
    assert measures.labelled == masks.any(axis=0).sum()
    assert measures.shared == (masks.sum(axis=0) > 1).sum() > 0
    assert measures.pairs == ((0, 1),)
    assert measures.box == (0.05, 0.2, 0.95, 0.81)


def test_an_image_without_labels():
    measures = measure_image(np.zeros((8, 8), np.float32), None, 40)
    assert measures.box is None and measures.labelled == 0 and measures.classes == {}


def test_more_classes_than_a_plane_holds():
    masks = np.zeros((40, 12, 12), bool)
    masks[[0, 39], 2:6, 2:6] = True
    measures = measure_image(np.zeros((12, 12), np.uint8), labels_of(masks), 40)
    assert measures.shared == 16 and measures.pairs == ((0, 39),)


def test_shares_of_the_images_that_know_a_class(phantom_root, tmp_path):
    names = sorted(path.stem for path in phantom_root.glob('train/DCM/*/*.png'))
    rows = ''.join(f'{name},Ulna\n' for name in names[1:])
    (tmp_path / 'unknown.csv').write_text(f'image_name,class\n{rows}{names[0]},Radius\n')
    for path in phantom_root.glob('train/outputs_json/*/*.json'):
        target = tmp_path / path.relative_to(phantom_root)
        target.parent.mkdir(parents=True, exist_ok=True)
        document = json.loads(path.read_text())
        hidden = ['Ulna'] if path.stem in names[1:] else ['Radius']
        document['annotations'] = [
            each for each in document['annotations'] if each['label'] not in hidden
        ]
        target.write_text(json.dumps(document))
    prefix = dict(
        img_path=str(phantom_root / 'train/DCM'), ann_path=str(tmp_path / 'train/outputs_json')
    )
    dataset = DATASETS.build(
        dict(
            type='XRayHandBoneDataset',
            data_prefix=prefix,
            pipeline=[],
            unknown_file=str(tmp_path / 'unknown.csv'),
        )
    )
    presence = {each.name: each.presence for each in take_fingerprint(dataset).classes}
    assert presence['Ulna'] == 1 == presence['Radius']
