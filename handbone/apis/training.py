"""Train a model from a configuration file."""

import argparse
from pathlib import Path

import torch
from mmengine.config import Config, DictAction

from handbone.engine import ResumableRunner
from handbone.engine.checkpoints import checkpoint_folder, unpickling
from handbone.files import check_room

from .acceleration import (
    DTYPES,
    check_activation_checkpointing,
    check_amp,
    check_compile,
    use_amp,
    use_compile,
)
from .checkpoint_file import check_checkpoint_file
from .launch import adapt_to_hardware, process_group, use_gpu
from .memory import keep_freed_memory
from .pretrained import drop_pretrained, fetch_pretrained
from .user_errors import user_errors_in_one_line


def train(cfg: Config) -> None:
    """Train.

    Args:
        cfg: Complete configuration; ``cfg.launcher`` says how the processes were started.

    Raises:
        PretrainedWeightsError: If pretrained weights are missing.
        FileNotFoundError: If the checkpoint to start from does not exist.
        OSError: If nothing can be written into the work dir.
        ValueError: If it is cut off or no checkpoint, or the hardware cannot do the precision.
    """
    check_room(Path(cfg.work_dir))
    check_amp(cfg)
    check_compile(cfg)
    check_activation_checkpointing(cfg)
    with unpickling(cfg.get('allow_pickle', False)):
        _prepare(cfg)
        with process_group(cfg.launcher):
            ResumableRunner.from_cfg(cfg).train()


def _prepare(cfg: Config) -> None:
    for source in filter(None, (cfg.get('load_from'), cfg.get('start_from'))):
        check_checkpoint_file(source)
    if cfg.get('from_scratch', False):
        drop_pretrained(cfg)
    if not _goes_on(cfg):
        fetch_pretrained(cfg)
    adapt_to_hardware(cfg)
    use_gpu(cfg)
    if not torch.cuda.is_available():
        keep_freed_memory()


def _goes_on(cfg: Config) -> bool:
    """Tell whether a checkpoint is resumed, which has all weights."""
    if not cfg.get('resume', False):
        return False
    out_dir = (cfg.get('default_hooks', {}).get('checkpoint') or {}).get('out_dir')
    folder = checkpoint_folder(cfg.work_dir, out_dir)
    return cfg.get('load_from') is not None or any(folder.glob('*.pth'))


@user_errors_in_one_line()
def main(arguments: list[str] | None = None) -> None:
    """Run ``tools/train.py``.

    Args:
        arguments: Command line without the program; ``sys.argv`` by default.
    """
    parser = argparse.ArgumentParser(description='Train a multilabel segmentor')
    parser.add_argument('config', help='configuration file')
    parser.add_argument('--work-dir', help='where logs and checkpoints go')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='go on from the newest checkpoint of the work dir, or from the given one',
    )
    parser.add_argument(
        '--amp',
        nargs='?',
        const='bf16',
        choices=list(DTYPES),
        help='mixed precision, by default in bfloat16; fp16 is for GPUs that lack it',
    )
    parser.add_argument(
        '--compile', action='store_true', help='compile the network with torch.compile'
    )
    parser.add_argument(
        '--from-scratch', action='store_true', help='do not load pretrained weights'
    )
    add_common_arguments(parser)
    args = parser.parse_args(arguments)

    cfg = read_config(args)
    if args.from_scratch:
        cfg.from_scratch = True
    if args.amp:
        use_amp(cfg, args.amp)
    if args.compile:
        use_compile(cfg)
    if args.resume:
        cfg.resume = True
        if args.resume == 'auto':
            # where there is no checkpoint yet, the training starts as it would without --resume
            cfg.start_from, cfg.load_from = cfg.get('load_from'), None
        else:
            cfg.load_from = args.resume
    train(cfg)


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
    cfg = Config.fromfile(args.config)
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
