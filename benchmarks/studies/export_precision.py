"""What fewer bits save and cost: exported files of one checkpoint on its config's test set.

    python -m benchmarks.studies.export_precision configs/demo.py work_dirs/demo \
        --calibration data/phantom/train/DCM

Dice is the mean over images and classes at the size of the files, as tools/test.py prints it; speed
is that of the predictor alone, image by image.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, TRANSFORMS
from rich.console import Console
from rich.progress import track
from rich.table import Table

from handbone.apis.exporting import export
from handbone.export import ExportedPredictor, open_exported
from handbone.masks import dice, overlap_counts, planes_last

PRECISIONS = ('fp32', 'fp16', 'int8')
SUFFIXES = {'onnx': '.onnx', 'openvino': '.xml'}


def measure(predictor: ExportedPredictor, cfg: Config, images: int | None) -> tuple[float, float]:
    """Predict the test set.

    Args:
        predictor: An exported file.
        cfg: Configuration with the test set.
        images: How many images, evenly spread; all by default.

    Returns:
        Images per second, mean Dice.
    """
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    load = TRANSFORMS.build(dict(type='LoadRadiograph', window=predictor.window))
    count = min(images or len(dataset), len(dataset))
    scores, seconds = [], 0.0
    for index in np.linspace(0, len(dataset) - 1, count).round().astype(int):
        sample = dataset[int(index)]['data_samples']
        image = load(dict(img_path=sample.img_path))['img']
        if not scores:
            predictor.predict([image])  # the first call makes room and is not timed
        begin = time.perf_counter()
        labels = predictor.predict([image])[0]
        seconds += time.perf_counter() - begin
        truth = planes_last(sample.gt_sem_seg.data)
        scores.append(dice(overlap_counts(labels, truth, len(predictor.classes))).mean())
    return count / seconds, float(np.mean(scores))


def file_size(path: Path) -> int:
    """Count the bytes of an exported file and of the weights beside it."""
    return sum(each.stat().st_size for each in (path, path.with_suffix('.bin')) if each.exists())


def main() -> None:
    """Export, measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--calibration', required=True, help='folder of training images')
    parser.add_argument('--images', type=int, help='test images, evenly spread (default: all)')
    parser.add_argument('--formats', nargs='+', choices=list(SUFFIXES), default=list(SUFFIXES))
    parser.add_argument('--threads', type=int)
    args = parser.parse_args()
    init_default_scope('mmseg')
    table = Table('file', 'MB', 'images/s', 'mean Dice', 'cost', title=args.checkpoint)
    whole = None
    with tempfile.TemporaryDirectory() as folder:
        files = [(kind, precision) for kind in args.formats for precision in PRECISIONS]
        for kind, precision in track(files, 'measuring', console=Console(stderr=True)):
            path = Path(folder) / f'{precision}{SUFFIXES[kind]}'
            calibration = args.calibration if precision == 'int8' else None
            cfg = Config.fromfile(args.config)
            export(cfg, args.checkpoint, path, None, precision, calibration, kind)
            predictor = open_exported(path, threads=args.threads)
            speed, score = measure(predictor, Config.fromfile(args.config), args.images)
            whole = score if whole is None else whole
            table.add_row(
                f'{kind} {precision}',
                f'{file_size(path) / 1e6:.1f}',
                f'{speed:.2f}',
                f'{score:.4f}',
                f'{whole - score:+.4f}',
            )
    Console().print(table)


if __name__ == '__main__':
    main()
