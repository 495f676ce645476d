"""A small run through mmengine's Runner: random overlapping masks, and a model that shifts them."""

from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

import handbone.engine  # noqa: F401  registers the hooks
import handbone.evaluation  # noqa: F401  registers the metric
import handbone.visualization  # noqa: F401  registers the visualizer
from handbone.masks import pack, planes_first

CLASSES = ('disc', 'ring, outer', 'bar')
SIZE = (40, 56)


def draw_masks(seed: int) -> np.ndarray:
    """Draw three overlapping masks (3, H, W); the bar is absent from every third image."""
    generator = np.random.default_rng(seed)
    height, width = SIZE
    y, x = np.mgrid[:height, :width]
    center = generator.uniform((12, 16), (28, 40))
    distance = np.hypot(y - center[0], x - center[1])
    bar = (np.abs(y - center[0] - 4) < 3) & (seed % 3 != 2)
    return np.stack([distance < 8, (distance > 6) & (distance < 11), bar])


class MaskDataset(BaseDataset):
    """Images named by their index in one folder a patient."""

    METAINFO = dict(
        classes=CLASSES,
        palette=[(255, 80, 80), (80, 220, 80), (90, 140, 255)],
        groups=dict(round=CLASSES[:2]),
    )

    def __init__(self, root, count, with_truth=True, same_names=False):
        self.root, self.count = Path(root), count
        self.with_truth, self.same_names = with_truth, same_names
        super().__init__(pipeline=[self.make_sample])

    def load_data_list(self):
        return [
            dict(
                img_path=str(
                    self.root / f'ID{i:03}' / ('hand.png' if self.same_names else f'hand{i}.png')
                ),
                seed=i,
            )
            for i in range(self.count)
        ]

    def make_sample(self, info):
        path = Path(info['img_path'])
        masks = draw_masks(info['seed'])
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            image = (masks.sum(axis=0) * 60 + 20).astype(np.uint8)
            cv2.imwrite(str(path), image)
        sample = SegDataSample(metainfo=dict(img_path=info['img_path'], ori_shape=SIZE))
        if self.with_truth:
            sample.gt_sem_seg = PixelData(data=planes_first(pack(masks)))
        return dict(inputs=torch.tensor(info['seed']), data_samples=sample)


def predict_masks(seed: int) -> np.ndarray:
    """Shift the truth by as many pixels as the seed says, modulo 5."""
    return np.roll(draw_masks(seed), seed % 5, axis=2)


class ShiftModel(BaseModel):
    """Predicts the truth, shifted."""

    def __init__(self, num_classes=3):
        super().__init__()
        self.head = torch.nn.Conv2d(1, num_classes, 1)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        for seed, sample in zip(inputs, data_samples, strict=True):
            packed = pack(predict_masks(int(seed)))
            sample.pred_sem_seg = PixelData(data=planes_first(packed))
        return data_samples


def make_runner(
    work_dir, dataset, evaluator=None, hooks=(), validate=False, runner=Runner, **settings
):
    """Build a Runner that tests or validates ShiftModel on a dataset."""
    mode = 'val' if validate else 'test'
    loop = {
        f'{mode}_dataloader': dict(
            dataset=dataset,
            batch_size=settings.pop('batch_size', 2),
            num_workers=0,
            sampler=dict(type='DefaultSampler', shuffle=settings.pop('shuffle', False)),
        ),
        f'{mode}_evaluator': evaluator or dict(type='mmseg.DiceMetric'),
        f'{mode}_cfg': dict(),
    }
    return runner(
        model=settings.pop('model', None) or ShiftModel(),
        work_dir=str(work_dir),
        custom_hooks=list(hooks),
        log_level='WARNING',
        experiment_name=str(work_dir).replace('/', '_'),
        **loop,
        **settings,
    )
