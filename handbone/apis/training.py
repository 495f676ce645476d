"""Train a model from a configuration file."""

import contextlib
from pathlib import Path

import torch
from mmengine.config import Config

from handbone.checkpoints import newest_checkpoint, unpickling
from handbone.checkpoints.checkpoint_file import check_checkpoint_file
from handbone.checkpoints.pretrained import drop_pretrained, fetch_pretrained
from handbone.configuration.completion import TRAINING, complete_config
from handbone.configuration.dataset_configs import dataset_metainfo, training_checkpoints
from handbone.configuration.faults import config_faults_explained
from handbone.configuration.label_steps import check_label_steps
from handbone.configuration.mirrored_sides import warn_of_mirrored_sides
from handbone.configuration.prediction_settings import index_postprocessing
from handbone.engine import ResumableRunner
from handbone.engine.acceleration import check_activation_checkpointing, check_amp, check_compile
from handbone.engine.guards import keep_guards
from handbone.engine.hooks.notification_hook import check_notifications
from handbone.engine.launch import adapt_to_hardware, is_first_process, process_group, use_gpu
from handbone.engine.memory import keep_freed_memory
from handbone.engine.precision_choice import settle_precision
from handbone.ensembles.distillation import check_teachers
from handbone.files import check_room
from handbone.folder_lock import locked_folder


def train(cfg: Config) -> None:
    """Train the model of a configuration.

    >>> cfg = read_config_file('configs/demo.py', ['train_cfg.max_iters=500'])
    >>> train(cfg)

    Args:
        cfg: Complete configuration, changed in place. ``cfg.launcher`` says how the processes were
            started, one process by default; without a ``work_dir`` it is
            ``work_dirs/<name of the file>``.

    Raises:
        PretrainedWeightsError: If pretrained weights are missing.
        FileNotFoundError: If the checkpoint to start from does not exist.
        OSError: If nothing can be written into the work dir.
        FolderInUseError: If a different run is writing into the work dir.
        HandboneError: If the checkpoint cannot be read, the config has a type or key that does not
            exist or lacks a setting, or the hardware does not support the precision.
    """
    complete_config(cfg, TRAINING)
    check_room(Path(cfg.work_dir))
    # all processes of one training share the folder, so only the first one locks it
    alone = is_first_process(cfg.launcher)
    with locked_folder(cfg.work_dir) if alone else contextlib.nullcontext():
        _train(cfg)


def resume(cfg: Config, checkpoint: str | None = None) -> None:
    """Let a training continue.

    Args:
        cfg: Complete configuration, changed in place.
        checkpoint: Where it continues. By default the newest checkpoint of the work dir; where
            there is none yet, the training starts as it would otherwise.
    """
    cfg.resume = True
    if checkpoint is None:
        cfg.start_from, cfg.load_from = cfg.get('load_from'), None
    else:
        cfg.load_from = checkpoint


def _train(cfg: Config) -> None:
    with unpickling(cfg.get('allow_pickle', False)):
        precision = settle_precision(cfg, _interrupted(cfg))
        check_amp(cfg)
        check_compile(cfg)
        check_activation_checkpointing(cfg)
        _prepare(cfg)
        with process_group(cfg.launcher), config_faults_explained(cfg):
            runner = ResumableRunner.from_cfg(cfg)
            if precision is not None:
                runner.logger.info(str(precision))
            runner.train()


def _prepare(cfg: Config) -> None:
    for source in filter(None, (cfg.get('load_from'), cfg.get('start_from'))):
        check_checkpoint_file(source)
    check_teachers(cfg)
    if cfg.get('from_scratch', False):
        drop_pretrained(cfg)
    if not _is_resumed(cfg):
        fetch_pretrained(cfg, lambda: dataset_metainfo(cfg, 'train_dataloader')['classes'])
    index_postprocessing(cfg)
    check_label_steps(cfg)
    warn_of_mirrored_sides(cfg)
    check_notifications(cfg)
    keep_guards(cfg)
    adapt_to_hardware(cfg)
    use_gpu(cfg)
    if not torch.cuda.is_available():
        keep_freed_memory()


def _is_resumed(cfg: Config) -> bool:
    """Tell whether training resumes a checkpoint, which has all weights."""
    if not cfg.get('resume', False):
        return False
    folder = training_checkpoints(cfg, cfg.work_dir)
    return cfg.get('load_from') is not None or any(folder.glob('*.pth'))


def _interrupted(cfg: Config) -> str | None:
    """Find the checkpoint that a training continues from."""
    if not cfg.get('resume', False):
        return None
    found = cfg.get('load_from') or newest_checkpoint(training_checkpoints(cfg, cfg.work_dir))
    return None if found is None else str(found)
