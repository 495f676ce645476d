"""Arguments that several commands share, in one spelling."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from handbone.datasets.formats.catalogue import FORMATS

from .argument_types import key_value, name_pair

if TYPE_CHECKING:
    from mmengine.config import Config

#: What was written before for a precision, and is still understood.
FORMER_PRECISIONS = {'float32': 'fp32'}


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


def add_patient_pattern(parser: argparse.ArgumentParser) -> None:
    """Add ``--patient-pattern``.

    Args:
        parser: The parser to extend.
    """
    parser.add_argument(
        '--patient-pattern',
        metavar='REGEX',
        help='finds the patient in the name of an image, in its only group (default: the folder)',
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


def add_models(parser: argparse.ArgumentParser, use: str) -> None:
    """Add ``--model``, once per model, as ``models``.

    Args:
        parser: Parser of the command.
        use: What the models are for, or their order, for the help.
    """
    parser.add_argument(
        '--model',
        dest='models',
        nargs='+',
        action='append',
        default=[],
        metavar=('CONFIG', 'CHECKPOINT'),
        help='a config with its checkpoint or work dir, or an exported model; once per model; '
        + use,
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


def _setting(text: str) -> str:
    if not text.partition('=')[1]:
        raise argparse.ArgumentTypeError(f'{text} is not of the form key=value')
    return text


def _precision(text: str) -> str:
    return FORMER_PRECISIONS.get(text, text)
