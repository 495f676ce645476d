"""What a segmentor shows its network of the images of a batch."""

from typing import Any, NamedTuple

from mmseg.structures import SegDataSample
from torch import Tensor


class Shown(NamedTuple):
    """Views of the images of a batch.

    Attributes:
        images: ``(n, channels, h, w)``, normalised.
        samples: The sample of each view, with the view's place where it shows a part of an image.
        owners: Number of the image that each view shows, rising. The first view of an image has the
            image's own sample.
    """

    images: Tensor
    samples: list[SegDataSample]
    owners: list[int]


class Viewing:
    """Shows the network each image as it is; heirs choose parts of it."""

    data_preprocessor: Any

    @property
    def view_preprocessor(self) -> Any:
        """The data preprocessor that normalises what the network sees."""
        return self.data_preprocessor

    def views(self, inputs: Tensor, data_samples: list[SegDataSample]) -> Shown:
        """Choose what is labelled of each image; here, all of it.

        Args:
            inputs: ``(N, channels, H, W)``, as the data preprocessor gives them.
            data_samples: Samples with meta information. A segmentor that sees a part of the image
                adds ``region_matrix``, as for :func:`logit_matrix`.

        Returns:
            The views, one or several of each image, whose labels :func:`join_views` puts together.
        """
        return Shown(inputs, data_samples, list(range(len(data_samples))))
