"""Logs the load of the machine beside the losses."""

import psutil
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from handbone.errors import HandboneError

GIGABYTE = 1024**3


@HOOKS.register_module()
class SystemLoadHook(Hook):
    """Log how busy processor, memory and GPU are, as scalars of the training log.

    They are in the same lines as the losses, in ``vis_data/scalars.json`` and in every other
    backend of the visualizer:

    - ``load/cpu``: processor time used on the whole machine since the last record, in percent of
      all its cores;
    - ``load/memory``: resident memory of this process and its data loader's workers in GB, where
      shared memory counts once per process;
    - ``load/memory_left``: available memory of the machine in GB;
    - ``load/gpu_memory``: memory of this process's GPU used by all programs, in GB;
    - ``load/gpu``: percentage of time in which the GPU computed, if nvidia-ml-py is installed.

    If the GPU waits although the processor has idle cores, use more workers; if the processor is
    busy, use smaller images. If ``load/memory_left`` keeps falling, the system will kill the run.

    Args:
        interval: Iterations between two records; best the same as that of ``LoggerHook``.
    """

    def __init__(self, interval: int = 50) -> None:
        if interval < 1:
            raise HandboneError(f'SystemLoadHook: interval is {interval}; it must be at least 1')
        self.interval = interval
        self._utilisation = True

    def before_train(self, runner: Runner) -> None:
        """Start counting processor time.

        Args:
            runner: The runner.
        """
        psutil.cpu_percent()

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | tuple | list | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Record the load.

        Args:
            runner: The runner.
            batch_idx: Number of the batch; not used.
            data_batch: The batch; not used.
            outputs: The losses; not used.
        """
        if self.every_n_train_iters(runner, self.interval):
            for name, value in (self._machine() | self._gpu(runner)).items():
                runner.message_hub.update_scalar(f'train/load/{name}', value)

    def _machine(self) -> dict[str, float]:
        memory = 0
        process = psutil.Process()
        for member in (process, *process.children(recursive=True)):
            try:
                memory += member.memory_info().rss
            except psutil.Error:  # a worker that has just ended
                continue
        return {
            'cpu': psutil.cpu_percent(),
            'memory': memory / GIGABYTE,
            'memory_left': psutil.virtual_memory().available / GIGABYTE,
        }

    def _gpu(self, runner: Runner) -> dict[str, float]:
        if not torch.cuda.is_available():
            return {}
        free, total = torch.cuda.mem_get_info()
        load = {'gpu_memory': (total - free) / GIGABYTE}
        if self._utilisation:
            try:
                load['gpu'] = float(torch.cuda.utilization())
            except Exception as error:  # the driver's library has its own errors, such as for MIG
                self._utilisation = False
                runner.logger.info(f'No load/gpu in the log: {error}')
        return load
