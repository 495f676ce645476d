"""From PNG files to the CSV of runs: SegFormer mit-b0 at 1024, exported, against plain mmseg.

    python -m benchmarks.end_to_end
    python -m benchmarks.end_to_end --images 16 --formats onnx

The usual way is mmseg's own model: logits to the network's size and from there to the file's,
sigmoid, threshold, and one class at a time to runs. Ours is a file of ``tools/export.py``. Both
have the same weights, random ones whose last layer is set so that each class takes a hundredth of
the pixels, and write the same masks but for single pixels. Each way runs in its own process.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from rich.console import Console
from rich.table import Table

import handbone  # noqa: F401  registers the models
from handbone.bones import CLASSES, PALETTE
from handbone.masks import encode, runs_to_string

from .competition import encode_mask_to_rle
from .memory import resident_peak
from .train_step import CONFIGS, stock_settings

CONFIG = CONFIGS / 'segformer_mit-b0_1024.py'
SHARE = 0.01  # of the pixels, above the threshold of each class
SUFFIXES = {'onnx': '.onnx', 'openvino': '.xml'}
Rows = Iterator[list[str]]


def prepare(folder: Path, images: int, size: int, formats: list[str]) -> None:
    """Write images, a checkpoint and its exported files.

    Args:
        folder: Where to.
        images: Number of images.
        size: Their height and width.
        formats: ``onnx`` and ``openvino``.
    """
    from handbone.apis.exporting import export
    from handbone.phantom import write_dataset

    write_dataset(folder / 'data', train=0, test=images, size=size)
    init_default_scope('mmseg')
    settings = Config.fromfile(CONFIG)
    settings.model.backbone.init_cfg = None
    torch.manual_seed(0)
    model = MODELS.build(settings.model)
    model.eval()
    image = cv2.imread(str(image_files(folder)[0]), cv2.IMREAD_GRAYSCALE)
    with torch.no_grad():
        logits = model.inference(normalised(image, settings), [])
        limits = logits[0].flatten(1).quantile(1 - SHARE, dim=1)
        model.decode_head.conv_seg.bias.sub_(limits)
    meta = dict(dataset_meta=dict(classes=CLASSES, palette=PALETTE))
    torch.save(dict(state_dict=model.state_dict(), meta=meta), folder / 'model.pth')
    for name in formats:
        target = folder / f'model{SUFFIXES[name]}'
        export(Config.fromfile(CONFIG), str(folder / 'model.pth'), target, kind=name)


def image_files(folder: Path) -> list[Path]:
    """List the images."""
    return sorted((folder / 'data' / 'test').rglob('*.png'))


def normalised(image: np.ndarray, settings: Config) -> torch.Tensor:
    """Resize and normalise a grey image as the config's test pipeline does, (1, 3, H, W)."""
    preprocessor = settings.model.data_preprocessor
    scale = settings.test_dataloader.dataset.pipeline[1].scale
    small = torch.from_numpy(cv2.resize(image, scale, interpolation=cv2.INTER_AREA)).float()
    mean, std = (torch.tensor(preprocessor[name]).reshape(1, -1, 1, 1) for name in ('mean', 'std'))
    return (small[None, None] - mean) / std


def plain_mmseg(folder: Path) -> Callable[[np.ndarray], Rows]:
    """Set up mmseg's own model."""
    settings = Config.fromfile(CONFIG)
    settings.model.backbone.init_cfg = None
    init_default_scope('mmseg')
    model = MODELS.build(stock_settings(settings.model)).eval()
    model.load_state_dict(torch.load(folder / 'model.pth', weights_only=True)['state_dict'])

    @torch.inference_mode()
    def rows(image: np.ndarray) -> Rows:
        inputs = normalised(image, settings)
        meta = dict(img_shape=inputs.shape[2:], ori_shape=image.shape)
        logits = model.inference(inputs, [meta])
        full = F.interpolate(logits, image.shape, mode='bilinear', align_corners=False)
        masks = (full.sigmoid() > 0.5)[0].numpy().astype(np.uint8)
        for name, mask in zip(CLASSES, masks, strict=True):
            yield [name, encode_mask_to_rle(mask)]

    return rows


def exported(folder: Path, kind: str) -> Callable[[np.ndarray], Rows]:
    """Set up an exported file."""
    from handbone.export import open_exported

    predictor = open_exported(folder / f'model{SUFFIXES[kind]}', classes=CLASSES)

    def rows(image: np.ndarray) -> Rows:
        labels = predictor.predict([image])[0]
        for name, runs in zip(CLASSES, encode(labels, len(CLASSES)), strict=True):
            yield [name, runs_to_string(runs)]

    return rows


def run_way(way: str, folder: Path) -> dict[str, float]:
    """Go from the files to the CSV, once untimed for the first image and once timed for all.

    Args:
        way: ``mmseg``, ``onnx`` or ``openvino``.
        folder: What :func:`prepare` wrote.

    Returns:
        Images a second, and the peak of the process's memory in bytes.
    """
    rows = plain_mmseg(folder) if way == 'mmseg' else exported(folder, way)
    files = image_files(folder)
    list(rows(cv2.imread(str(files[0]), cv2.IMREAD_GRAYSCALE)))
    begin = time.perf_counter()
    with (folder / f'{way}.csv').open('w', newline='') as file:
        writer = csv.writer(file)
        for path in files:
            image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            writer.writerows([path.name, *row] for row in rows(image))
    seconds = time.perf_counter() - begin
    return dict(speed=len(files) / seconds, memory=resident_peak())


def differing_rows(folder: Path, way: str) -> float:
    """Share of the rows of a CSV that are not those of plain mmseg."""
    ours, usual = ((folder / f'{name}.csv').read_text().splitlines() for name in (way, 'mmseg'))
    return float(np.mean([mine != other for mine, other in zip(ours, usual, strict=True)]))


def main() -> None:
    """Run all ways and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=8)
    parser.add_argument('--size', type=int, default=2048, help='of the files')
    parser.add_argument('--formats', nargs='+', choices=list(SUFFIXES), default=list(SUFFIXES))
    parser.add_argument('--way', help=argparse.SUPPRESS)
    parser.add_argument('--folder', type=Path, help='keep the files here, and use what is there')
    args = parser.parse_args()
    if args.way:
        print(json.dumps(run_way(args.way, args.folder)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        if not (folder / 'model.pth').exists():
            prepare(folder, args.images, args.size, args.formats)
        results = {}
        for way in ('mmseg', *args.formats):
            command = [sys.executable, '-W', 'ignore', '-m', 'benchmarks.end_to_end']
            command += ['--way', way, '--folder', str(folder)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            results[way] = json.loads(done.stdout.splitlines()[-1])
        title = f'SegFormer mit-b0 at 1024, PNG {args.size} to CSV (to reach: 2 x, under 1.5 GB)'
        table = Table('way', 'images/s', 'of mmseg', 'peak memory', 'other rows', title=title)
        for way, result in results.items():
            table.add_row(
                way,
                f'{result["speed"]:.3f}',
                f'{result["speed"] / results["mmseg"]["speed"]:.1f} x',
                f'{result["memory"] / 1e9:.2f} GB',
                f'{differing_rows(folder, way):.1%}',
            )
        Console().print(table)


if __name__ == '__main__':
    main()
