"""The part of an exported graph that PyTorch writes: grey values in, logits out."""

import torch
from torch import Tensor, nn

from .preprocessing import Preprocessing


class ExportedNetwork(nn.Module):
    """Normalisation, network and head.

    Shape:
        - Images: ``(N, 1, H, W)`` float32, grey values 0 to 255, resized and padded.
        - Content: ``(2,)`` int64, height and width of the images without their padding.
        - Output: ``(N, C, h, w)`` float32, logits of the padded images.

    Args:
        segmentor: A multilabel segmentor of mmseg's kind.
        preprocessing: Mean and standard deviation of each channel.
    """

    def __init__(self, segmentor: nn.Module, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.segmentor = segmentor
        for name in ('mean', 'std'):
            values = torch.tensor(getattr(preprocessing, name), dtype=torch.float32)
            self.register_buffer(name, values.reshape(1, -1, 1, 1))

    def forward(self, images: Tensor, content: Tensor) -> Tensor:
        """Compute the logits."""
        height, width = images.shape[2:]
        rows = torch.arange(height, device=images.device)[:, None] < content[0]
        columns = torch.arange(width, device=images.device)[None] < content[1]
        # padding is 0 after normalisation, which no grey value need be
        normalised = (images - self.mean) / self.std * (rows & columns)
        return self.segmentor.inference(normalised, [])
