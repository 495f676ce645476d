"""Faults that are planted into phantoms."""

import csv
import json

import cv2
import numpy as np
import pytest

from handbone.errors import HandboneError
from handbone.phantom import FaultSettings, generate, write_dataset
from handbone.phantom.faults import COPIES, FAULTS
from handbone.phantom.planted_faults import PlannedFault, fault_row

#: Faults that change nothing but labels, and those that change nothing but the image.
OF_LABELS = (
    *('swapped', 'swapped-in-finger', 'missing', 'displaced', 'resized', 'displaced-on-one-side'),
    *('resized-on-one-side', 'doubled', 'self-crossing', 'spike'),
    *('speck', 'cut', 'mirrored-labels'),
)
OF_IMAGES = ('inverted', 'empty', 'saturated', 'near-duplicate')


@pytest.fixture(scope='module')
def phantom():
    return generate(1, 4, size=256)


def area(outline):
    x, y = outline.T
    return abs(x @ np.roll(y, -1) - np.roll(x, -1) @ y) / 2


def changed_classes(before, after):
    """Classes whose polygons differ."""

    def of(polygons):
        found = {}
        for name, outline in polygons:
            found.setdefault(name, []).append(np.asarray(outline).tolist())
        return found

    before, after = of(before), of(after)
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


@pytest.mark.parametrize('kind', FAULTS)
def test_a_fault_changes_what_it_says(phantom, kind):
    image, polygons = phantom.image.copy(), list(phantom.polygons)
    new, labels, classes = FAULTS[kind](image, polygons, np.random.default_rng(3))
    assert np.array_equal(image, phantom.image), 'the image given is changed'
    assert new.dtype == np.uint8
    changed = changed_classes(phantom.polygons, labels)
    if kind in OF_LABELS:
        assert np.array_equal(new, image)
    if kind in OF_IMAGES:
        assert not changed and not np.array_equal(new, image)
    if classes:
        assert changed == set(classes)


@pytest.mark.parametrize('kind', FAULTS)
def test_chance_does_not_depend_on_grey_values(phantom, kind):
    drawn = [
        FAULTS[kind](image, phantom.polygons, np.random.default_rng(8))
        for image in (phantom.image, np.zeros_like(phantom.image))
    ]
    assert drawn[0][2] == drawn[1][2]
    assert not changed_classes(drawn[0][1], drawn[1][1])


def test_sizes_of_faults(phantom):
    sound = dict(phantom.polygons)
    for seed in range(30):
        rng = np.random.default_rng(seed)
        _, labels, (name,) = FAULTS['displaced'](phantom.image, phantom.polygons, rng)
        step = np.linalg.norm(dict(labels)[name].mean(axis=0) - sound[name].mean(axis=0))
        assert 0.5 <= step / np.sqrt(area(sound[name])) <= 1.5
        _, labels, (name,) = FAULTS['resized'](phantom.image, phantom.polygons, rng)
        factor = area(dict(labels)[name]) / area(sound[name])
        assert 2.2 < max(factor, 1 / factor) < 3.3


def test_copies_keep_labels_and_image_together(phantom):
    for kind in COPIES:
        rng = np.random.default_rng(0)
        image, labels, _ = FAULTS[kind](phantom.image, phantom.polygons, rng)
        for name in ('Capitate', 'finger-11', 'Radius'):
            inside = []
            for pixels, polygons in ((phantom.image, phantom.polygons), (image, labels)):
                mask = np.zeros(pixels.shape, np.uint8)
                cv2.fillPoly(mask, [np.rint(dict(polygons)[name]).astype(np.int32)], 1)
                rest = pixels[mask == 0].mean()
                inside.append((pixels[mask > 0].mean() - rest) / pixels.std())
            assert inside[1] == pytest.approx(inside[0], abs=0.25)


def test_a_dataset_lists_its_faults(tmp_path):
    settings = FaultSettings(('swapped', 'missing', 'mirrored-duplicate'), 0.5)
    write_dataset(tmp_path / 'a', 14, 0, size=256, faults=settings)
    write_dataset(tmp_path / 'sound', 14, 0, size=256)
    rows = list(csv.DictReader((tmp_path / 'a/faults.csv').open()))
    assert {row['fault'] for row in rows} == set(settings.kinds)
    listed = {row['image']: row for row in rows}
    for path in sorted((tmp_path / 'sound/train/DCM').rglob('*.png')):
        name = path.relative_to(tmp_path / 'sound/train/DCM').as_posix()
        other = tmp_path / 'a/train/DCM' / name
        same_image = path.read_bytes() == other.read_bytes()
        labels = [
            json.loads((root / 'train/outputs_json' / name).with_suffix('.json').read_text())
            for root in (tmp_path / 'sound', tmp_path / 'a')
        ]
        row = listed.get(name)
        assert (labels[0] == labels[1] and same_image) == (row is None)
        if row and row['fault'] == 'mirrored-duplicate':
            source = tmp_path / 'a/train/DCM' / row['copy_of']
            pixels = cv2.imread(str(source), cv2.IMREAD_UNCHANGED)
            assert np.array_equal(cv2.imread(str(other), cv2.IMREAD_UNCHANGED), pixels[:, ::-1])
            assert row['copy_of'] not in listed
        elif row:
            assert same_image and row['classes']


@pytest.mark.parametrize('kind', FAULTS)
def test_a_film_without_a_hand_gets_no_fault_of_labels(phantom, kind):
    fault = PlannedFault(kind, 0, 1, 0)
    size = len(phantom.image)
    for polygons in ([], [each for each in phantom.polygons if each[0] in ('Radius', 'Ulna')]):
        image, labels, classes = fault.plant(phantom.image, polygons)
        row = fault_row('train', 'a.png', fault, polygons, size, '')
        if kind in (*OF_LABELS, 'swapped-fingers', 'accessory', 'wrong-side'):
            assert image is phantom.image and labels is polygons
            assert classes == () and row is None
        else:
            assert row is not None and row[2] == kind
    assert fault_row('train', 'a.png', fault, phantom.polygons, size, '') is not None


def test_a_dataset_with_faults_grows_and_keeps_its_settings(tmp_path):
    settings = FaultSettings(('missing',), 0.5)
    write_dataset(tmp_path, 4, 0, size=256, faults=settings)
    assert write_dataset(tmp_path, 6, 0, size=256, faults=settings) == 2
    for other in (None, FaultSettings(('missing',), 0.4)):
        with pytest.raises(HandboneError, match='faults'):
            write_dataset(tmp_path, 6, 0, size=256, faults=other)


@pytest.mark.parametrize(
    ('arguments', 'message'), [((('nothing',),), 'no fault'), ((('missing',), 2), '0 to 1')]
)
def test_settings_are_checked(arguments, message):
    with pytest.raises(HandboneError, match=message):
        FaultSettings(*arguments)
