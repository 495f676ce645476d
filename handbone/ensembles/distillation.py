"""A small network that learns from labels and from what larger ones say."""

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from mmengine.config import Config
from mmseg.models.decode_heads import IterativeDecodeHead, PIDHead
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor

from handbone.configuration.dataset_configs import dataset_metainfo
from handbone.configuration.known_settings import name_of
from handbone.errors import HandboneError
from handbone.models.segmentors.multilabel_segmentor import MultilabelEncoderDecoder

from .class_lists import check_same_classes
from .teachers import Teachers, read_teachers

#: Prefix of the soft loss in the log; it contains the word by which losses are added up.
SOFT_LOSS = 'distilled.loss_soft'


@MODELS.register_module()
class DistilledEncoderDecoder(MultilabelEncoderDecoder):
    """:class:`MultilabelEncoderDecoder` that also learns the probabilities of trained models.

    Hinton et al., Distilling the knowledge in a neural network, 2015, for independent classes: the
    cross-entropy of ``sigmoid(x / T)`` against ``sigmoid(z / T)``, times ``T ** 2``, where ``x``
    are the logits of this network at the resolution of its head and ``z`` those of the mean
    probability of the teachers. They see the same augmented image. Where labels are unknown, what
    teachers say is all there is to learn.

    Teachers are read when the first batch is trained on. They are no part of the checkpoint, and
    predictions do not need their files.

    Args:
        *args: As for :class:`MultilabelEncoderDecoder`.
        teachers: An ensemble of ``handbone find-best``, or checkpoints or work dirs.
        soft_weight: Factor of the soft loss, which is a mean over pixels and classes.
        temperature: ``T``; above 1, teachers' small differences count more.
        **kwargs: As for :class:`MultilabelEncoderDecoder`.

    Raises:
        HandboneError: If the temperature is not above 0, or the head has a channel for background.

    Example:
        In a config::

            model = dict(
                type='DistilledEncoderDecoder', teachers='work_dirs/best/ensemble.json',
                soft_weight=5.0)
    """

    def __init__(
        self,
        *args: Any,
        teachers: str | Sequence[str] = (),
        soft_weight: float = 1.0,
        temperature: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if temperature <= 0:
            raise HandboneError(f'temperature is above 0, got {temperature}')
        if self.has_background:
            raise HandboneError(
                'DistilledEncoderDecoder needs a multilabel head, which has no background channel'
            )
        self.teachers = teachers
        self.soft_weight = soft_weight
        self.temperature = temperature
        self._teachers: Teachers | None = None

    def loss(self, inputs: Tensor, data_samples: list[SegDataSample]) -> dict[str, Tensor]:
        """Compute the losses of a batch.

        Args:
            inputs: ``(N, channels, H, W)``, normalised.
            data_samples: Samples with ``gt_sem_seg.data`` of shape ``(P, H, W)``, int32.

        Returns:
            Losses by name.

        Raises:
            HandboneError: If the teachers cannot be read.
        """
        if self._teachers is None:
            self._teachers = Teachers(read_teachers(self.teachers), inputs.device)
        features = self.extract_feat(inputs)
        head = self.decode_head
        if type(head).loss is BaseDecodeHead.loss:
            logits = head.forward(features)
            losses = head.loss_by_feat(logits, data_samples)
        else:
            losses = head.loss(features, data_samples, self.train_cfg)
            logits = head.forward(features)
        losses = {f'decode.{name}': value for name, value in losses.items()}
        if self.with_auxiliary_head:
            losses.update(self._auxiliary_head_forward_train(features, data_samples))
        logits = predicting_logits(head, logits)
        wanted = self._teachers.logits(inputs, self.data_preprocessor, logits.shape[2:])
        losses[SOFT_LOSS] = self.soft_weight * soft_loss(logits, wanted, self.temperature)
        return losses


def predicting_logits(head: BaseDecodeHead, output: Tensor | Sequence[Tensor]) -> Tensor:
    """Choose the logits that a head predicts with from all that it gives while it is trained.

    Args:
        head: The head.
        output: What its ``forward`` gives: logits, or those of several branches or stages.

    Returns:
        ``(N, C, h, w)``.
    """
    if isinstance(output, Tensor):
        return output
    if isinstance(head, PIDHead):
        return output[1]  # between those of details and of boundaries
    return output[-1] if isinstance(head, IterativeDecodeHead) else output[0]


def soft_loss(logits: Tensor, teacher: Tensor, temperature: float = 1.0) -> Tensor:
    """Compute the cross-entropy of a student against the probabilities of a teacher.

    Args:
        logits: ``(N, C, h, w)`` of the student.
        teacher: ``(N, C, h, w)`` of the teacher.
        temperature: What both are divided by.

    Returns:
        The mean, times ``temperature ** 2``, which keeps the size of the gradients.
    """
    probabilities = (teacher.float() / temperature).sigmoid()
    loss = F.binary_cross_entropy_with_logits(logits.float() / temperature, probabilities)
    return temperature**2 * loss


def check_teachers(cfg: Config) -> None:
    """Refuse teachers of a config that are missing or have other classes than its images.

    Args:
        cfg: Complete configuration; without teachers nothing is checked.

    Raises:
        FileNotFoundError: If a teacher does not exist.
        HandboneError: If it cannot be read or its classes differ.
    """
    teachers = cfg.model.get('teachers')
    if teachers is None:
        return
    first = read_teachers(teachers)[0]
    classes = dataset_metainfo(cfg, 'train_dataloader')['classes']
    check_same_classes(f'the teacher {first.checkpoint}', first.classes, name_of(cfg), classes)
