"""All that the page can ask for: images, their masks, and how well these agree."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from handbone.datasets.formats.annotated_image import AnnotatedImage
from handbone.errors import HandboneError
from handbone.masks import dice, run_overlap_counts

from .gallery import Gallery
from .layers import Layer
from .model_layer import ModelLayer
from .packets import pack_layers
from .picture import browser_picture
from .sentences import Sentence, for_page, sentence_of

if TYPE_CHECKING:
    from handbone.visualization.overlay import Color

#: Images whose masks are kept in memory.
KEPT = 8


class Shown(NamedTuple):
    """An image that is looked at.

    Attributes:
        image: The image.
        runs: Runs of each class, layer by layer; None where a layer lacks the image.
        problems: What could not be read, one line each.
    """

    image: AnnotatedImage
    runs: list[list[np.ndarray] | None]
    problems: list[str]


class Catalogue:
    """Images with the layers of masks that can be laid over them.

    Args:
        gallery: The images.
        layers: The layers; the others are scored against the first one.
        classes: Class names in bit order.
        palette: One RGB colour per class.

    Attributes:
        gallery: The images.
        layers: The layers.
        classes: Class names in bit order.
        palette: One RGB colour per class.
    """

    def __init__(
        self,
        gallery: Gallery,
        layers: Sequence[Layer],
        classes: Sequence[str],
        palette: 'Sequence[Color]',
    ) -> None:
        self.gallery = gallery
        self.layers = list(layers)
        self.classes = tuple(classes)
        self.palette = list(palette)
        self._looked_at = lru_cache(KEPT)(lambda index, pending: self.look_at(index))

    def close(self) -> None:
        """Close the files of the layers."""
        for layer in self.layers:
            layer.close()

    def pending(self, index: int) -> tuple[int, ...]:
        """List the layers whose masks of an image are still being predicted.

        Args:
            index: Number of the image.

        Returns:
            Their numbers.
        """
        return tuple(
            number
            for number, layer in enumerate(self.layers)
            if isinstance(layer, ModelLayer) and layer.pending(index)
        )

    def shown(self, index: int) -> Shown:
        """Give an image with its masks, read once as long as it is looked at.

        Args:
            index: Number of the image.

        Returns:
            What there is of it, as :meth:`look_at` finds it.

        Raises:
            HandboneError: The image cannot be read, or is gone.
        """
        return self._looked_at(index, self.pending(index))

    def look_at(self, index: int) -> Shown:
        """Read an image with its masks.

        Args:
            index: Number of the image.

        Returns:
            What there is of it; layers that cannot be read are missing.

        Raises:
            HandboneError: The image cannot be read, or is gone.
        """
        image, found = self.gallery.read(index)
        problems = [str(problem) for problem in found]
        runs: list[list[np.ndarray] | None] = []
        for layer in self.layers:
            try:
                runs.append(layer.runs(index, image))
            except (HandboneError, OSError) as error:
                runs.append(None)
                problems.append(sentence_of(error))
        return Shown(image, runs, problems)

    def scores(self, shown: Shown) -> list[np.ndarray | None]:
        """Compute Dice of every layer but the first against the first.

        Args:
            shown: The image.

        Returns:
            (C,) float64 for each layer, 1 where neither has the class, NaN where the
            first does not know it; None for the first layer and where one lacks the image.
        """
        unknown = list(shown.image.unknown)
        first = shown.runs[0] if shown.runs else None
        found: list[np.ndarray | None] = []
        for number, runs in enumerate(shown.runs):
            if not number or runs is None or first is None:
                found.append(None)
                continue
            values = dice(run_overlap_counts(runs, first))
            values[unknown] = np.nan
            found.append(values)
        return found

    def packet(self, index: int, more: Mapping[str, Any] | None = None) -> bytes:
        """Write the masks of an image for the page; see :mod:`handbone.viewer.packets`.

        Args:
            index: Number of the image.
            more: What the page is told beside it.

        Returns:
            The packet.

        Raises:
            HandboneError: The image cannot be read, or is gone.
        """
        pending = self.pending(index)
        shown = self.shown(index)
        scores = [None if each is None else _numbers(each) for each in self.scores(shown)]
        head: dict[str, Any] = {
            **(more or {}),
            'width': shown.image.width,
            'height': shown.image.height,
            'problems': [for_page(each) for each in shown.problems],
            'unknown': sorted(shown.image.unknown),
            'dice': scores,
            'pending': pending,
        }
        return pack_layers(head, shown.runs)

    def picture(self, index: int) -> tuple[bytes, str]:
        """Read the file of an image for the page.

        Args:
            index: Number of the image.

        Returns:
            The content, and its media type.

        Raises:
            HandboneError: The image cannot be read, is gone, or was never known.
        """
        image = self.shown(index).image
        if image.path is None:
            raise HandboneError(
                Sentence(
                    'said_no_file',
                    '{name}: the file of this image is not known. Name the folder of the images: '
                    '--images FOLDER.',
                    name=image.name,
                )
            )
        return browser_picture(image.path)


def _numbers(values: np.ndarray) -> list[float | None]:
    """Write scores for JSON, which has no NaN."""
    return [None if np.isnan(value) else round(float(value), 4) for value in values]
