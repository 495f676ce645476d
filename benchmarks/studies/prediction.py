"""From PNG files to the CSV of runs: mmseg's own code beside handbone's.

    python -m benchmarks.studies.prediction --images 12 --markdown docs/performance.md

Each way runs in a process of its own on phantoms of 2048 x 2048, with the same weights. The time
runs from the first file that is read to the finished CSV and leaves out what comes before, imports
and the loading of the model; memory is the largest of the whole process. The model is SegFormer
mit-b0 at 1024 with random weights and masks of a bone's size; the first call writes phantoms, the
checkpoint and its exported files into the folder.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from mmengine.config import Config

from benchmarks.harness.memory import resident_peak
from benchmarks.harness.table import libraries, machine, write_section
from benchmarks.rows.train_step import CONFIGS, MODEL_CONFIGS, build
from benchmarks.usual.plain_test import test_runner
from handbone.apis import MultilabelInferencer
from handbone.apis.exporting import export
from handbone.bones import CLASSES
from handbone.inference import open_predictor
from handbone.masks import decode, overlap_counts
from handbone.masks.counts import dice
from handbone.phantom import write_dataset
from handbone.submissions.reading import read_submission

CONFIG = CONFIGS / MODEL_CONFIGS['segformer']
SIZE = 2048
COVERED = 0.01  # share of an image that a class covers, about that of a bone
TO_REACH = '2 x the images/s of mmseg, 1.5 GB, with an exported model'
EXPORTED = {'ONNX Runtime': 'model.onnx', 'OpenVINO': 'model.xml'}


def prepare(folder: Path, images: int) -> None:
    """Write phantoms, a checkpoint and its exported files, if they are not there.

    Args:
        folder: Where.
        images: Number of phantoms.
    """
    data = folder / f'phantoms_{images}'
    if not data.exists():
        write_dataset(folder / 'part', train=0, test=images, size=SIZE, workers=2)
        (folder / 'part').rename(data)
    path = folder / 'checkpoint.pth'
    if path.exists():
        return
    model = build('segformer', stock=False).cpu().eval()
    predictor_input = torch.rand(1, 3, 512, 512, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        smooth = torch.nn.functional.avg_pool2d(predictor_input, 65, 1, 32) * 20
        logits = model.inference(smooth - smooth.mean(), [])
        limits = logits.transpose(0, 1).flatten(1).quantile(1 - COVERED, dim=1)
        model.decode_head.conv_seg.bias -= limits
    meta = dict(dataset_meta=dict(classes=CLASSES))
    torch.save(dict(state_dict=model.state_dict(), meta=meta), path)
    for name in EXPORTED.values():
        kind = 'onnx' if name.endswith('.onnx') else 'openvino'
        export(Config.fromfile(CONFIG), str(path), folder / name, kind=kind)


def mmseg_way(folder: Path, files: Path, out: Path) -> Callable[[], object]:
    """Predict with mmseg's model and its test loop, one plane per class, as its users do."""
    model = build('segformer', stock=True).eval()
    scale = Config.fromfile(CONFIG).crop_size
    return test_runner(model, folder / 'checkpoint.pth', files, scale, out).test


def handbone_way(folder: Path, files: Path, out: Path, exported: str = '') -> Callable[[], None]:
    """Predict as ``handbone predict`` does, with a checkpoint or an exported model."""
    opened = [folder / exported] if exported else [CONFIG, folder / 'checkpoint.pth']
    inferencer = MultilabelInferencer.of(open_predictor(*opened))

    def predict() -> None:
        run_dir = out.with_suffix('')
        inferencer.run([files], ['csv'], run_dir, restart=True, progress=False)
        (run_dir / 'predictions.csv').replace(out)

    return predict


WAYS = {
    'mmseg': mmseg_way,
    'handbone, PyTorch': handbone_way,
    **{
        f'handbone, {runtime}': partial(handbone_way, exported=name)
        for runtime, name in EXPORTED.items()
    },
}


def agreement(one: Path, other: Path) -> float:
    """Compute the mean Dice between two CSVs."""
    masks, others = read_submission(one, CLASSES), read_submission(other, CLASSES)
    scores = [
        dice(overlap_counts(decode(runs, SIZE, SIZE), decode(others[name], SIZE, SIZE), 29)).mean()
        for name, runs in masks.items()
    ]
    return float(sum(scores) / len(scores))


def measure(way: str, folder: Path, images: int) -> dict:
    """Run one way in a process of its own.

    Args:
        way: Key of :data:`WAYS`.
        folder: Folder of phantoms and checkpoint.
        images: Number of phantoms.

    Returns:
        ``seconds`` and ``peak`` in bytes.

    Raises:
        RuntimeError: If the process fails.
    """
    command = [sys.executable, '-W', 'ignore', '-m', 'benchmarks.studies.prediction', '--only', way]
    command += ['--images', str(images), '--folder', str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f'{" ".join(command[1:])} failed:\n{done.stderr}')
    return json.loads(done.stdout.splitlines()[-1])


def section(images: int, measured: dict[str, dict], same: dict[str, float]) -> str:
    """Write the section of a document.

    Args:
        images: Number of phantoms.
        measured: ``seconds`` and ``peak`` of each way, mmseg's first.
        same: Mean Dice between the CSV of each way and mmseg's.

    Returns:
        Markdown.
    """
    slowest = measured['mmseg']['seconds']
    lines = [
        f'| {way} | {images / one["seconds"]:.3f} | {slowest / one["seconds"]:.1f} x '
        f'| {one["peak"] / 1e9:.2f} GB | {same[way]:.4f} |'
        for way, one in measured.items()
    ]
    return '\n'.join(
        [
            f'## `python -m benchmarks.studies.prediction --images {images}`',
            '',
            f'On {machine()}; {libraries()}. From PNG files of {SIZE} x {SIZE} to the CSV of runs '
            'of 29 classes with SegFormer mit-b0 at 1024 and the same random weights. mmseg is its '
            f'test loop with two workers, its logits encoded class by class. To reach: {TO_REACH}. '
            'The CSVs differ because mmseg shrinks the images bilinearly instead of '
            'by area and upsamples twice, which random weights make much of.',
            '',
            "| way | images/s | of mmseg's | peak memory | Dice with mmseg's CSV |",
            '|---|---:|---:|---:|---:|',
            *lines,
            '',
        ]
    )


def main() -> None:
    """Measure the ways and print images/s and memory."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.studies.prediction', description=__doc__
    )
    parser.add_argument('--images', type=int, default=12)
    parser.add_argument('--folder', type=Path, default=Path('work_dirs/prediction'))
    parser.add_argument('--markdown', type=Path, help='put the table into this document')
    parser.add_argument('--only', choices=list(WAYS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    folder, images = arguments.folder, arguments.images
    if arguments.only:
        files, out = folder / f'phantoms_{images}' / 'test', folder / f'{arguments.only}.csv'
        predict = WAYS[arguments.only](folder, files, out)
        begin = time.perf_counter()
        predict()
        print(json.dumps(dict(seconds=time.perf_counter() - begin, peak=resident_peak())))
        return
    folder.mkdir(parents=True, exist_ok=True)
    prepare(folder, images)
    measured = {way: measure(way, folder, images) for way in WAYS}
    same = {way: agreement(folder / 'mmseg.csv', folder / f'{way}.csv') for way in WAYS}
    text = section(images, measured, same)
    print(text)
    if arguments.markdown:
        write_section(arguments.markdown, text)


if __name__ == '__main__':
    main()
