"""What a second look adds to the time of a prediction.

    handbone make-phantom data/phantom --train 2 --test 1 --size 1024
    python -m benchmarks.studies.second_look configs/cascade/wrist_and_fingertips.py configs/demo.py

Both configs predict the first training image, in turn, and the CPU time counts, without reading the
file. The networks are not trained: their logits are computed and then replaced by the labels, in
each view by what it shows of them, so that the regions, and the work after the networks, are those
of a good prediction.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.dataset import pseudo_collate
from mmseg.registry import DATASETS
from torch import Tensor

from handbone.checkpoints.pretrained import drop_pretrained
from handbone.configuration.config_file import read_config_file
from handbone.configuration.dataset_configs import only_dataset
from handbone.configuration.faults import build_model
from handbone.masks import class_mask, inverse, place_logits, planes_last
from handbone.models.segmentors.logit_frame import swap_channels

#: Logit of what the labels say.
SURE = 6.0

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
    """Build the model of a config, whose networks say what the labels say, and load an image.

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
    packed = planes_last(item['data_samples'].gt_sem_seg.data)
    masks = [class_mask(packed, index) for index in range(model.num_classes)]
    truth = (2 * torch.from_numpy(np.stack(masks)).float() - 1) * SURE
    looks = getattr(model, 'looks', ())
    first = model.first if looks else model
    replace_logits(first, lambda logits: F.interpolate(truth[None], logits.shape[2:], mode='area'))
    batch = pseudo_collate([item])
    if looks:
        views = iter(views_of_labels(model, batch, truth))
        for look in looks:
            replace_logits(look.network, lambda logits: torch.stack([next(views) for _ in logits]))
    return model, batch


def views_of_labels(model: Any, batch: Batch, truth: Tensor) -> list[Tensor]:
    """Find the regions of an image, and show what the labels say there.

    Args:
        model: A second look, whose first stage is right.
        batch: The image.
        truth: ``(C, H, W)``, logits of the labels, at the size of the original image.

    Returns:
        ``(C, h, w)`` of each view, group after group, by the names that its network knows.
    """
    regions = {region.name: region for look in model.looks for region in look.regions}
    limits = [look.least_agreement for look in model.looks]
    for look in model.looks:  # networks that are not trained agree with nothing
        look.least_agreement = 0.0
    model.test_cfg['keep_logits'] = 'uncut'
    with torch.inference_mode():
        (sample,) = model.test_step(dict(batch))
    model.test_cfg.pop('keep_logits')
    for look, limit in zip(model.looks, limits, strict=True):
        look.least_agreement = limit
    return [
        swap_channels(
            place_logits(truth, inverse(patch.matrix), tuple(patch.logits.shape[1:]), -SURE),
            regions[name].known_as,
        )
        for name, patch in zip(sample.regions_found, sample.logit_patches, strict=True)
    ]


def replace_logits(segmentor: Any, replacement: Callable[[Tensor], Tensor]) -> None:
    """Let a segmentor compute its logits, and say something else.

    Args:
        segmentor: The segmentor, changed in place.
        replacement: From its first logits to those that it gives from then on.
    """
    compute = segmentor.inference
    known: list[Tensor] = []

    def inference(inputs: Tensor, metas: list[dict]) -> Tensor:
        logits = compute(inputs, metas)
        if not known:
            known.append(replacement(logits))
        return known[0]

    segmentor.inference = inference


if __name__ == '__main__':
    main()
