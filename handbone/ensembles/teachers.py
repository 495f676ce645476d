"""Trained models that a smaller network learns from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import torch
import torch.nn.functional as F
from mmengine.config import Config
from torch import Tensor

from handbone.checkpoints import find_checkpoint, load_checkpoint_file
from handbone.checkpoints.fitting import checkpoint_classes
from handbone.engine.random_state import capture_random_state, restore_random_state
from handbone.errors import HandboneError
from handbone.models.data_preprocessors.ranks import RankDataPreProcessor
from handbone.models.segmentors.joined_networks import JoinedNetworks
from handbone.models.segmentors.multilabel_segmentor import PackedPrediction

from .class_lists import check_same_classes
from .ensemble_file import is_ensemble, read_ensemble
from .members import build_member
from .trained_config import trained_config


class TeacherFile(NamedTuple):
    """A checkpoint whose output is learnt from.

    Attributes:
        checkpoint: Its file, with the config that it was trained with.
        share: Its weight in the mean; those of all add up to 1.
        classes: Names in class order.
    """

    checkpoint: str
    share: float
    classes: tuple[str, ...]


def read_teachers(teachers: str | Sequence[str]) -> list[TeacherFile]:
    """Find the checkpoints of teachers and compare their classes.

    Args:
        teachers: An ensemble of ``handbone find-best``, whose views and thresholds are left out, or
            checkpoints or work dirs, which weigh the same.

    Returns:
        The checkpoints.

    Raises:
        FileNotFoundError: If one does not exist.
        HandboneError: If there is none, one does not hold its classes and config, or they differ in
            their classes.
    """
    names = [teachers] if isinstance(teachers, (str, Path)) else list(teachers)
    if not names:
        raise HandboneError('a distillation needs teachers: an ensemble.json, or checkpoints')
    weighted: list[tuple[str, float]] = []
    for name in map(str, names):
        if is_ensemble(name):
            ensemble = read_ensemble(name)
            shares = zip(ensemble.members, ensemble.shares, strict=True)
            weighted += [(member.checkpoint, share) for member, share in shares]
        else:
            weighted.append((find_checkpoint(name), 1.0))
    total = sum(weight for _, weight in weighted)
    found: list[TeacherFile] = []
    for checkpoint, weight in weighted:
        classes = checkpoint_classes(load_checkpoint_file(checkpoint, mmap=True))
        if classes is None:
            raise HandboneError(
                f'{checkpoint} does not say which classes it has: a teacher is a checkpoint of '
                '`handbone train`'
            )
        if found:
            check_same_classes(checkpoint, classes, found[0].checkpoint, found[0].classes)
        found.append(TeacherFile(checkpoint, weight / total, classes))
    return found


class Teachers:
    """The networks of teachers, ready to say what they see in a batch of the student.

    They are no part of the student: neither its checkpoints nor copies of it hold them.

    Args:
        files: The checkpoints.
        device: Where to compute.

    Raises:
        HandboneError: If a checkpoint does not hold its config, or a network does not fit.
    """

    def __init__(self, files: Sequence[TeacherFile], device: torch.device) -> None:
        # weights are drawn before those of the checkpoint replace them
        state = capture_random_state()
        try:
            self._networks = [
                build_teacher(trained_config(each.checkpoint), each.checkpoint).to(device)
                for each in files
            ]
        finally:
            restore_random_state(state)
        self._files = list(files)

    def __deepcopy__(self, _: dict) -> Self:
        """Share the networks with copies of the student, such as its averaged weights."""
        return self

    @torch.no_grad()
    def logits(self, inputs: Tensor, preprocessor: Any, size: Sequence[int]) -> Tensor:
        """Compute the logits of the mean probability.

        Args:
            inputs: ``(N, channels, H, W)``, as the student's data preprocessor gives them.
            preprocessor: The student's data preprocessor.
            size: Height and width of the student's logits.

        Returns:
            ``(N, C, *size)`` float32.

        Raises:
            HandboneError: If the grey values cannot be turned into those of a teacher.
        """
        factor = preprocessor.current_factor() if hasattr(preprocessor, 'current_factor') else 1
        if factor > 1:
            # a shrunk batch shows a teacher what it knows at the scale that it knows
            inputs = F.interpolate(inputs, scale_factor=float(factor), mode='bilinear')
        mean: Any = 0.0
        for file, network in zip(self._files, self._networks, strict=True):
            own = as_seen_by(network.data_preprocessor, inputs, preprocessor, file.checkpoint)
            logits = network.encode_decode(own, [dict(img_shape=own.shape[2:])] * len(own))
            mean = mean + file.share * of_size(logits.float(), size).sigmoid()
        return torch.logit(mean, eps=1e-6)


def build_teacher(cfg: Config, checkpoint: str) -> Any:
    """Build the network of a teacher.

    Args:
        cfg: The config that it was trained with.
        checkpoint: Its file.

    Returns:
        The network, for evaluation, without gradients.

    Raises:
        HandboneError: If its logits are not those of independent classes of the whole image.
    """
    network: Any = build_member(cfg.model, checkpoint)
    if not isinstance(network, PackedPrediction) or isinstance(network, JoinedNetworks):
        raise HandboneError(
            f'{checkpoint}: {type(network).__name__} cannot teach, because its logits are not '
            'those of the image that the student sees; take a single network'
        )
    if network.has_background or network.exclusive:
        raise HandboneError(
            f'{checkpoint} gives a pixel one class at most; a student learns the probability of '
            'each class'
        )
    return network.eval().requires_grad_(False)


def of_size(logits: Tensor, size: Sequence[int]) -> Tensor:
    """Bring logits to the student's resolution: averaged where finer, else interpolated.

    Args:
        logits: ``(N, C, h, w)``.
        size: Height and width of the result.

    Returns:
        ``(N, C, *size)``.
    """
    height, width = logits.shape[2:]
    if height % size[0] == 0 and width % size[1] == 0:
        return F.avg_pool2d(logits, (height // size[0], width // size[1]))
    return F.interpolate(logits, tuple(size), mode='bilinear')


def as_seen_by(teacher: Any, inputs: Tensor, student: Any, name: str) -> Tensor:
    """Turn the student's input into that of a teacher.

    Args:
        teacher: Data preprocessor of the teacher.
        inputs: ``(N, channels, H, W)``, as the student's data preprocessor gives them.
        student: Data preprocessor of the student.
        name: The teacher, for messages.

    Returns:
        ``(N, channels, H, W)``.

    Raises:
        HandboneError: If one of them ranks grey values and the other does not.
    """
    ranked = [getattr(each, 'ranks', None) for each in (teacher, student)]
    if ranked[0] != ranked[1]:
        raise HandboneError(
            f'{name} was trained on {_values(ranked[0])}, the student sees {_values(ranked[1])}: '
            'give both the same data preprocessor'
        )
    if isinstance(teacher, RankDataPreProcessor):
        return inputs
    # without a mean, a preprocessor leaves grey values as they are
    if hasattr(student, 'mean'):
        inputs = inputs * student.std.to(inputs) + student.mean.to(inputs)
    if hasattr(teacher, 'mean'):
        inputs = (inputs - teacher.mean.to(inputs)) / teacher.std.to(inputs)
    return inputs


def _values(ranks: int | None) -> str:
    return 'grey values' if ranks is None else f'grey values in {ranks} ranks'
