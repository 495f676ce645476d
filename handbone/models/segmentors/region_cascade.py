"""Two networks in one: the first finds a region of the image, the second labels it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.registry import MODELS, TASK_UTILS
from mmseg.structures import SegDataSample
from torch import Tensor

from handbone.checkpoints.fitting import CASCADE_PARTS
from handbone.errors import HandboneError
from handbone.masks import compose, inverse
from handbone.regions import sample_crops

from .network_views import divisor_of, normalised, resize_of
from .region_finding import RegionFinding
from .several_regions import SeveralRegions


class RegionLogits(NamedTuple):
    """What both networks say about the images of a batch.

    Attributes:
        logits: ``(N, C, h, w)`` of the views.
        matrices: ``(N, 2, 3)``, from pixels of the views to those of the images.
        found: ``(N,)`` bool; where it is False, the view shows the whole image.
        coarse: ``(N, C, h', w')`` of the first network, over the padded images.
    """

    logits: Tensor
    matrices: Tensor
    found: Tensor
    coarse: Tensor


@MODELS.register_module()
class RegionCascade(RegionFinding, SeveralRegions, BaseSegmentor):
    """A coarse network finds a region, a fine one sees it upright, centred and at one scale.

    The first network, the locator, sees the whole image, shrunk by averaging over blocks. From its
    masks, ``region`` computes an affine map. The second network sees the image through it, and the
    same map puts its logits back into the image, in the one interpolation that upsamples them.
    Where the region is not found, the second network sees the whole image, and the sample's
    ``region_found`` is False. Both hands on one film are labelled; see :class:`SeveralRegions`.

    Each network is trained with its own config, the second one on the views of ``CropToRegion``;
    ``handbone join`` puts both into one checkpoint. Both normalise what they see.

    Args:
        locator: Segmentor for the whole image, with a data preprocessor.
        network: Segmentor for the region, with a data preprocessor.
        region: Config of the region, such as :class:`handbone.regions.TemplateRegion`.
        shrink: Side of the blocks of pixels that the locator sees as one.
        quarter_turns: Show every image to the locator in four positions and take the one in which
            most classes agree. A locator that was trained with ``UprightAffine`` needs it.
        look_closer_below: Where fewer classes than this agree on the region, the locator also sees
            nine windows of half the image's longer side, at twice the scale. The best one counts
            if half as many classes again agree in it. Exported graphs do not look closer.
        data_preprocessor: A ``SegDataPreProcessor`` without ``mean`` and ``std``, whose
            ``test_cfg.size_divisor`` is that of the locator times ``shrink``.
        train_cfg: Not used.
        test_cfg: As in :class:`SeveralRegions`, without sliding windows, which ``test_cfg`` of
            the network may have. The thresholds of the locator and the network are not used.
        init_cfg: Initialisation, as in every module of mmengine.

    Raises:
        HandboneError: If the networks, the region and the data preprocessors do not fit each other.

    Example:
        In a config::

            model = dict(type='RegionCascade', locator=locator, network=network, region=region,
                         data_preprocessor=dict(type='SegDataPreProcessor', seg_pad_val=0,
                                                test_cfg=dict(size_divisor=4 * 64)))
    """

    parts = CASCADE_PARTS

    def __init__(
        self,
        locator: dict,
        network: dict,
        region: dict,
        shrink: int = 4,
        quarter_turns: bool = False,
        look_closer_below: float = 0.0,
        data_preprocessor: dict | None = None,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        BaseSegmentor.__init__(self, data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.locator: Any = MODELS.build(locator)
        self.network: Any = MODELS.build(network)
        self.region: Any = TASK_UTILS.build(region)
        self.shrink = shrink
        self.quarter_turns = quarter_turns
        self.look_closer_below = look_closer_below
        self.num_classes = self.out_channels = self.network.num_classes
        self.align_corners = self.network.align_corners
        self.train_cfg = train_cfg
        self.test_cfg = dict(decision=self.network.test_cfg['decision']) | (test_cfg or {})
        self._check()
        self.set_up_prediction()

    def _check(self) -> None:
        counts = self.locator.num_classes, self.network.num_classes, self.region.num_classes
        if len(set(counts)) > 1:
            raise HandboneError(
                f'RegionCascade: the locator has {counts[0]} classes, the network {counts[1]} and '
                f'the template of the region {counts[2]}; all need the same'
            )
        self.check_frame(self.locator, 'locator')
        if self.look_closer_below and self.shrink % 2:
            raise HandboneError(
                f'RegionCascade: look_closer_below needs an even number for shrink, got '
                f'{self.shrink}'
            )
        if self.test_cfg.get('mode', 'whole') != 'whole':
            raise HandboneError("RegionCascade: sliding windows are test_cfg.mode of its 'network'")
        width, height = self.region.size
        if width % divisor_of(self.network) or height % divisor_of(self.network):
            raise HandboneError(
                f'RegionCascade: size={self.region.size} of the region has to be a multiple of the '
                f'size_divisor of the network, {divisor_of(self.network)}'
            )

    def show(self, images: Tensor, matrices: Tensor, content: Tensor) -> Tensor:
        """Make what the second network sees.

        Args:
            images: ``(N, channels, H, W)`` grey values, padded.
            matrices: ``(N, 2, 3)``, from pixels of the views to those of the images.
            content: ``(2,)``, height and width of the images without their padding.

        Returns:
            ``(N, channels, h, w)``, normalised.
        """
        crops = sample_crops(images, matrices, self.region.size, content)
        return normalised(self.network.data_preprocessor, crops, None)

    def view_of(
        self,
        logits: Tensor,
        inputs: Tensor,
        data_samples: list[SegDataSample],
        content: Tensor,
        territories: Sequence[Tensor | None],
    ) -> Tensor:
        """Show the region where the first network has found it.

        Args:
            logits: ``(N, C, h, w)`` of :meth:`coarse_logits`.
            inputs: ``(N, channels, H, W)`` grey values, padded.
            data_samples: Samples with meta information. They get ``region_matrix``, the matrix from
                the original image to the view and its height and width, and ``region_found``.
            content: ``(2,)``, height and width of the images without their padding.
            territories: As for :meth:`find`.

        Returns:
            ``(N, channels, h, w)``, normalised.
        """
        found = self.find(logits, inputs, content, territories)
        size = self.region.size[::-1]
        matrices, flags = found.matrices.double().cpu().numpy(), found.found.tolist()
        for matrix, flag, sample in zip(matrices, flags, data_samples, strict=True):
            matrix = compose(inverse(matrix), resize_of(sample.metainfo))
            sample.set_metainfo(dict(region_matrix=(matrix, size), region_found=flag))
        return self.show(inputs, found.matrices, content)

    @property
    def labeller(self) -> Any:
        """The second network; see :class:`JoinedNetworks`."""
        return self.network

    def region_logits(self, images: Tensor, content: Tensor) -> RegionLogits:
        """Run both networks, without meta information; what an exported graph does.

        Args:
            images: ``(N, channels, H, W)`` grey values, padded.
            content: ``(2,)``, height and width of the images without their padding.

        Returns:
            Logits of the views and where these lie.
        """
        coarse = self.coarse_logits(images, content)
        found = self.locate(coarse, (images.shape[2], images.shape[3]), content)
        logits = self.inference(self.show(images, found.matrices, content), [])
        return RegionLogits(logits, found.matrices, found.found, coarse)

    def _forward(self, inputs: Tensor, data_samples: list[SegDataSample] | None = None) -> Tensor:
        content = torch.tensor(inputs.shape[2:], device=inputs.device)
        return self.region_logits(inputs, content).logits
