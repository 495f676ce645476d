"""Arguments that several commands share, in one spelling."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from handbone.datasets.formats.catalogue import FORMATS
from handbone.errors import HandboneError

if TYPE_CHECKING:
    from mmengine.config import Config

#: What was written before for a precision, and is still understood.
FORMER_PRECISIONS = {'float32': 'fp32'}
#: Seconds of the units of a duration.
SECONDS = {'s': 1, 'm': 60, 'min': 60, 'h': 3600, 'd': 86400}


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that training and testing share, named as in mmseg.

    Args:
        parser: The parser to extend.
    """
    add_config_options(parser)
    add_allow_pickle(parser)
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what started the processes of a distributed run (default: none)',
    )
    # torch.distributed.launch gives it to every process
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--cfg-options``; the words are read with the config, by ``read_config_file``.

    Args:
        parser: The parser to extend.
    """
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action='extend',
        type=_setting,
        metavar='KEY=VALUE',
        help='settings of the config to override; nested keys with dots',
    )


def add_source_format(parser: argparse.ArgumentParser) -> None:
    """Add ``--from``, ``--images`` and ``--classes``, as every command takes that reads any format.

    Args:
        parser: The parser to extend.
    """
    parser.add_argument(
        '--from',
        dest='source_format',
        choices=list(FORMATS),
        metavar='FORMAT',
        help='format of the labels, as of handbone convert (default: found out)',
    )
    parser.add_argument('--images', type=Path, help='folder of the images, with its subfolders')
    parser.add_argument('--classes', nargs='+', help='classes in their order (default: all)')


def add_renaming(parser: argparse.ArgumentParser) -> None:
    """Add ``--rename`` and ``--skip``, which stand beside ``--classes``.

    Args:
        parser: The parser to extend.
    """
    parser.add_argument(
        '--rename',
        nargs='+',
        type=name_pair,
        default=(),
        metavar='OLD=NEW',
        help='new names of classes; several may become one',
    )
    parser.add_argument('--skip', nargs='+', default=(), help='classes to leave out')


def add_reader_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--read``.

    Args:
        parser: The parser to extend.
    """
    parser.add_argument(
        '--read',
        nargs='+',
        type=key_value,
        default=(),
        metavar='KEY=VALUE',
        help='options of the format that is read (docs/formats.md)',
    )


def add_allow_pickle(parser: argparse.ArgumentParser) -> None:
    """Add ``--allow-pickle``.

    Args:
        parser: The parser to extend.
    """
    parser.add_argument(
        '--allow-pickle',
        action='store_true',
        help='read checkpoints that contain Python objects: these can run any code, so only use it '
        'if you trust whoever made them',
    )


def add_precision(
    parser: argparse.ArgumentParser, choices: Sequence[str], help_text: str, *former: str
) -> None:
    """Add ``--precision``.

    Args:
        parser: The parser to extend.
        choices: Which of fp32, bf16, fp16 and int8 the command knows.
        help_text: What it means there.
        *former: Options by which the command called it before; alone they mean bf16.
    """
    parser.add_argument('--precision', choices=choices, type=_precision, help=help_text)
    for option in former:
        parser.add_argument(
            option,
            nargs='?',
            const='bf16',
            choices=choices,
            type=_precision,
            dest='precision',
            help=argparse.SUPPRESS,
        )


def add_out_dir(
    parser: argparse.ArgumentParser, help_text: str, *former: str, default: Path | None = None
) -> None:
    """Add ``--out-dir``, which is required unless there is a default.

    Args:
        parser: The parser to extend.
        help_text: What comes into the folder.
        *former: Options by which the command called it before.
        default: The folder if none is named.
    """
    one = parser.add_mutually_exclusive_group(required=default is None)
    one.add_argument('--out-dir', type=Path, metavar='DIR', default=default, help=help_text)
    for option in former:
        one.add_argument(option, type=Path, dest='out_dir', help=argparse.SUPPRESS)


def read_config(args: argparse.Namespace) -> 'Config':
    """Read the configuration that the command line asks for.

    Args:
        args: Parsed arguments.

    Returns:
        The configuration; without a work dir it gets ``work_dirs/<name of the file>``.
    """
    from handbone.configuration.config_file import read_config_file

    cfg = read_config_file(args.config, args.cfg_options or ())
    cfg.launcher = args.launcher
    if args.allow_pickle:
        cfg.allow_pickle = True
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(args.config).stem)
    return cfg


def at_least_one(text: str) -> int:
    """Read a whole number from 1 on; a type of arguments.

    Args:
        text: A word of the command line.

    Returns:
        The number.

    Raises:
        ArgumentTypeError: If it is not one.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'{text} is not a whole number of at least 1')
    return int(text)


def names(text: str) -> list[str]:
    """Read names with commas between them; a type of arguments.

    Args:
        text: A word of the command line.

    Returns:
        The names; ``none`` stands for no name.
    """
    return text.split(',') if text != 'none' else []


def name_pair(text: str) -> tuple[str, str]:
    """Read ``OLD=NEW``; a type of arguments.

    Args:
        text: A word of the command line.

    Returns:
        Both names.

    Raises:
        ArgumentTypeError: If it is not of that form.
    """
    old, equals, new = text.partition('=')
    if not (old and equals and new):
        raise argparse.ArgumentTypeError(f'{text} is not of the form OLD=NEW')
    return old, new


def key_value(text: str) -> tuple[str, object]:
    """Read ``KEY=VALUE``, the value in YAML; a type of arguments.

    Args:
        text: A word of the command line.

    Returns:
        The key and the value.

    Raises:
        ArgumentTypeError: If it is not of that form.
    """
    import yaml

    key, value = name_pair(text)
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise argparse.ArgumentTypeError(f'{text}: {value} is not a valid value') from error


def seconds(text: str) -> float:
    """Read a duration such as ``8h``, ``1h30min`` or ``90s``; a type of arguments.

    Args:
        text: A word of the command line.

    Returns:
        Seconds.

    Raises:
        ArgumentTypeError: If it is not a duration.

    >>> seconds('1h30min')
    5400.0
    """
    parts = re.findall(r'([0-9]+(?:\.[0-9]+)?)(min|[smhd])', text)
    total = sum(float(number) * SECONDS[unit] for number, unit in parts)
    if not total or ''.join(number + unit for number, unit in parts) != text:
        raise argparse.ArgumentTypeError(f'{text} is not a duration such as 30min, 8h or 2d')
    return total


def numbers(text: str, option: str) -> list[int]:
    """Read different whole numbers with commas between them.

    Args:
        text: A word of the command line.
        option: The option that it belongs to, for the message.

    Returns:
        The numbers.

    Raises:
        HandboneError: If it is something else.
    """
    words = text.split(',')
    if not all(word.strip().isdecimal() for word in words) or len(set(words)) < len(words):
        raise HandboneError(f'{option} takes different numbers with commas, as 0,1; got {text}')
    return [int(word) for word in words]


def gpu_slots(gpus: str | None, jobs: int | None) -> list[str | None]:
    """Say where trainings may run at the same time.

    Args:
        gpus: What ``--gpus`` was given.
        jobs: What ``--jobs`` was given.

    Returns:
        An entry per training: its GPU, or None for any.

    Raises:
        HandboneError: If one of the options has a wrong value.
    """
    names = list(map(str, numbers(gpus, '--gpus'))) if gpus else [None]
    count = jobs if jobs is not None else len(names)
    if count < 1:
        raise HandboneError(f'--jobs is at least 1, got {count}')
    return [names[number % len(names)] for number in range(count)]


def _setting(text: str) -> str:
    if not text.partition('=')[1]:
        raise argparse.ArgumentTypeError(f'{text} is not of the form key=value')
    return text


def _precision(text: str) -> str:
    return FORMER_PRECISIONS.get(text, text)
