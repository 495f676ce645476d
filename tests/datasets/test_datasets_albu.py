"""Albumentations on packed maps: each class as its mask alone would be."""

import builtins
import copy

import numpy as np
import pytest

from handbone.datasets import MultilabelAlbu
from handbone.engine.seeded_samples import _parts_with_generators
from handbone.errors import HandboneError
from handbone.extras import MissingExtraError
from handbone.masks import class_mask, ignore_mask, pack

albumentations = pytest.importorskip('albumentations')

GEOMETRIC = {
    'Affine': dict(scale=(0.7, 1.3), rotate=(-40, 40), shear=(-10, 10), p=1.0),
    'GridDistortion': dict(distort_limit=0.4, p=1.0),
    'ElasticTransform': dict(alpha=60, sigma=6, p=1.0),
    'OpticalDistortion': dict(distort_limit=(0.4, 0.6), p=1.0),
    'Perspective': dict(scale=(0.1, 0.2), p=1.0),
    'D4': dict(p=1.0),
    'RandomResizedCrop': dict(size=(40, 60), scale=(0.4, 0.8), p=1.0),
    'CoarseDropout': dict(p=1.0),
    'GaussNoise': dict(p=1.0),
}


def masks_and_image(num_classes):
    rng = np.random.default_rng(0)
    blocks = rng.random((num_classes + 1, 10, 14)) < 0.3
    masks = blocks.repeat(6, axis=1).repeat(6, axis=2)
    return masks[:-1], masks[-1], rng.integers(0, 256, (60, 84), dtype=np.uint8)


@pytest.mark.parametrize('num_classes', [5, 40])
@pytest.mark.parametrize('name', GEOMETRIC)
def test_each_class_as_its_mask_alone(name, num_classes):
    masks, ignored, image = masks_and_image(num_classes)
    transform = MultilabelAlbu([dict(type=name, **GEOMETRIC[name])])
    transform.aug.set_random_seed(3)
    results = transform(
        dict(img=image.copy(), gt_seg_map=pack(masks, ignored), seg_fields=['gt_seg_map'])
    )
    alone = albumentations.Compose([getattr(albumentations, name)(**GEOMETRIC[name])])
    alone.set_random_seed(3)
    expected = alone(
        image=image.copy(), masks=[each.astype(np.uint8) for each in (*masks, ignored)]
    )
    np.testing.assert_array_equal(results['img'], expected['image'])
    assert results['img_shape'] == results['img'].shape[:2] == results['gt_seg_map'].shape[:2]
    for index in range(num_classes):
        found = class_mask(results['gt_seg_map'], index) & ~ignore_mask(results['gt_seg_map'])
        np.testing.assert_array_equal(found, expected['masks'][index] & ~expected['masks'][-1] & 1)
    np.testing.assert_array_equal(ignore_mask(results['gt_seg_map']), expected['masks'][-1])


def test_samples_seed_it():
    """A resumed run draws the same: its generator is one that SeededSamples finds."""
    transform = MultilabelAlbu([dict(type='Affine', rotate=(-40, 40), p=0.5)])
    (generator,) = _parts_with_generators(transform)
    masks, ignored, image = masks_and_image(5)
    given = dict(img=image, gt_seg_map=pack(masks, ignored), seg_fields=['gt_seg_map'])
    found = []
    for seed in (7, 7, 8):
        generator.set_random_seed(seed)
        found.append([transform(copy.deepcopy(given))['gt_seg_map'] for _ in range(4)])
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


def test_images_without_labels_and_with_unknown_classes():
    masks, _, image = masks_and_image(2)
    transform = MultilabelAlbu([dict(type='HorizontalFlip', p=1.0)])
    assert transform(dict(img=image))['img'].any()
    given = dict(gt_seg_map=pack(masks), gt_unknown_map=pack(~masks))
    results = transform(dict(img=image, seg_fields=list(given), **given))
    for key, expected in given.items():
        np.testing.assert_array_equal(results[key], expected[:, ::-1])


@pytest.mark.parametrize(
    ('settings', 'words'),
    [
        (dict(type='Affine', mask_interpolation=1), 'Affine interpolates masks'),
        (dict(type='Affine', fill_mask=255), 'Affine fills masks with fill_mask=255'),
        (
            dict(type='OneOf', transforms=[dict(type='CoarseDropout', fill_mask=1)]),
            'CoarseDropout fills masks',
        ),
    ],
)
def test_what_would_mix_classes(settings, words):
    with pytest.raises(HandboneError, match=words):
        MultilabelAlbu([settings])


@pytest.mark.parametrize('kind', ['HorizontalFlip', 'VerticalFlip', 'Transpose', 'D4'])
def test_classes_with_sides_are_not_mirrored(kind):
    masks, _, image = masks_and_image(2)
    given = dict(img=image, gt_seg_map=pack(masks), seg_fields=['gt_seg_map'])
    sided = given | dict(classes=('left_lung', 'right_lung'))
    flip = dict(type=kind, p=0.5)
    for transforms in ([flip], [dict(type='OneOf', transforms=[flip])]):
        with pytest.raises(HandboneError, match=f'{kind} mirrors images, and left_lung has a side'):
            MultilabelAlbu(transforms)(dict(sided))
    MultilabelAlbu([flip])(given | dict(classes=('heart', 'aorta')))
    MultilabelAlbu([flip | dict(p=0.0)])(dict(sided))


def test_without_the_package(monkeypatch):
    real = builtins.__import__

    def missing(name, *args, **more):
        if name.partition('.')[0] == 'albumentations':
            raise ModuleNotFoundError(name)
        return real(name, *args, **more)

    monkeypatch.delitem(__import__('sys').modules, 'albumentations')
    monkeypatch.setattr('importlib.import_module', lambda name: missing(name))
    with pytest.raises(MissingExtraError, match=r'handbone\[albumentations\]'):
        MultilabelAlbu([])
