"""Whole commands on the device, on phantoms: resume, torchrun, prediction, export.

python -m benchmarks.gpu_check.whole_commands resume work_dirs/gpu_check

prints one line that says what was found, and fails if that is not right.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from handbone.apis import MultilabelInferencer
from handbone.checkpoints.loading import load_checkpoint_file

#: Iterations of a training; the resumed one begins in the middle.
ITERATIONS = 20
#: A resumed training may differ from an uninterrupted one by this many times what two
#: uninterrupted ones differ by, as some sums on GPUs have no fixed order.
TIMES_CHANCE = 10.0
#: Share of the pixels whose classes may differ: those at the threshold.
MOST_PIXELS = 1e-3


def resume(out: Path) -> str:
    """Compare a training that goes on from a checkpoint with two that were not interrupted.

    The checkpoint is of a training of the same length: the sizes of the images depend on it.

    Args:
        out: Folder of results.

    Returns:
        What was found.
    """
    straight, again, resumed = (out / 'resume' / name for name in ('straight', 'again', 'resumed'))
    for work_dir in (straight, again):
        train(out, work_dir, ITERATIONS)
    middle = f'iter_{ITERATIONS // 2}.pth'
    shutil.rmtree(resumed, ignore_errors=True)  # of an earlier check
    resumed.mkdir(parents=True)
    shutil.copy(straight / middle, resumed / middle)
    train(out, resumed, ITERATIONS, '--resume')
    expected = weights(straight)
    chance = largest_difference(expected, weights(again))
    found = largest_difference(expected, weights(resumed))
    assert found <= TIMES_CHANCE * chance, f'weights differ by {found}, by chance by {chance}'
    return f'weights differ by {found:.1e}, those of two uninterrupted trainings by {chance:.1e}'


def distributed(out: Path) -> str:
    """Train by torchrun with one process.

    Args:
        out: Folder of results.

    Returns:
        What was found.
    """
    launcher = ('-m', 'torch.distributed.run', '--standalone', '--nproc_per_node', '1')
    alone, launched = out / 'distributed' / 'alone', out / 'distributed' / 'launched'
    train(out, alone, ITERATIONS)
    train(out, launched, ITERATIONS, '--launcher', 'pytorch', program=launcher)
    found = largest_difference(weights(alone), weights(launched))
    return f'{ITERATIONS} iterations by torchrun; weights differ by {found:.1e} from those without'


def predict(out: Path) -> str:
    """Compare the starter's predictions with those of the CPU.

    Args:
        out: Folder of results.

    Returns:
        What was found.
    """
    images = out / 'data' / 'test' / 'DCM'
    phantoms(out)
    on_device, on_cpu = (
        [each.labels for each in MultilabelInferencer(device=device)(images)]
        for device in ('auto', 'cpu')
    )
    return _compared(on_device, on_cpu, 'from those of the CPU')


def export(out: Path) -> str:
    """Compare an exported file with the model on the device.

    Args:
        out: Folder of results.

    Returns:
        What was found.
    """
    from handbone.inference import open_predictor

    images, file = out / 'data' / 'test' / 'DCM', out / 'export' / 'starter.onnx'
    phantoms(out)
    file.parent.mkdir(exist_ok=True)
    command('export', 'configs/starter/hand.py', 'starter', '--out', file)
    exported = MultilabelInferencer.of(open_predictor(file))
    return _compared(
        [each.labels for each in exported(images)],
        [each.labels for each in MultilabelInferencer()(images)],
        'from those of the model',
    )


CHECKS: dict[str, Callable[[Path], str]] = {
    'resume': resume,
    'predict': predict,
    'distributed': distributed,
    'export': export,
}


@cache
def phantoms(out: Path) -> Path:
    """Make phantoms, once per process; those that are there are kept.

    Args:
        out: Folder of results.

    Returns:
        Their folder.
    """
    data = out / 'data'
    command('make-phantom', data, '--train', 40, '--test', 4, '--size', 512)
    return data


def train(
    out: Path,
    work_dir: Path,
    iterations: int,
    *words: str,
    program: tuple[str, ...] = (),
) -> None:
    """Train the network of the demo.

    Args:
        out: Folder of results, with the phantoms.
        work_dir: Where the run is written.
        iterations: Where the training ends.
        words: Further arguments of the command.
        program: What stands between ``python`` and the script.
    """
    data = phantoms(out)
    options = [f'train_cfg.{key}={iterations}' for key in ('max_iters', 'val_interval')]
    saved = dict(interval=iterations // 2, max_keep_ckpts=2)
    options += [f'default_hooks.checkpoint.{key}={value}' for key, value in saved.items()]
    options += [
        f'{loader}.dataset.data_root={data}'
        for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader')
    ]
    arguments = ['configs/demo.py', '--work-dir', work_dir, *words, '--cfg-options', *options]
    command('train', *arguments, program=program)


def command(name: str, *words: str | int | Path, program: tuple[str, ...] = ()) -> None:
    """Run one of our commands; its output is this program's.

    Args:
        name: The subcommand.
        words: Its arguments.
        program: What stands between ``python`` and the script.

    Raises:
        subprocess.CalledProcessError: If it fails.
    """
    script = ('handbone_command.py', name)
    subprocess.run([sys.executable, *program, *script, *map(str, words)], check=True)


def weights(work_dir: Path) -> dict[str, Tensor]:
    """Read the weights of the last checkpoint of a work dir."""
    checkpoint = (work_dir / 'last_checkpoint').read_text().strip()
    return load_checkpoint_file(checkpoint)['state_dict']


def largest_difference(one: dict[str, Tensor], other: dict[str, Tensor]) -> float:
    """Find the largest difference between two sets of weights."""
    return max(float((one[name].double() - other[name].double()).abs().max()) for name in one)


def _compared(found: list[np.ndarray], expected: list[np.ndarray], words: str) -> str:
    shares = [np.mean(one != other) for one, other in zip(found, expected, strict=True)]
    share = float(np.max(shares))
    assert share <= MOST_PIXELS, f'{share:.2%} of the pixels of an image differ {words}'
    return f'at most {share:.4%} of the pixels of {len(shares)} images differ {words}'


def main() -> None:
    """Run one check and print what it found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('check', choices=CHECKS)
    parser.add_argument('out', type=Path)
    arguments = parser.parse_args()
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else 'the CPU'
    print(f'{CHECKS[arguments.check](arguments.out)}, on {device}')


if __name__ == '__main__':
    main()
