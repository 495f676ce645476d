"""mmengine's Runner, for trainings that survive being killed."""

from typing import Any

import torch
from mmengine.dist import broadcast_object_list, get_world_size, is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import BaseLoop
from mmseg.registry import RUNNERS

from handbone.checkpoints import checkpoint_folder, load_checkpoint_file, newest_checkpoint
from handbone.checkpoints.content import restoring
from handbone.errors import HandboneError

from .batch_sizes import batch_sizes
from .experiment import check_same_experiment
from .reporting_runner import ReportingRunner
from .seeded_samples import SeededSamples, StreamSampler


@RUNNERS.register_module()
class ResumableRunner(ReportingRunner):
    """Train so that a killed and resumed run ends with the weights of an uninterrupted one.

    Beside :class:`~handbone.engine.hooks.DurableCheckpointHook`, which writes what this needs:

    - Each sample is augmented with random numbers of its seed and its place in the stream, whatever
      the number of workers.
    - ``resume`` goes on from the newest checkpoint of the work dir that can be read, not from the
      one that a file beside it names, and with the seed of the interrupted run.
    - What does not fit is said before anything is built: a checkpoint of another experiment, a
      dataset with fewer images than processes.
    """

    # of mmengine's Runner
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
            HandboneError: If the checkpoint to resume is of a different experiment, there are fewer
                images than processes, or no batch at all.
        """
        if self._resume:
            self._prepare_to_resume()
        if isinstance(self._train_dataloader, dict):
            self._train_dataloader = self._with_seeded_samples(self._train_dataloader)
        loop = super().build_train_loop(loop)
        images, processes = len(loop.dataloader.dataset), get_world_size()
        if images < processes:
            raise HandboneError(
                f'the training dataset has {images} images for {processes} processes: start at '
                f'most {images} processes, or add images'
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
            resume_optimizer: Take over the optimizer's state.
            resume_param_scheduler: Take over the schedulers' state.
            map_location: Where it is read to. Not the GPU: the optimizer would keep the number of
                its step there, and ask for it in every step.

        Raises:
            HandboneError: If the state of the training in it does not fit or is damaged.
        """
        with restoring(filename):
            super().resume(filename, resume_optimizer, resume_param_scheduler, map_location)
        self.logger.info(f'Continuing after iteration {self.iter} from {filename}')

    def _init_model_weights(self) -> None:
        # all weights come from the checkpoint: pretrained ones need not be there
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
        """Take the seed of the interrupted run, before the sampler is made from it."""
        configured = self._randomness_cfg.get('seed')
        if seed is None or seed == configured:
            return
        if configured is not None:
            self.logger.warning(
                f'The interrupted run had the seed {seed}, which it keeps; the config has '
                f'{configured}.'
            )
        self._randomness_cfg.update(seed=seed)
        self.set_randomness(**self._randomness_cfg)

    def _with_seeded_samples(self, dataloader: dict) -> dict:
        # a generator of its own: a new pass then draws no number that dropout would miss
        generator = torch.Generator()
        generator.manual_seed(self.seed)
        return dict(
            dataloader,
            dataset=dict(type=SeededSamples, dataset=dataloader['dataset'], seed=self.seed),
            sampler=dict(type=StreamSampler, sampler=dataloader['sampler']),
            generator=generator,
        )
