"""``handbone queue``: train configs one after the other, on what is free."""

import argparse
import signal
import sys
from pathlib import Path

from handbone.errors import HandboneError

from .argument_types import gpu_slots
from .arguments import add_config_options

EPILOG = 'example: handbone queue add configs/demo.py; handbone queue run --gpus 0,1'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Train configs one after the other (docs/queue.md). The queue survives whatever ends its '
        'processes; interrupted trainings continue from their newest checkpoints.'
    )
    parser.epilog = EPILOG
    actions = parser.add_subparsers(dest='action', metavar='ACTION', required=True)
    add = actions.add_parser(
        'add', help='append trainings', description='Further options: those of `handbone train`.'
    )
    add.add_argument('configs', nargs='+', metavar='config', help='configuration files')
    add.add_argument('--work-dir', help='work dir, for one config')
    add_config_options(add)
    run = actions.add_parser('run', help='train what waits, until nothing does')
    run.add_argument(
        '--gpus',
        help='GPUs to use, as 0,1 (default: those of CUDA_VISIBLE_DEVICES, else all, else one CPU '
        'slot)',
    )
    run.add_argument(
        '--jobs', type=int, help='trainings at the same time (default: one, or one per GPU)'
    )
    run.add_argument('--wait', action='store_true', help='go on, for what is added later')
    run.add_argument(
        '--retry-failed', action='store_true', help='try failed ones again, from their checkpoints'
    )
    cancel = actions.add_parser('cancel', help='take out a training, and stop it if it runs')
    cancel.add_argument('numbers', nargs='+', type=int, metavar='number')
    listing = actions.add_parser('list', help='show all trainings')
    for each in (add, run, cancel, listing):
        each.add_argument(
            '--queue',
            type=Path,
            default=Path('work_dirs/queue.db'),
            metavar='FILE',
            help='file of the queue (default: work_dirs/queue.db)',
        )


def run(args: argparse.Namespace) -> None:
    """Do what was asked.

    Args:
        args: The parsed command line; ``args.rest`` are words for ``handbone train``.

    Raises:
        HandboneError: If an option or a config is not valid, or a training failed.
    """
    from handbone.runs.training_queue import TrainingQueue

    queue = TrainingQueue(args.queue)
    if args.rest and args.action != 'add':
        raise HandboneError(f'queue {args.action} does not take {" ".join(args.rest)}')
    if args.action == 'add':
        _add(args)
    elif args.action == 'list':
        _list(args.queue)
    elif args.action == 'cancel':
        for number in args.numbers:
            print(f'training {number}: {queue.cancel(number)}')
    else:
        from handbone.apis.queue_running import QueueRun
        from handbone.machine.graphics_cards import usable_cards

        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # trainings are stopped too
        cards = usable_cards() if args.gpus is None else ()
        slots = gpu_slots(args.gpus, args.jobs, cards)
        QueueRun(queue, slots, args.wait, args.retry_failed).run()


def _add(args: argparse.Namespace) -> None:
    from handbone.configuration.completion import TRAINING, complete_config, default_work_dir
    from handbone.configuration.config_file import read_config_file
    from handbone.runs.training_queue import TrainingQueue

    from . import train

    if args.work_dir is not None and len(args.configs) > 1:
        raise HandboneError(f'--work-dir is for one config, got {len(args.configs)}')
    options = [*args.rest]
    if args.cfg_options:
        options += ['--cfg-options', *args.cfg_options]
    parser = argparse.ArgumentParser(prog='handbone queue add')
    train.add_arguments(parser)
    queue = TrainingQueue(args.queue)
    for config in args.configs:
        parser.parse_args([config, *options])  # what is wrong is said now, not at night
        cfg = read_config_file(config, args.cfg_options or ())
        complete_config(cfg, TRAINING)
        work_dir = args.work_dir or cfg.get('work_dir') or default_work_dir(cfg)
        entry = queue.add(config, options, str(work_dir))
        print(f'training {entry.id} waits: {config}, {work_dir}')


def _list(path: Path) -> None:
    from handbone.evaluation.drawn_tables import draw_table, print_tables
    from handbone.local_time import local_time
    from handbone.runs.training_queue import TrainingQueue

    entries = TrainingQueue(path).entries()
    if not entries:
        print(f'{path} is empty: add trainings with `handbone queue add CONFIG`')
        return
    header = ['', 'State', 'Config', 'Options', 'Work dir', 'Where', 'Begun', 'Ended']
    rows = [
        [
            str(entry.id),
            entry.state + (f' ({entry.exit_code})' if entry.exit_code else ''),
            entry.config,
            ' '.join(entry.arguments),
            entry.work_dir,
            f'{entry.host}: {entry.slot}' if entry.slot else '',
            local_time(entry.begun or ''),
            local_time(entry.ended or ''),
        ]
        for entry in entries
    ]
    print_tables([draw_table(header, [rows], left=header[1:])])
