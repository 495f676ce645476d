"""A segmentor that looks again, closely, at regions that its first stage has found."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor

from handbone.errors import HandboneError
from handbone.masks import (
    blend_planes,
    blended_to_packed,
    compose,
    inverse,
    resize_matrix,
    scaling,
)
from handbone.regions import Masses, masses_of_logits

from .joined_networks import JoinedNetworks, content_of
from .network_views import resize_of, shrunken
from .region_group import Closer, RegionGroup
from .viewing import Shown

#: Longest side, in logits, at which regions are located: more takes time and changes no view.
LOCATED = 192
#: Side of the grid that logits for ensembles and exported files are blended on, in logits.
ENLARGED = 2
FINER = scaling(ENLARGED, ENLARGED)


@MODELS.register_module()
class SecondLook(JoinedNetworks, BaseSegmentor):
    """Second networks decide on some classes, each in its view of a region of the image.

    The first stage, any segmentor, sees the whole image, shrunk by averaging over blocks; a
    :class:`RegionCascade` sees it as it is. From its masks, the regions are located: the wrist,
    each fingertip, both clavicles. All regions of a group have views of one size, which one network
    sees in one batch per image, sampled from the image at its own resolution and as upright as the
    first stage sees it. Its logits of the classes that a region decides replace those of the first
    stage in the view, and go over into them in a soft edge. Where a region is not found, or the
    network says something else than the first stage, the first stage decides; ``regions_found`` of
    a sample tells which ones count.

    Each network is trained with its own config, the second ones on the views of ``CropToRegion``;
    ``handbone join`` puts all into one checkpoint. All of them normalise what they see.

    Args:
        first: Segmentor for the whole image, with a data preprocessor.
        looks: The groups: dicts of ``network``, a segmentor with a data preprocessor; ``regions``,
            configs of :class:`handbone.regions.ClassRegion` of one size; and ``edge`` and
            ``least_agreement`` of :class:`RegionGroup`.
        shrink: Side of the blocks of pixels that the first stage sees as one.
        data_preprocessor: A ``SegDataPreProcessor`` without ``mean`` and ``std``, whose
            ``test_cfg.size_divisor`` is that of the first stage times ``shrink``.
        train_cfg: Not used.
        test_cfg: As in :class:`PackedPrediction`, without sliding windows, which ``test_cfg`` of
            the networks may have. The thresholds of the networks are not used.
        init_cfg: Initialisation, as in every module of mmengine.

    Raises:
        HandboneError: If networks, regions and data preprocessors do not fit each other.

    Example:
        In a config::

            model = dict(type='SecondLook', first=first, shrink=2,
                         looks=[dict(network=network, regions=[wrist])],
                         data_preprocessor=dict(type='SegDataPreProcessor', seg_pad_val=0,
                                                test_cfg=dict(size_divisor=2 * 64)))
    """

    def __init__(
        self,
        first: dict,
        looks: Sequence[Mapping[str, Any]],
        shrink: int = 1,
        data_preprocessor: dict | None = None,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        BaseSegmentor.__init__(self, data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.first: Any = MODELS.build(first)
        self.looks: Any = torch.nn.ModuleList(RegionGroup(**look) for look in looks)
        self.shrink = shrink
        self.num_classes = self.out_channels = self.first.num_classes
        self.align_corners = self.first.align_corners
        self.train_cfg = train_cfg
        self.test_cfg = dict(decision=self.first.test_cfg['decision']) | (test_cfg or {})
        self._check()
        self.set_up_prediction()

    def _check(self) -> None:
        if not len(self.looks):
            raise HandboneError('SecondLook: looks is a list of at least one group of regions')
        for look in self.looks:
            look.check_first(self.first)
        if isinstance(self.first, JoinedNetworks) and self.shrink != 1:
            raise HandboneError(
                f'SecondLook: shrink={self.shrink}, but a {type(self.first).__name__} as first '
                'stage shrinks by itself: leave shrink out'
            )
        if self.test_cfg.get('mode', 'whole') != 'whole':
            raise HandboneError('SecondLook: sliding windows are test_cfg.mode of its networks')
        self.check_frame(self.first, 'first stage')

    @property
    def parts(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the networks: the first stage, and one per group of regions."""
        return ('first', *(f'looks.{index}.network' for index in range(len(self.looks))))

    @property
    def labeller(self) -> Any:
        """The first stage; see :class:`JoinedNetworks`."""
        return self.first

    @property
    def located(self) -> list[int]:
        """The classes that say where the regions lie."""
        regions = [region for look in self.looks for region in look.regions]
        return [index for index in range(self.num_classes) if any(r.used[index] for r in regions)]

    def views(self, inputs: Tensor, data_samples: list[SegDataSample]) -> Shown:
        """Show the first stage what it labels; see :class:`Viewing`."""
        return self.first.views(self.shrunk(inputs, data_samples), data_samples)

    def shrunk(self, inputs: Tensor, data_samples: list[SegDataSample]) -> Tensor:
        """Average images over blocks for the first stage, and normalise them as it does.

        Args:
            inputs: ``(N, channels, H, W)`` grey values, padded.
            data_samples: Samples with meta information.

        Returns:
            ``(N, channels, H / shrink, W / shrink)``.
        """
        return shrunken(self.first, inputs, content_of(data_samples, inputs), self.shrink)

    def first_logits(self, images: Tensor, content: Tensor) -> Tensor:
        """Run a first stage that sees the whole image, without meta information.

        Args:
            images: ``(N, channels, H, W)`` grey values, padded.
            content: ``(2,)``, height and width of the images without their padding.

        Returns:
            ``(N, C, h, w)``.
        """
        return self.inference(shrunken(self.first, images, content, self.shrink), [])

    #: whether the labels need the image beside the logits of the first stage
    looks_again = True

    def decide_on(
        self,
        logits: Tensor,
        content: tuple[float, float],
        matrix: np.ndarray | None,
        sample: SegDataSample,
        image: Tensor | None,
    ) -> Tensor:
        """Look again at the regions of one image, and turn all logits into packed labels.

        Args:
            logits: ``(C, h, w)`` of the first stage.
            content: Height and width of the part of the logits that shows the image.
            matrix: From pixels of the original image to logits; None where it was only resized.
            sample: The sample with the meta information. It gets ``regions_found``, names, and,
                where logits are kept, ``logit_patches``.
            image: ``(channels, H, W)`` grey values, padded.

        Returns:
            ``(P, H, W)`` int32, at the size of the original image.

        Raises:
            HandboneError: If the image was flipped by the test pipeline.
        """
        meta = sample.metainfo
        if image is None or meta.get('flip'):
            raise HandboneError(
                f'{meta.get("img_path", "image")}: a SecondLook samples its regions from the image '
                'as it is, so the test pipeline must not flip it or leave it on the disk'
            )
        size = (meta['ori_shape'][0], meta['ori_shape'][1])
        place = resize_matrix(content, size) if matrix is None else matrix
        closer = self.look_again(logits, content, place, image, meta)
        patches = [each.patch for each in closer]
        sample.set_metainfo(dict(regions_found=tuple(each.name for each in closer)))
        if self.test_cfg.get('keep_logits'):
            sample.set_metainfo(dict(logit_patches=patches))
        if not patches:
            return super().decide_on(logits, content, matrix, sample, image)
        threshold = self.test_cfg['threshold']
        return blended_to_packed(logits, matrix, size, patches, threshold, content, self.exclusive)

    def look_again(
        self,
        logits: Tensor,
        content: tuple[float, float],
        place: np.ndarray,
        image: Tensor,
        meta: dict,
    ) -> list[Closer]:
        """Run the second networks on the regions of one image.

        Args:
            logits: ``(C, h, w)`` of the first stage.
            content: Height and width of the part of them that shows the image.
            place: Matrix from pixels of the original image to logits.
            image: ``(channels, H, W)`` grey values, padded.
            meta: Meta information of the image.

        Returns:
            The regions that were found.
        """
        extent = torch.tensor(content, device=logits.device)
        masses = self.masses(logits[None], extent)
        shape = torch.tensor(meta['img_shape'][:2], device=image.device)
        to_image = compose(resize_of(meta), inverse(place))
        return [
            closer
            for look in self.looks
            for closer in look.look(logits[None], masses, extent, image, shape, place, to_image)
        ]

    def masses(self, logits: Tensor, extent: Tensor) -> Masses:
        """Measure where the classes that say where regions lie are in the first stage's logits.

        Args:
            logits: ``(N, C, h, w)``.
            extent: ``(2,)``, height and width of the part of them that shows the image.

        Returns:
            Areas and boxes in pixels of the logits, found at a coarse resolution.
        """
        block = math.ceil(max(logits.shape[2:]) / LOCATED)
        height, width = (math.ceil(side / block) * block for side in logits.shape[2:])
        return masses_of_logits(logits, (height, width), extent, block, self.located)

    def keep_logits(
        self,
        logits: Tensor,
        content: tuple[float, float],
        matrix: np.ndarray | None,
        sample: SegDataSample,
    ) -> None:
        """Store logits, those of the regions blended in; see :class:`PackedPrediction`.

        Arguments are those of :meth:`decide_on`; the sample is changed.
        """
        patches = sample.metainfo.get('logit_patches')
        if patches and self.test_cfg.get('keep_logits') is True:
            size = (sample.metainfo['ori_shape'][0], sample.metainfo['ori_shape'][1])
            place = resize_matrix(content, size) if matrix is None else matrix
            logits = blend_planes(enlarged(logits), inverse(compose(FINER, place)), patches)
            content = content[0] * ENLARGED, content[1] * ENLARGED
            matrix = None if matrix is None else compose(FINER, matrix)
        super().keep_logits(logits, content, matrix, sample)

    def _forward(self, inputs: Tensor, data_samples: list[SegDataSample] | None = None) -> Tensor:
        content = torch.tensor(inputs.shape[2:], device=inputs.device)
        return self.first(shrunken(self.first, inputs, content, self.shrink))


def enlarged(logits: Tensor) -> Tensor:
    """Interpolate logits so that closer views can be blended into them.

    Args:
        logits: ``(C, h, w)`` or ``(N, C, h, w)``.

    Returns:
        Maps of :data:`ENLARGED` times the height and width.
    """
    batch = logits if logits.ndim == 4 else logits[None]
    finer = F.interpolate(batch, scale_factor=float(ENLARGED), mode='bilinear')
    return finer if logits.ndim == 4 else finer[0]
