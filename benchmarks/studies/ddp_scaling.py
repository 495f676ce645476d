"""Images per second of a training step on one process and on several, as DDP runs them.

    python -m benchmarks.studies.ddp_scaling
    python -m benchmarks.studies.ddp_scaling --model upernet --size 1536 --processes 1 2 4 8

Every process has batch 1 and, where there are GPUs, one of its own and bfloat16; without GPUs it
has one thread and the processes talk through gloo.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import torch
import torch.distributed
from mmseg.structures import SegDataSample
from rich.console import Console
from rich.table import Table
from torch import nn

from benchmarks.harness import table
from benchmarks.rows import train_step

HEADER = ('processes', 'median step', 'images/s', 'of the first', 'efficiency')


def measure(model: str, size: int, processes: int, steps: int, threads: int) -> float:
    """Measure the training step of one or several processes.

    Args:
        model: Key of ``train_step.MODEL_CONFIGS`` or ``train_step.GPU_CONFIGS``.
        size: Height and width of the images.
        processes: Number of processes.
        steps: Timed steps, after two that are not.
        threads: Threads of each process.

    Returns:
        Seconds of the median step of the first process; a step ends when all gradients are there.
    """
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(
            _train, (processes, model, size, steps, threads, folder), nprocs=processes
        )
        return float((Path(folder) / 'seconds').read_text())


def _train(
    rank: int, processes: int, model: str, size: int, steps: int, threads: int, folder: str
) -> None:
    torch.set_num_threads(threads)
    on_gpu = train_step.DEVICE == 'cuda'
    if on_gpu:
        torch.cuda.set_device(rank)
    torch.distributed.init_process_group(
        'nccl' if on_gpu else 'gloo',
        init_method=f'file://{folder}/rendezvous',
        rank=rank,
        world_size=processes,
    )
    network = train_step.build(model, stock=False)
    if processes > 1:
        # as mmengine converts it and tools/train.py asks for on GPUs
        network = nn.SyncBatchNorm.convert_sync_batchnorm(network) if on_gpu else network
        network = nn.parallel.DistributedDataParallel(
            network, [rank] if on_gpu else None, broadcast_buffers=False
        )
    seconds = _steps(network, size, steps + 2)[2:]
    if rank == 0:
        (Path(folder) / 'seconds').write_text(str(median(seconds)))
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def _steps(network: nn.Module, size: int, count: int) -> list[float]:
    """Train on one image and return the seconds of each step."""
    inputs, sample = train_step.image(size), SegDataSample()
    sample.set_data(dict(gt_sem_seg=train_step.labels(size)))
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-6)
    seconds = []
    for _ in range(count):
        begin = time.perf_counter()
        with train_step.precision():
            losses = network(inputs, [sample], mode='loss')
        sum(value for key, value in losses.items() if 'loss' in key).backward()
        optimizer.step()
        optimizer.zero_grad()
        if train_step.DEVICE == 'cuda':
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - begin)
    return seconds


def lines(seconds: dict[int, float]) -> list[tuple[str, ...]]:
    """Write what was measured as lines of the table.

    Args:
        seconds: Those of a step, by the number of processes, in order.

    Returns:
        One tuple of texts per line, as in :data:`HEADER`; efficiency is the images per second of a
        process relative to those of the first line.
    """
    (fewest, alone), *_ = seconds.items()
    return [
        (
            str(processes),
            f'{one * 1000:.1f} ms',
            f'{processes / one:.2f}',
            f'{processes / one / (fewest / alone):.2f} x',
            f'{alone / one:.0%}',
        )
        for processes, one in seconds.items()
    ]


def markdown(found: Sequence[tuple[str, ...]], work: str, command: str) -> str:
    """Make the section for a document, with machine and command.

    Args:
        found: Lines of the table.
        work: What was measured.
        command: The command that gives it.

    Returns:
        Markdown.
    """
    text = [
        f'## `{command}`',
        '',
        f'On {table.machine()}; {table.libraries()}. {work}.',
        '',
        '| ' + ' | '.join(HEADER) + ' |',
        '|' + '---:|' * len(HEADER),
        *('| ' + ' | '.join(line) + ' |' for line in found),
    ]
    return '\n'.join(text) + '\n'


def _arguments() -> argparse.ArgumentParser:
    gpus = torch.cuda.device_count()
    counts = [1, *(2**power for power in range(1, 10) if 2**power <= gpus)] if gpus else [1, 2]
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.studies.ddp_scaling', description=__doc__
    )
    models = sorted(train_step.MODEL_CONFIGS | train_step.GPU_CONFIGS)
    parser.add_argument('--model', choices=models, default='segformer')
    parser.add_argument('--size', type=int, default=256, help='height and width of the images')
    parser.add_argument('--processes', type=int, nargs='+', default=counts)
    parser.add_argument('--steps', type=int, default=7, help='timed steps')
    parser.add_argument('--threads', type=int, default=1, help='threads of each process')
    parser.add_argument('--markdown', type=Path, metavar='FILE', help='put the table into FILE too')
    return parser


def main() -> None:
    """Measure, print the table, and write it as Markdown if asked."""
    parser = _arguments()
    arguments = parser.parse_args()
    counts = sorted(set(arguments.processes))
    if counts[0] < 1 or arguments.steps < 1:
        parser.error('--processes and --steps are at least 1')
    if torch.cuda.is_available() and counts[-1] > torch.cuda.device_count():
        parser.error(f'--processes {counts[-1]}: there are {torch.cuda.device_count()} GPUs')
    seconds = {
        count: measure(arguments.model, arguments.size, count, arguments.steps, arguments.threads)
        for count in counts
    }
    found = lines(seconds)
    threads = f'{arguments.threads} thread{"s" * (arguments.threads != 1)}'
    work = (
        f'Training step of {arguments.model}, {arguments.size} x {arguments.size}, '
        f'batch 1 and {threads} per process'
    )
    shown = Table(*HEADER, title=work, title_justify='left')
    for line in found:
        shown.add_row(*line)
    Console().print(shown)
    if arguments.markdown:
        command = f'python -m benchmarks.studies.ddp_scaling --model {arguments.model} ' + (
            f'--size {arguments.size} --processes {" ".join(map(str, counts))}'
        )
        table.write_section(arguments.markdown, markdown(found, work, command))


if __name__ == '__main__':
    main()
