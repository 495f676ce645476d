"""A test run whose predictions are the mean of several models."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import torch
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner, TestLoop
from mmengine.runner.amp import autocast
from mmengine.structures import PixelData
from mmseg.registry import LOOPS
from torch import Tensor, nn
from torch.utils.data import DataLoader

from handbone.configuration.dataset_configs import with_pipeline
from handbone.evaluation.logit_summary import present, summarise_members
from handbone.masks import logits_to_packed
from handbone.models.segmentors.running_mean import logits_of
from handbone.postprocessing import apply_steps
from handbone.progress import progress_bar

from .logit_store import LogitStore
from .mean_logits import largest, resized, weighted
from .members import (
    build_member,
    check_same_decision,
    decided_by,
    logits_only,
    segmentor_of,
    steps_without_image,
)


class _Member(NamedTuple):
    """A model of the ensemble.

    Attributes:
        name: What messages call it.
        model: Its config.
        checkpoint: Its weights.
        share: Its weight in the mean; the shares add up to 1.
        loader: Index of the data loader that gives its images.
    """

    name: str
    model: Mapping
    checkpoint: str
    share: float
    loader: int


@LOOPS.register_module()
class EnsembleTestLoop(TestLoop):
    """Test the weighted mean of the logits, or of the probabilities, of several models.

    The mean is taken before the upsampling to the size of the image, at the resolution of the
    member whose head gives the most logits for the first image, so no member loses detail. The
    logits of the others, without padding, are resized to it bilinearly. Steps after the thresholds
    are those of the runner's model.

    Args:
        runner: The runner, whose model is the first member.
        dataloader: The test data, with the first member's pipeline.
        evaluator: What scores the predictions.
        members: Dicts of ``model`` (config), ``checkpoint``, ``weight``, ``pipeline`` (test
            pipeline) and ``name``. All predict the same images, with their own pipelines.
        thresholds: Probability above which a class is present; one number, or one per class.
        merge: Mean of ``probabilities`` or of ``logits``.
        one_at_a_time: Hold one model on the device at a time. The sums of the low-resolution logits
            are kept on disk, and each image is loaded once more.
        store_folder: Folder of these sums. Default: the work dir.
        summarise: Also tell how sure the ensemble is of each class, and how far its members agree
            (:mod:`handbone.evaluation.logit_summary`).
        fp16: Mixed precision, as in mmengine's loop.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        evaluator: Any,
        members: Sequence[Mapping],
        thresholds: float | Sequence[float] = 0.5,
        merge: Literal['probabilities', 'logits'] = 'probabilities',
        one_at_a_time: bool = False,
        store_folder: str | Path | None = None,
        summarise: bool = False,
        fp16: bool = False,
    ) -> None:
        config = cast(dict, dataloader)
        super().__init__(runner, dataloader, evaluator, fp16=fp16)
        self.thresholds = thresholds
        self.merge = merge
        self.one_at_a_time = one_at_a_time
        self.summarise = summarise
        self.store_folder = store_folder or runner.work_dir
        pipelines, self._loaders, self._members = [members[0]['pipeline']], [self.dataloader], []
        total = sum(member['weight'] for member in members)
        for member in members:
            # models with the same pipeline share one data loader
            if member['pipeline'] not in pipelines:
                pipelines.append(member['pipeline'])
                own = dict(config, dataset=with_pipeline(config['dataset'], pipelines[-1]))
                self._loaders.append(runner.build_dataloader(own, seed=runner.seed))
            self._members.append(
                _Member(
                    member['name'],
                    member['model'],
                    member['checkpoint'],
                    member['weight'] / total,
                    pipelines.index(member['pipeline']),
                )
            )

    @torch.no_grad()
    def run(self) -> dict:
        """Predict all images with all members.

        Returns:
            The scores.

        Raises:
            HandboneError: If the weights of a checkpoint do not fit its model, or a step needs the
                image.
        """
        first = self.runner.model
        network = first.module if is_model_wrapper(first) else first
        segmentor = segmentor_of(network)
        self._steps = steps_without_image(segmentor.postprocess)
        self._num_classes = segmentor.num_classes
        self._decided = decided_by(network)
        self._networks = [logits_only(network)]
        self._device = next(first.parameters()).device
        self._store = LogitStore(self.store_folder) if self.one_at_a_time else None
        if self._store is None:
            self._networks += [self._build(member) for member in self._members[1:]]
            self._others = [iter(loader) for loader in self._loaders[1:]]
            self._reference: int | None = None
        try:
            return super().run()
        finally:
            if self._store is not None:
                self._store.close()
            self._networks, self._others = [], []

    @torch.no_grad()
    def run_iter(self, idx: int, data_batch: dict) -> None:
        """Predict a batch.

        Args:
            idx: Number of the batch.
            data_batch: The batch, made by the first member's pipeline.
        """
        if self._store is not None and idx == 0:
            self._fill_store()  # only now that the hooks have checked the run
        self.runner.call_hook('before_test_iter', batch_idx=idx, data_batch=data_batch)
        samples = data_batch['data_samples']
        means = self._stored(samples) if self._store is not None else self._mean(data_batch)
        outputs = []
        for sample, mean in zip(samples, means, strict=True):
            output = sample.new()
            mean, members = self._split(mean)
            if self.merge == 'probabilities':
                mean = logits_of(mean, self._decided.has_background)
            size = tuple(sample.metainfo['ori_shape'][:2])
            exclusive = self._decided.exclusive
            if members is not None:
                number = len(self._members)
                summary = summarise_members(mean, members, number, self.thresholds, exclusive)
                output.set_metainfo(dict(logit_summary=summary))
            packed = logits_to_packed(mean, size, self.thresholds, exclusive=exclusive)
            labels = apply_steps(packed, self._steps, self._num_classes, exclusive=exclusive)
            output.pred_sem_seg = PixelData(data=labels)
            outputs.append(output)
        self.evaluator.process(data_samples=outputs, data_batch=data_batch)
        self.runner.call_hook(
            'after_test_iter', batch_idx=idx, data_batch=data_batch, outputs=outputs
        )

    def _mean(self, data_batch: dict) -> list[Tensor]:
        """Run all members on a batch."""
        batches = [data_batch, *map(next, self._others)]
        logits = [
            self._logits(network, batches[member.loader])
            for member, network in zip(self._members, self._networks, strict=True)
        ]
        if self._reference is None:
            self._reference = largest([of_member[0] for of_member in logits])
        reference = self._reference
        means: list[Any] = []
        for of_image in zip(*logits, strict=True):
            size = of_image[reference].shape[1:]
            means.append(
                sum(
                    self._part(member, each, size)
                    for member, each in zip(self._members, of_image, strict=True)
                )
            )
        return means

    def _stored(self, samples: Sequence) -> list[Tensor]:
        store = cast(LogitStore, self._store)
        return [store.read(sample.img_path).to(self._device) for sample in samples]

    def _fill_store(self) -> None:
        """Run the members over all images one by one, the one with the most logits first."""
        first_batches = [next(iter(loader)) for loader in self._loaders]
        examples = []
        for member in self._members:  # find faults of any member before hours of work
            with self._on_device(member) as network:
                examples.append(self._logits(network, first_batches[member.loader])[0].cpu())
        reference = self._members[largest(examples)]
        rest = [member for member in self._members if member is not reference]
        for number, member in enumerate([reference, *rest], 1):
            title = f'{member.name} ({number} of {len(self._members)})'
            loader = self._loaders[member.loader]
            with self._on_device(member) as network:
                for batch in progress_bar(loader, title, unit='batch'):
                    self._add(member, network, batch, begin=number == 1)

    def _add(self, member: _Member, network: nn.Module, batch: dict, begin: bool) -> None:
        store = cast(LogitStore, self._store)
        paths = [sample.img_path for sample in batch['data_samples']]
        for path, logits in zip(paths, self._logits(network, batch), strict=True):
            if begin and path in store:
                continue  # with several processes, the sampler repeats images in the last batch
            size = logits.shape[1:] if begin else store.size(path)
            store.add(path, self._part(member, logits, size))

    def _part(self, member: _Member, logits: Tensor, size: Sequence[int]) -> Tensor:
        """Weight the output of a member, float32 (C, h, w) at the common size."""
        background = self._decided.has_background
        logits = resized(logits, size)
        values = weighted(logits, member.share, size, self.merge, background)
        if self.summarise:  # the sum of these says how many members see a class
            seen = present(logits, self.thresholds, self._decided.exclusive)
            values = torch.cat([values, seen.to(values)])
        return values

    def _split(self, summed: Tensor) -> tuple[Tensor, Tensor | None]:
        """Tell the mean from the number of members that see a class, each (C, h, w)."""
        if not self.summarise:
            return summed, None
        return summed[: -self._num_classes], summed[-self._num_classes :]

    def _logits(self, network: Any, batch: dict) -> list[Tensor]:
        """Predict the low-resolution logits of a batch, (C, h, w) without padding."""
        with autocast(enabled=self.fp16):
            return [sample.seg_logits.data for sample in network.test_step(batch)]

    @contextmanager
    def _on_device(self, member: _Member) -> Iterator[nn.Module]:
        """Hold a member on the device, and the first one on the CPU while it is not used."""
        first = self._networks[0]
        if member is self._members[0]:
            yield first.to(self._device)
            return
        first.to('cpu')
        network = self._build(member)
        yield network
        network.to('cpu')

    def _build(self, member: _Member) -> nn.Module:
        network = build_member(member.model, member.checkpoint)
        check_same_decision(network, self._decided, member.name, self._members[0].name)
        return logits_only(network.to(self._device))
