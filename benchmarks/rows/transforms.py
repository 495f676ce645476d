"""Each transform on a grey image of 1536 x 1536 and the labels of 29 bones."""

from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np
from mmengine.registry import init_default_scope
from mmseg.registry import TRANSFORMS

import handbone  # noqa: F401
from benchmarks.harness import subject
from benchmarks.harness.row import Row, Way
from handbone.bones import CLASSES
from handbone.engine.memory import keep_freed_memory

SIZE = 1536
#: The transforms, each so that it acts on every image. The last is what the usual way does too.
CONFIGS = (
    dict(type='RandomBend', prob=1.0),
    dict(type='RandomCLAHE', prob=1.0),
    dict(type='RandomGamma', prob=1.0),
    dict(type='RandomSharpness', prob=1.0),
    dict(type='GridDropout', labels='ignore', prob=1.0),
    dict(type='MultilabelRandomCutOut', labels='ignore', prob=1.0),
    dict(type='MultilabelRandomRotFlip', rotate_prob=1.0),
    dict(type='CopyPaste', classes=('Pisiform', 'finger-16', 'Trapezoid'), prob=1.0),
    dict(type='RandomAffine', degrees=20, scale=(0.8, 1.25)),
    dict(type='RandomExposure', prob=1.0),
    dict(type='RandomElastic', prob=1.0),
)


def image() -> np.ndarray:
    """Make a smooth image with noise, as a radiograph is."""
    noise = np.random.default_rng(0).integers(0, 256, (SIZE // 8, SIZE // 8), dtype=np.uint8)
    return cv2.resize(noise, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)


def albumentations() -> Callable[[], Any]:
    """Deform through Albumentations, with one mask per class."""
    import albumentations

    transform = albumentations.ElasticTransform(alpha=15, sigma=60, approximate=True, p=1.0)
    pipeline = albumentations.Compose([transform])
    grey, masks = image(), list(subject.planes(SIZE))
    return lambda: pipeline(image=grey, masks=masks)['image']


def transformed(config: dict) -> Callable[[], Any]:
    """Apply a transform on one core, with the same random numbers in every call."""
    cv2.setNumThreads(1)
    keep_freed_memory()  # as a training does
    init_default_scope('mmseg')
    transform = TRANSFORMS.build(config)
    grey, labels = image(), subject.packed(SIZE)

    def sample() -> dict:
        return dict(
            img=grey,
            img_shape=grey.shape,
            ori_shape=grey.shape,
            gt_seg_map=labels,
            seg_fields=['gt_seg_map'],
            classes=CLASSES,
        )

    def apply() -> np.ndarray:
        np.random.seed(0)
        return transform(sample() | dict(mix_results=[sample()]))['img']

    return apply


def check(usual: np.ndarray, ours: np.ndarray) -> None:
    """Compare what both are; the deformations are different ones."""
    assert (usual.shape, usual.dtype) == (ours.shape, ours.dtype)


ROW = Row(
    work=f'a transform of image and labels, {SIZE} x {SIZE}',
    ways=(
        Way('Albumentations ElasticTransform, a mask per class', albumentations),
        *(Way(config['type'], partial(transformed, config)) for config in CONFIGS),
    ),
    check=check,
    target='15 ms each, on one core',
)
