"""The networks of segmentation_models.pytorch as multilabel segmentors of mmseg."""

from collections.abc import Sequence
from typing import Any

import torch
from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import add_prefix
from torch import Tensor, nn

from handbone.checkpoints.pretrained_fit import load_pretrained
from handbone.checkpoints.weight_source import is_weight_source
from handbone.errors import HandboneError

from ..heads.multilabel_head import stack_labels
from ..heads.multilabel_output import DEFAULT_LOSSES, MultilabelOutput, check_class_count
from .multilabel_segmentor import PackedPrediction
from .smp_network import build_smp_network, check_encoder_weights, load_encoder_weights


@MODELS.register_module()
class SMPSegmentor(MultilabelOutput, PackedPrediction, BaseSegmentor):
    """Any architecture and encoder of segmentation_models.pytorch, with packed labels.

    It needs the extra ``smp``. The network is ``self.model``: its keys in a checkpoint are those of
    smp with the prefix ``model.``, so ``segmentor.model.load_state_dict(weights)`` takes a
    checkpoint of smp, and ``segmentor.model.state_dict()`` is one.

    Some architectures (FPN, PSPNet, DeepLabV3, DeepLabV3Plus, PAN, UPerNet, Segformer) end in a
    bilinear upsampling of all logits, with ``align_corners=True``. It is left out here by default:
    losses and predictions upsample class by class, with ``align_corners=False`` as everywhere in
    this package, which moves the border of the image by less than half a logit pixel. For the
    numbers of a checkpoint trained with smp itself set ``full_size_logits=True``.

    Args:
        arch: Architecture: Unet, UnetPlusPlus, MAnet, Linknet, FPN, PSPNet, DeepLabV3,
            DeepLabV3Plus, PAN, UPerNet, Segformer or DPT.
        encoder_name: Encoder of smp, or ``tu-`` and the name of a model of timm.
        num_classes: Number of classes, at least 1.
        encoder_weights: Pretrained weights of the encoder, such as ``'imagenet'``. They are
            downloaded when the weights are initialised, that is at the start of a training and not
            of a test. Default ``None``: random weights. ``package:NAME``, ``file:PATH`` and URLs
            are read as in :class:`PackedPrediction`.
        in_channels: Channels of the image.
        full_size_logits: Keep the upsampling of the architecture.
        channels_last: As in :class:`PackedPrediction`.
        loss_decode: One or several multilabel losses; BCE + Dice by default.
        data_preprocessor: Data preprocessor.
        train_cfg: Not used.
        test_cfg: As in :class:`PackedPrediction`.
        init_cfg: Initialisation, as in every module of mmengine.
        **settings: Further arguments of the architecture, such as ``decoder_channels``.

    Raises:
        MissingExtraError: If segmentation_models_pytorch is not installed.
        HandboneError: If an architecture, encoder, weights or setting does not exist.

    Example:
        In a config::

            model = dict(type='SMPSegmentor', arch='FPN', encoder_name='resnet50', num_classes=29)
    """

    align_corners = False

    def __init__(
        self,
        arch: str,
        encoder_name: str,
        num_classes: int,
        *,
        encoder_weights: str | None = None,
        in_channels: int = 3,
        full_size_logits: bool = False,
        channels_last: bool = False,
        loss_decode: dict | Sequence[dict] = DEFAULT_LOSSES,
        data_preprocessor: dict | None = None,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
        **settings: Any,
    ) -> None:
        BaseSegmentor.__init__(self, data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        check_class_count('SMPSegmentor', num_classes)
        for name in ('activation', 'aux_params'):
            if settings.get(name) is not None:
                raise HandboneError(
                    f'SMPSegmentor: losses and thresholds take logits; remove {name}'
                )
        self.num_classes = self.out_channels = num_classes
        self.encoder_weights = encoder_weights
        self.network_settings = dict(
            settings,
            arch=arch,
            encoder_name=encoder_name,
            in_channels=in_channels,
            classes=num_classes,
        )
        # its parts are those of segmentation_models.pytorch
        self.model: Any = build_smp_network(**self.network_settings)
        if encoder_weights is not None:
            check_encoder_weights(encoder_name, encoder_weights)
        self.pretrained = None
        head = self.model.segmentation_head
        if not full_size_logits and isinstance(head, nn.Sequential):
            for index, layer in enumerate(head):
                if isinstance(layer, nn.UpsamplingBilinear2d):
                    head[index] = nn.Identity()
        losses = [loss_decode] if isinstance(loss_decode, dict) else loss_decode
        self.loss_decode = nn.ModuleList(MODELS.build(loss) for loss in losses)
        self.check_multilabel()
        self.train_cfg = train_cfg
        self.test_cfg = dict(test_cfg or {})
        if channels_last:
            self.to(memory_format=torch.channels_last)
        self.set_up_prediction()

    def init_weights(self) -> None:
        """Load the pretrained weights of the encoder, if any; smp initialised the rest.

        Raises:
            HandboneError: If they are of another encoder, or their hash is another.
            OSError: If they cannot be loaded; the message says what to do.
        """
        weights = self.encoder_weights
        if weights is not None and is_weight_source(weights):
            load_pretrained(self.model.encoder, weights)
        elif weights is not None:
            load_encoder_weights(self.model, weights, **self.network_settings)
        super().init_weights()

    def extract_feat(self, inputs: Tensor) -> list[Tensor]:
        """Compute the features of the encoder.

        Args:
            inputs: ``(N, in_channels, H, W)``, normalised.

        Returns:
            One map per stage.
        """
        return self.model.encoder(inputs)

    def encode_decode(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Compute the logits.

        Args:
            inputs: ``(N, in_channels, H, W)``, normalised.
            batch_img_metas: Not used.

        Returns:
            ``(N, C, h, w)``.
        """
        return self.model(inputs)

    def loss(self, inputs: Tensor, data_samples: list[SegDataSample]) -> dict[str, Tensor]:
        """Compute the losses of a batch.

        Args:
            inputs: ``(N, in_channels, H, W)``, normalised.
            data_samples: Samples with ``gt_sem_seg.data`` of shape ``(P, H, W)``, int32.

        Returns:
            The entries of :meth:`MultilabelOutput.loss_by_labels` with the prefix ``decode``.
        """
        losses = self.loss_by_labels(self.model(inputs), stack_labels(data_samples))
        return add_prefix(losses, 'decode')

    def _forward(self, inputs: Tensor, data_samples: list[SegDataSample] | None = None) -> Tensor:
        return self.model(inputs)

    def output_convolutions(self) -> list[nn.Conv2d]:
        """Return the convolution that makes the logits, in a list."""
        head = self.model.segmentation_head
        return [layer for layer in head.modules() if isinstance(layer, nn.Conv2d)][-1:]
