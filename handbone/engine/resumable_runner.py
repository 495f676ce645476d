"""mmengine's Runner, for trainings that can be killed and resumed."""

from typing import Any

import torch
from mmengine.dist import broadcast_object_list, get_world_size, is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import BaseLoop
from mmseg.registry import RUNNERS

from handbone.checkpoints import checkpoint_folder, load_checkpoint_file, newest_checkpoint
from handbone.checkpoints.content import restoring
from handbone.errors import HandboneError, counted

from .batch_sizes import batch_sizes
from .experiment import check_same_experiment
from .reporting_runner import ReportingRunner
from .seeded_samples import SeededSamples, StreamSampler


@RUNNERS.register_module()
class ResumableRunner(ReportingRunner):
    """A runner whose killed and resumed trainings end with the weights of an uninterrupted one.

    It relies on :class:`~handbone.engine.hooks.DurableCheckpointHook`, which writes what it needs:

    - The augmentation of a sample depends only on the seed and the sample's place in the stream,
      not on the number of workers.
    - ``resume`` continues from the newest readable checkpoint of the work dir, whatever mmengine's
      ``last_checkpoint`` file names, and with the seed of the interrupted run.
    - A checkpoint of a different experiment, or a dataset with fewer images than processes, is an
      error before anything is built.
    """

    # an attribute of mmengine's Runner
    _resume: bool
    _load_from: str | None
    _train_dataloader: Any

    def build_train_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """Build the training loop on a data loader with seeded samples.

        Args:
            loop: A loop or its config.

        Returns:
            The loop.

        Raises:
            HandboneError: If the checkpoint to resume belongs to a different experiment, or there
                are fewer images than processes, or no batches.
        """
        if self._resume:
            self._prepare_to_resume()
        if isinstance(self._train_dataloader, dict):
            self._train_dataloader = self._with_seeded_samples(self._train_dataloader)
        loop = super().build_train_loop(loop)
        images, processes = len(loop.dataloader.dataset), get_world_size()
        if images < processes:
            raise HandboneError(
                f'the training dataset has {counted(images, "image")} for {processes} processes: '
                f'start at most {counted(images, "process")}, or add images'
            )
        batch_sizes(loop.dataloader)
        return loop

    def resume(
        self,
        filename: str,
        resume_optimizer: bool = True,
        resume_param_scheduler: bool = True,
        map_location: str = 'cpu',
    ) -> None:
        """Continue from a checkpoint; see mmengine's Runner.

        Args:
            filename: The checkpoint.
            resume_optimizer: Whether to restore the optimizer's state.
            resume_param_scheduler: Whether to restore the schedulers' state.
            map_location: The device to read it to. Not the GPU: the optimizer would keep its step
                counter there and wait for the GPU in every step to read it.

        Raises:
            HandboneError: If the stored state of the training does not fit or is damaged.
        """
        with restoring(filename):
            super().resume(filename, resume_optimizer, resume_param_scheduler, map_location)
        self.logger.info(f'Continuing after iteration {self.iter} from {filename}')

    def _init_model_weights(self) -> None:
        # the checkpoint has all weights, so the pretrained ones need not exist
        if not self._resume:
            super()._init_model_weights()

    def _prepare_to_resume(self) -> None:
        if self._load_from is None:
            found = [newest_checkpoint(self._checkpoint_folder()) if is_main_process() else None]
            broadcast_object_list(found)
            if found[0] is None:
                self._load_from = self.cfg.get('start_from')
                start = f'from {self._load_from}' if self._load_from else 'from the beginning'
                self.logger.warning(
                    f'There is no checkpoint to resume from in {self._checkpoint_folder()}: the '
                    f'training starts {start}.'
                )
                self._resume = False
                return
            self._load_from = str(found[0])
        content = load_checkpoint_file(self._load_from, mmap=True)
        meta = content.get('meta') or {}
        if 'iter' not in meta or 'message_hub' not in content:
            raise HandboneError(
                f'{self._load_from} holds weights, not the state of a training, so it cannot be '
                'resumed; to start from its weights: --cfg-options load_from=FILE'
            )
        check_same_experiment(self._load_from, meta, self.cfg, self.logger)
        self._adopt_seed(meta.get('seed'))

    def _checkpoint_folder(self) -> str:
        hooks = (hook for hook in self._hooks if isinstance(hook, CheckpointHook))
        return str(checkpoint_folder(self.work_dir, next((hook.out_dir for hook in hooks), None)))

    def _adopt_seed(self, seed: int | None) -> None:
        """Take the seed of the interrupted run before the sampler is built with it."""
        configured = self._randomness_cfg.get('seed')
        if seed is None or seed == configured:
            return
        if configured is not None:
            self.logger.warning(
                f'The training continues with the seed {seed} of the interrupted run; the config '
                f'has {configured}.'
            )
        self._randomness_cfg.update(seed=seed)
        self.set_randomness(**self._randomness_cfg)

    def _with_seeded_samples(self, dataloader: dict) -> dict:
        # with its own generator, starting an epoch does not use up a random number of dropout
        generator = torch.Generator()
        generator.manual_seed(self.seed)
        return dict(
            dataloader,
            dataset=dict(type=SeededSamples, dataset=dataloader['dataset'], seed=self.seed),
            sampler=dict(type=StreamSampler, sampler=dataloader['sampler']),
            generator=generator,
        )
