"""Ten images with three overlapping shapes, and a network of a few thousand weights for them."""

import json
import math

import cv2
import numpy as np
from mmengine.config import Config

CLASSES = ('disc', 'bar', 'corner')
SIZE = 64


def write_data(root, train=8, test=2):
    """Write images and polygons in the layout of the hand-bone data.

    Only whole numbers are drawn, so that the same files come out everywhere.
    """
    for index in range(train + test):
        part = 'train' if index < train else 'test'
        folder, name = f'ID{index:03}', f'image{index}'
        image, polygons = _draw(np.random.default_rng(index))
        path = root / part / 'DCM' / folder / f'{name}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image)
        path = root / part / 'outputs_json' / folder / f'{name}.json'
        path.parent.mkdir(parents=True, exist_ok=True)
        annotations = [
            dict(id=label, type='poly_seg', attributes={}, points=points, label=label)
            for label, points in polygons.items()
        ]
        document = dict(
            annotations=annotations,
            filename=f'{name}.png',
            metadata=dict(height=SIZE, width=SIZE),
        )
        path.write_text(json.dumps(document))


def _draw(random):
    """A disc, a bar across it and a triangle in a corner; overlaps are brighter."""
    x, y = (int(each) for each in random.integers(24, 40, 2))
    angles = [number * math.pi / 6 for number in range(12)]
    polygons = dict(
        disc=[[x + round(12 * math.cos(a)), y + round(12 * math.sin(a))] for a in angles],
        bar=[[4, y - 4], [60, y - 4], [60, y + 4], [4, y + 4]],
        corner=[[0, 0], [x, 0], [0, y]],
    )
    image = np.full((SIZE, SIZE), 20, np.uint8)
    for grey, points in zip((60, 80, 90), polygons.values(), strict=True):
        shape = np.zeros_like(image)
        cv2.fillPoly(shape, [np.array(points, np.int32)], grey)
        image += shape
    return image, polygons


def make_config(data_root, work_dir, base, **changes):
    """A training of six iterations, complete.

    Args:
        data_root: Folder of :func:`write_data`.
        work_dir: Work dir.
        base: Folder ``configs`` of the repository.
        **changes: Settings to override.

    Returns:
        The configuration.
    """
    cfg = Config.fromfile(base / 'demo.py')
    size = (SIZE, SIZE)
    metainfo = dict(
        classes=CLASSES,
        palette=[[255, 0, 0], [0, 255, 0], [0, 0, 255]],
        groups=dict(shapes=CLASSES),
    )
    loader = dict(num_workers=0, persistent_workers=False)
    for name in ('train', 'val', 'test'):
        dataset = dict(metainfo=metainfo, data_root=str(data_root))
        cfg.merge_from_dict({f'{name}_dataloader': dict(dataset=dataset, **loader)})
        step = cfg[f'{name}_dataloader'].dataset.pipeline[1]
        step['size' if name == 'train' else 'scale'] = size
    for name in ('train', 'val'):
        cfg[f'{name}_dataloader'].dataset.num_folds = 4
    cfg.merge_from_dict(
        dict(
            work_dir=str(work_dir),
            launcher='none',
            train_dataloader=dict(batch_size=2),
            model=dict(
                data_preprocessor=dict(
                    type='SegDataPreProcessor', size_divisor=8, test_cfg=dict(size_divisor=8)
                ),
                backbone=dict(channels=(8, 8), blocks=(1, 1)),
                decode_head=dict(in_channels=8, num_classes=len(CLASSES)),
                test_cfg=dict(threshold=0.4),
            ),
            train_cfg=dict(max_iters=6, val_interval=3),
            default_hooks=dict(
                checkpoint=dict(interval=3), logger=dict(interval=1), visualization=dict(draw=False)
            ),
            log_level='WARNING',
        )
    )
    cfg.model.data_preprocessor.pop('stages')
    cfg.optim_wrapper.optimizer.fused = False
    cfg.param_scheduler = [dict(type='LinearLR', start_factor=0.5, begin=0, end=6, by_epoch=False)]
    cfg.merge_from_dict(changes)
    return cfg
