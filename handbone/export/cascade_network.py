"""What PyTorch writes of a cascade: both networks, and where the region lies."""

from torch import Tensor, nn

from handbone.models.segmentors.region_cascade import RegionCascade

from .affine_tensors import composed, inverted, scaling_matrix
from .preprocessing import Preprocessing
from .sessions import FOUND, LOGITS, PLACE, SEEN


class ExportedCascade(nn.Module):
    """Both networks of a cascade and the way between them.

    Shape:
        - Images: ``(N, 1, H, W)`` float32, grey values 0 to 255, resized and padded;
          ``(N, 3, H, W)`` in the order of the means where the network sees colours.
        - Content: ``(2,)`` int64, height and width of the images without their padding.
        - Output: ``(N, C, h, w)`` float32, logits of the region; ``(N, 2, 3)`` float32, from x, y
          of the pixel centres of the images to those of the logits; ``(N,)`` bool, whether the
          region was found; and ``(N, C, h', w')`` bool, where the first network sees each class of
          the padded images, by which images with several regions are known.

    Args:
        segmentor: The cascade.
        preprocessing: Its means give the number of channels.
    """

    output_names = (LOGITS, PLACE, FOUND, SEEN)

    def __init__(self, segmentor: RegionCascade, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.segmentor = segmentor
        self.channels = len(preprocessing.mean)

    def forward(self, images: Tensor, content: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Compute logits, their place, whether the region was found and what was seen."""
        images = images.expand(-1, self.channels, -1, -1)
        logits, matrices, found, coarse = self.segmentor.region_logits(images, content)
        width, height = self.segmentor.region.size
        # from pixels of the view to logits
        to_logits = scaling_matrix(logits.shape[3] / width, logits.shape[2] / height)
        return logits, composed(to_logits, inverted(matrices)), found, coarse > 0
