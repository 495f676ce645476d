"""What a second look adds to the time of a prediction.

    handbone make-phantom data/phantom --train 2 --test 1 --size 1024
    python -m benchmarks.studies.second_look configs/cascade/wrist_and_fingertips.py configs/demo.py

Both configs predict the first training image, in turn, and the CPU time counts, without reading the
file. The networks are not trained: their logits are computed and then replaced, those of the first
stage by the labels, so that the regions, and the work after the networks, are those of a good
prediction.
"""

import argparse
import time
from collections.abc import Sequence
from statistics import median
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.dataset import pseudo_collate
from mmseg.registry import DATASETS
from torch import Tensor

from handbone.checkpoints.pretrained import drop_pretrained
from handbone.configuration.config_file import read_config_file
from handbone.configuration.dataset_configs import only_dataset
from handbone.configuration.faults import build_model
from handbone.masks import class_mask, planes_last

Batch = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print.

    Args:
        arguments: Words of the command line; those of the process by default.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('config', help='config of the second look')
    parser.add_argument('first', help='config of its first stage alone')
    parser.add_argument('--rounds', type=int, default=15, help='predictions (default: 15)')
    parser.add_argument('--data-root', default='data/phantom', help='folder of the dataset')
    args = parser.parse_args(arguments)
    prepared = [prepare(path, args.data_root) for path in (args.config, args.first)]
    times: list[list[float]] = [[], []]
    with torch.inference_mode():
        for number in range(args.rounds + 1):
            for index, (model, batch) in enumerate(prepared):
                started = time.process_time()
                results = model.test_step(dict(batch))
                if number:  # the first one warms up
                    times[index].append(time.process_time() - started)
                if number == args.rounds and index == 0:
                    print('regions:', ', '.join(results[0].regions_found))
    cascade, alone = (1000 * median(each) for each in times)
    ratio = median(a / b for a, b in zip(*times, strict=True))
    print(f'CPU: {cascade:.0f} ms, first stage alone {alone:.0f} ms, {ratio:.2f} x')


def prepare(path: str, data_root: str) -> tuple[Any, Batch]:
    """Build the model of a config, whose first stage says what the labels say, and load an image.

    Args:
        path: The config.
        data_root: Folder of the dataset.

    Returns:
        The model and a batch.
    """
    cfg = read_config_file(path)
    drop_pretrained(cfg)
    _, settings = only_dataset(cfg, 'val_dataloader', 'one image is predicted')
    dataset = DATASETS.build(settings | dict(data_root=data_root, fold=None, split='train'))
    item = dataset[0]
    model: Any = build_model(cfg).eval()
    first = model.first if hasattr(model, 'first') else model
    truth = planes_last(item['data_samples'].gt_sem_seg.data)
    replace_logits(first, truth, item['inputs'].shape[1:])
    for look in getattr(model, 'looks', ()):
        replace_logits(look.network, None, None)
    return model, pseudo_collate([item])


def replace_logits(segmentor: Any, truth: Any, size: Any) -> None:
    """Let a segmentor compute its logits, and say something else.

    Args:
        segmentor: The segmentor, changed in place.
        truth: Packed labels of the image; None for a mask in the middle of each view.
        size: Height and width of the image without padding.
    """
    compute = segmentor.inference

    def inference(inputs: Tensor, metas: list[dict]) -> Tensor:
        logits = compute(inputs, metas)
        if truth is None:
            # a mask in the middle, as the labels of a region are
            mask = torch.zeros_like(logits) - 6
            height, width = logits.shape[2:]
            mask[:, :, height // 4 : -height // 4, width // 4 : -width // 4] = 6
            return mask
        return known

    with torch.inference_mode():
        blank = torch.zeros(1, 3, 384, 384)
        shape = compute(blank, []).shape
    known = (
        torch.stack(
            [
                F.interpolate(
                    torch.from_numpy(class_mask(truth, index)).float()[None, None] * 12 - 6,
                    shape[2:],
                    mode='area',
                )[0, 0]
                for index in range(shape[1])
            ]
        )[None]
        if truth is not None
        else blank
    )
    segmentor.inference = inference


if __name__ == '__main__':
    main()
