"""Train a model from a configuration file."""

import argparse
from pathlib import Path

from mmengine.config import Config, DictAction

from handbone.configuration.config_file import read_config_file


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that training and testing share, named as in mmseg.

    Args:
        parser: The parser to extend.
    """
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='settings to override, as key=value; nested keys with dots',
    )
    parser.add_argument(
        '--allow-pickle',
        action='store_true',
        help='read checkpoints that hold Python objects: they can run any code, so you must trust '
        'who made them',
    )
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)


def read_config(args: argparse.Namespace) -> Config:
    """Read the configuration that the command line asks for.

    Args:
        args: Parsed arguments.

    Returns:
        The configuration; without a work dir it gets ``work_dirs/<name of the file>``.
    """
    cfg = read_config_file(args.config)
    cfg.launcher = args.launcher
    if args.allow_pickle:
        cfg.allow_pickle = True
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(args.config).stem)
    return cfg
