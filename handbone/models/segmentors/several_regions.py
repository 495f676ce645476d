"""Prediction of images that may show the region of a cascade more than once."""

from typing import Any

import torch
from mmseg.structures import SegDataSample
from torch import Tensor

from handbone.errors import HandboneError
from handbone.regions import separate_regions

from .joined_networks import JoinedNetworks


class SeveralRegions(JoinedNetworks):
    """Labels each region of an image on its own and puts the labels together.

    The masks of the first network tell how many there are: those of both hands on one film do not
    touch. Averages of logits (``test_cfg.keep_logits``, augmented views, ensembles) and exported
    graphs label one region per image.

    Its heirs have ``coarse_logits``, ``view_of`` and ``inference``, as
    :class:`RegionCascade` describes them.
    """

    coarse_logits: Any
    view_of: Any

    def predict(
        self, inputs: Tensor, data_samples: list[SegDataSample] | None = None
    ) -> list[SegDataSample]:
        """Predict packed labels; see :meth:`PackedPrediction.predict`.

        Args:
            inputs: ``(N, channels, H, W)``, padded.
            data_samples: Samples with the images' meta information.

        Returns:
            The samples, each with ``pred_sem_seg``: ``(P, H, W)`` int32 at the original size.
        """
        if data_samples is None or self.test_cfg.get('keep_logits'):
            return super().predict(inputs, data_samples)
        content = content_of(data_samples, inputs)
        parts = [separate_regions(each) for each in self.coarse_logits(inputs, content)]
        owners = [index for index, regions in enumerate(parts) for _ in regions]
        samples = [
            data_samples[index] if number == 0 else data_samples[index].clone()
            for index, regions in enumerate(parts)
            for number in range(len(regions))
        ]
        logits = torch.stack([region for regions in parts for region in regions])
        images = inputs[owners] if len(owners) > len(inputs) else inputs
        shown = self.view_of(logits, images, samples, content)
        seg_logits = self.inference(shown, [sample.metainfo for sample in samples])
        for index, sample in zip(
            owners, self.postprocess_result(seg_logits, samples, images), strict=True
        ):
            if sample is not data_samples[index]:
                data_samples[index].pred_sem_seg.data |= sample.pred_sem_seg.data
        return data_samples

    def view(self, inputs: Tensor, data_samples: list[SegDataSample]) -> Tensor:
        """Show one region of each image.

        Args:
            inputs: ``(N, channels, H, W)`` grey values, padded.
            data_samples: Samples with meta information. They get ``region_matrix`` and
                ``region_found``.

        Returns:
            ``(N, channels, h, w)``, normalised.
        """
        content = content_of(data_samples, inputs)
        return self.view_of(self.coarse_logits(inputs, content), inputs, data_samples, content)


def content_of(data_samples: list[SegDataSample], inputs: Tensor) -> Tensor:
    """Find the size of the images of a batch.

    Args:
        data_samples: Their samples.
        inputs: The batch.

    Returns:
        Height and width without padding, ``(2,)``.

    Raises:
        HandboneError: If they differ.
    """
    shapes = {tuple(sample.metainfo['img_shape'][:2]) for sample in data_samples}
    if len(shapes) > 1:
        raise HandboneError(
            f'RegionCascade: a batch has images of one size, got {sorted(shapes)}; use test_step, '
            'which splits batches'
        )
    return torch.tensor(shapes.pop(), device=inputs.device)
