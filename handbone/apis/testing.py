"""Score a checkpoint, or write its predictions."""

import torch
from mmengine.config import Config

from handbone.checkpoints import unpickling
from handbone.checkpoints.checkpoint_file import check_checkpoint_file
from handbone.checkpoints.pretrained import drop_pretrained
from handbone.configuration.completion import TESTING, complete_config
from handbone.configuration.faults import config_faults_explained
from handbone.configuration.prediction_settings import (
    index_postprocessing,
    use_published_thresholds,
)
from handbone.engine.guards import keep_guards
from handbone.engine.launch import adapt_to_hardware, process_group
from handbone.engine.reporting_runner import ReportingRunner
from handbone.errors import HandboneError


def test(cfg: Config) -> dict[str, float]:
    """Run the test set of a configuration through the model of ``cfg.load_from``.

    >>> cfg = read_config_file('configs/demo.py', ['load_from=work_dirs/demo/iter_2000.pth'])
    >>> test(cfg)['mDice']

    Args:
        cfg: Complete configuration, changed in place. ``cfg.launcher`` says how the processes were
            started, one process by default; without a ``work_dir`` it is
            ``work_dirs/<name of the file>``.

    Returns:
        The metrics; empty if only predictions were asked for.

    Raises:
        FileNotFoundError: If the checkpoint does not exist.
        HandboneError: If the checkpoint cannot be read, or the config has a type or key that does
            not exist or lacks a setting.
    """
    complete_config(cfg, TESTING)
    if cfg.get('load_from') is None:
        raise HandboneError('cfg.load_from must name the checkpoint to test')
    with unpickling(cfg.get('allow_pickle', False)):
        check_checkpoint_file(cfg.load_from)
        use_published_thresholds(cfg, cfg.load_from)
        index_postprocessing(cfg)
        drop_pretrained(cfg)  # the checkpoint has all weights
        keep_guards(cfg)
        adapt_to_hardware(cfg)
        if not torch.cuda.is_available():
            # The number of threads changes the order of sums, and thereby single pixels at the
            # threshold: with one thread, any number of processes gives the same bytes.
            torch.set_num_threads(1)
        with process_group(cfg.launcher), config_faults_explained(cfg):
            return ReportingRunner.from_cfg(cfg).test()
