"""mmseg's own test loop with masks written as runs, one plane per class: the usual way."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.runner import Runner
from mmseg.datasets import BaseSegDataset
from torch import nn

from handbone.bones import CLASSES

from .competition import encode_mask_to_rle

WORKERS = 2


class RunLengthMetric(BaseMetric):
    """Encodes the masks of every image and writes them to a file in the end.

    Args:
        out: CSV to write.
    """

    def __init__(self, out: Path) -> None:
        super().__init__()
        self.out = out

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Encode the masks of a batch.

        Args:
            data_batch: Not used.
            data_samples: Predictions with ``seg_logits`` at the size of the file.
        """
        for sample in data_samples:
            masks = (torch.sigmoid(sample['seg_logits']['data']) > 0.5).cpu().numpy()
            name = Path(sample['img_path']).name
            self.results.append([(name, encode_mask_to_rle(mask)) for mask in masks])

    def compute_metrics(self, results: Sequence[Sequence[tuple[str, str]]]) -> dict:
        """Write the file.

        Args:
            results: Name and runs of each class of each image.

        Returns:
            No score.
        """
        with self.out.open('w', newline='') as file:
            rows = csv.writer(file, lineterminator='\n')
            rows.writerow(('image_name', 'class', 'rle'))
            for image in results:
                for class_name, (name, runs) in zip(CLASSES, image, strict=True):
                    rows.writerow((name, class_name, runs))
        return {}


def test_runner(
    model: nn.Module, checkpoint: Path, files: Path, scale: tuple[int, int], out: Path
) -> Runner:
    """Make the runner that mmseg's ``tools/test.py`` makes.

    Args:
        model: mmseg's segmentor.
        checkpoint: Its weights.
        files: Folder of PNG files.
        scale: Width and height that images are brought to.
        out: CSV to write.

    Returns:
        The runner, to be called with ``test()``.
    """
    steps = [
        dict(type='LoadImageFromFile'),
        dict(type='Resize', scale=scale, keep_ratio=True),
        dict(type='PackSegInputs'),
    ]
    dataset = BaseSegDataset(
        img_suffix='.png',
        metainfo=dict(classes=CLASSES),
        data_prefix=dict(img_path=str(files)),
        pipeline=steps,
        test_mode=True,
    )
    return Runner(
        model=model,
        work_dir=str(out.with_suffix('')),
        test_dataloader=dict(
            dataset=dataset,
            batch_size=1,
            num_workers=WORKERS,
            sampler=dict(type='DefaultSampler', shuffle=False),
        ),
        test_cfg=dict(type='TestLoop'),
        test_evaluator=Evaluator([RunLengthMetric(out)]),
        load_from=str(checkpoint),
        default_scope='mmseg',
    )
