"""A head of mmseg and a multilabel head on classes that exclude each other.

    python -m benchmarks.studies.exclusive_classes

Both train on the same synthetic photographs of coloured shapes, with ``configs/trash``, and both
are scored by ``ExclusiveIoUMetric`` and, on the same predictions, by mmseg's ``IoUMetric``.
"""

import argparse
import copy
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS
from rich.console import Console
from rich.table import Table

from handbone.apis import read_config_file, test, train
from handbone.configuration.shipped import config_path
from handbone.masks import index_map

from ..harness.coloured_shapes import write_shapes

CONFIG = config_path('trash/folded_unet_256')
#: What takes the place of the head of mmseg, and of its loss.
MULTILABEL_HEAD = dict(
    _delete_=True,
    type='MultilabelFCNHead',
    in_channels=32,
    in_index=0,
    channels=32,
    num_convs=1,
    concat_input=False,
    dropout_ratio=0,
    num_classes=10,
)


@METRICS.register_module()
class UnpackedIoUMetric(IoUMetric):
    """mmseg's metric on packed maps: they become class numbers first."""

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Score the images of one batch; see the base class."""
        unpacked = []
        for sample in data_samples:
            maps = {
                name: dict(data=index_map(sample[name]['data'][None]))
                for name in ('pred_sem_seg', 'gt_sem_seg')
            }
            unpacked.append(dict(sample, **maps))
        super().process(data_batch, unpacked)

    @property
    def dataset_meta(self) -> dict | None:
        """The classes, with the background first."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, meta: dict) -> None:
        self._dataset_meta = dict(meta, classes=('background', *meta['classes']))


def study_config(data: Path, size: int, iterations: int, work_dir: Path) -> Config:
    """Fit the shipped config to the shapes.

    Args:
        data: Their folder.
        size: Height and width of the network's input.
        iterations: Length of the training.
        work_dir: Folder of the run.

    Returns:
        The configuration.
    """
    config = read_config_file(CONFIG)
    for split, key in (('train', 'size'), ('val', 'scale'), ('test', 'scale')):
        dataset = config[f'{split}_dataloader'].dataset
        dataset.data_root = str(data)
        dataset.pipeline[0].cache_megabytes = 500
        dataset.pipeline[1][key] = (size, size)
    config.train_cfg.update(max_iters=iterations, val_interval=iterations)
    config.param_scheduler.total_steps = iterations
    config.work_dir = str(work_dir)
    config.experiment_name = work_dir.name
    return config


def main() -> None:
    """Write the data, train, score and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--size', type=int, default=256)
    parser.add_argument('--images', type=int, default=300)
    parser.add_argument('--iterations', type=int, default=600)
    args = parser.parse_args()
    table = Table('head', 'mIoU', 'mAcc', 'aAcc', "mmseg's mIoU, %", 'training, s')
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / 'shapes'
        splits = dict(train=args.images, val=args.images // 4)
        classes = read_config_file(CONFIG).train_dataloader.dataset.metainfo.classes
        write_shapes(data, splits, classes, args.size)
        for title, head in (('mmseg, softmax', None), ('multilabel', MULTILABEL_HEAD)):
            config = study_config(data, args.size, args.iterations, folder / title.split(',')[0])
            if head is not None:
                config.merge_from_dict(dict(model=dict(decode_head=copy.deepcopy(head))))
            begin = time.perf_counter()
            train(copy.deepcopy(config))
            seconds = time.perf_counter() - begin
            config.load_from = str(Path(config.work_dir) / f'iter_{args.iterations}.pth')
            config.test_evaluator = [
                dict(type='ExclusiveIoUMetric'),
                dict(type='UnpackedIoUMetric', prefix='mmseg'),
            ]
            scores = test(config)
            table.add_row(
                title,
                *(f'{scores[key]:.4f}' for key in ('mIoU', 'mAcc', 'aAcc', 'mmseg/mIoU')),
                f'{seconds:.0f}',
            )
    Console().print(table)


if __name__ == '__main__':
    main()
