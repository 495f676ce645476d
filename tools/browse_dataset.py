#!/usr/bin/env python
"""Show what the network sees: images after augmentation, with their labels.

Example: python tools/browse_dataset.py configs/demo.py --output-dir work_dirs/browse --number 20
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from mmengine.runner import set_random_seed
from mmseg.registry import DATASETS
from tqdm import trange

from handbone.visualization import MultilabelLocalVisualizer


def parse_args() -> argparse.Namespace:
    """Read the command line.

    Returns:
        The options.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='configuration file')
    parser.add_argument('--output-dir', required=True, type=Path, help='folder of the pictures')
    parser.add_argument(
        '--number',
        type=int,
        help='number of pictures; beyond the last image it starts again, with new augmentations '
        '(default: one an image)',
    )
    parser.add_argument('--split', choices=['train', 'val', 'test'], default='train')
    parser.add_argument('--seed', type=int, default=0, help='seed of the augmentation (default: 0)')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='settings to override, as key=value; nested keys with dots',
    )
    return parser.parse_args()


def browse(
    cfg: Config, split: str, output_dir: Path, number: int | None = None, seed: int = 0
) -> int:
    """Write one picture a sample.

    Args:
        cfg: Complete configuration.
        split: 'train', 'val' or 'test'.
        output_dir: Folder of the pictures.
        number: Number of pictures; None for one an image.
        seed: Seed of the augmentation.

    Returns:
        Number of pictures written.
    """
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    set_random_seed(seed)
    dataset = DATASETS.build(cfg[f'{split}_dataloader'].dataset)
    visualizer = MultilabelLocalVisualizer(panel_size=None)
    visualizer.dataset_meta = dataset.metainfo
    number = len(dataset) if number is None else number
    for index in trange(number, desc='Pictures'):
        packed = dataset[index % len(dataset)]
        sample = packed['data_samples']
        # The network's channels are blue, green, red; a single one is grey.
        image = np.ascontiguousarray(packed['inputs'].numpy()[::-1].transpose(1, 2, 0))
        name = f'{index:04d}_{Path(sample.img_path).stem}.jpg'
        visualizer.add_datasample(
            name, image, sample, draw_pred=False, out_file=str(output_dir / name)
        )
    return number


def main() -> None:
    """Read the configuration and write the pictures."""
    args = parse_args()
    try:
        cfg = Config.fromfile(args.config)
        if args.cfg_options is not None:
            cfg.merge_from_dict(args.cfg_options)
        written = browse(cfg, args.split, args.output_dir, args.number, args.seed)
    except (ValueError, OSError) as error:
        sys.exit(f'browse_dataset: {error}')
    print(f'{written} pictures in {args.output_dir}')


if __name__ == '__main__':
    main()
