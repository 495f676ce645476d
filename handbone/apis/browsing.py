"""Pictures of the input of the network."""

from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import set_random_seed
from mmseg.registry import DATASETS

from handbone.progress import progress_bar
from handbone.visualization import MultilabelLocalVisualizer


def browse_dataset(
    cfg: Config, split: str, out_dir: str | Path, number: int | None = None, seed: int = 0
) -> int:
    """Draw samples of a dataset as its pipeline makes them, one picture per sample.

    >>> from handbone.apis import read_config_file
    >>> browse_dataset(read_config_file('configs/demo.py'), 'train', 'work_dirs/browse', number=20)
    20

    Args:
        cfg: Complete configuration.
        split: 'train', 'val' or 'test'.
        out_dir: Folder of the pictures.
        number: Number of pictures; None for one per image.
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
    for index in progress_bar(range(number), 'Pictures'):
        packed = dataset[index % len(dataset)]
        sample = packed['data_samples']
        # The network's channels are blue, green, red; a single one is grey.
        image = np.ascontiguousarray(packed['inputs'].numpy()[::-1].transpose(1, 2, 0))
        name = f'{index:04d}_{Path(sample.img_path).stem}.jpg'
        visualizer.add_datasample(
            name, image, sample, draw_pred=False, out_file=str(Path(out_dir) / name)
        )
    return number
