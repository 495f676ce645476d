"""Logits of tissue sections that stay in their files."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmseg.structures import SegDataSample
from torch import Tensor

from handbone.errors import HandboneError
from handbone.sections import Section, open_section

#: Sections are padded to whole windows and multiples of this; a multiple of the strides of heads.
ALIGNMENT = 32


def are_sections(data_samples: Sequence[SegDataSample]) -> bool:
    """Tell whether the images of a batch are sections that LoadSection left in their files.

    Args:
        data_samples: Samples of the batch.

    Returns:
        True if they are; a batch holds no other images beside them.
    """
    return any('section_reduce' in sample.metainfo for sample in data_samples)


def section_logits(
    segmentor: Any, data_samples: Sequence[SegDataSample], network: Callable[[Tensor], Tensor]
) -> list[Tensor]:
    """Compute the logits of whole sections, of which one batch of windows is in memory at a time.

    Args:
        segmentor: Segmentor with a sliding window, whose data preprocessor normalises the windows.
        data_samples: Samples of sections; what their logits cover is added to their meta
            information, as if the section had been padded.
        network: From windows ``(N, 3, height, width)`` to logits ``(N, C, h, w)``.

    Returns:
        ``(C, h, w)`` of each section, at the resolution of the sliding window.

    Raises:
        HandboneError: The segmentor has no sliding window, or its steps need the whole image.
        RadiographError: A section cannot be decoded.
    """
    if segmentor.sliding_window is None:
        raise HandboneError(
            'sections are predicted window by window: set model.test_cfg=dict(mode="slide", '
            'crop_size=…)'
        )
    steps = [type(step).__name__ for step in segmentor.postprocess if step.needs_image]
    if steps:
        raise HandboneError(
            f'{", ".join(steps)} needs the whole image, which is not read of a section: leave it '
            'out of test_cfg.postprocess'
        )
    return [_logits(segmentor, sample, network) for sample in data_samples]


def _logits(segmentor: Any, sample: SegDataSample, network: Callable[[Tensor], Tensor]) -> Tensor:
    section = open_section(sample.img_path)
    reduce = sample.section_reduce
    windows = _Windows(section, reduce, segmentor.data_preprocessor)
    frame = _frame(windows.size, segmentor.sliding_window.crop_size)
    logits = segmentor.sliding_window.logits_of_windows(network, windows.read, frame)[0]
    covered = frame[0] * reduce, frame[1] * reduce
    right, bottom = covered[1] - section.size[1], covered[0] - section.size[0]
    sample.set_metainfo(
        dict(
            pad_shape=covered,
            padding_size=(0, right, 0, bottom),
            img_padding_size=(0, right, 0, bottom),
        )
    )
    return logits


def _frame(size: tuple[int, int], window: tuple[int, int]) -> tuple[int, int]:
    """Enlarge a size so that windows fill it and its border is one of logits, too."""
    height, width = (
        side + max(0, -(-(length - side) // ALIGNMENT)) * ALIGNMENT
        for length, side in zip(size, window, strict=True)
    )
    return height, width


class _Windows:
    """The windows of a section at a scale, normalised.

    Args:
        section: The section.
        reduce: Pixels of the file per pixel of a window, along each side.
        preprocessor: The segmentor's data preprocessor.
    """

    def __init__(self, section: Section, reduce: int, preprocessor: Any) -> None:
        self.size = section.reduced_size(reduce)
        self._section = section
        self._reduce = reduce
        self._preprocessor = preprocessor

    def read(self, row: int, column: int, height: int, width: int) -> Tensor:
        """Read a window: ``(1, 3, height, width)``; what lies outside the section is 0."""
        inside = min(height, self.size[0] - row), min(width, self.size[1] - column)
        image = self._section.read(row, column, *inside, self._reduce)
        blue_first = np.ascontiguousarray(image[..., ::-1].transpose(2, 0, 1))
        padded = self._normalised(torch.from_numpy(blue_first))
        # the preprocessor may have padded the part to the stride of the network
        part = padded[:, :, : inside[0], : inside[1]]
        return F.pad(part, (0, width - inside[1], 0, height - inside[0]))

    def _normalised(self, image: Tensor) -> Tensor:
        data = dict(inputs=[image], data_samples=[SegDataSample()])
        return self._preprocessor(data, False)['inputs']
