"""The preprocessing of an image, as plain numbers that a file can hold."""

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import cv2
import numpy as np

from handbone.errors import HandboneError, shown
from handbone.structure import Fields, check_structure, one_line

#: Ways to resize, by the names that mmcv gives them.
INTERPOLATIONS = {
    'nearest': cv2.INTER_NEAREST,
    'bilinear': cv2.INTER_LINEAR,
    'bicubic': cv2.INTER_CUBIC,
    'area': cv2.INTER_AREA,
    'lanczos': cv2.INTER_LANCZOS4,
}
#: What a graph may take.
CHANNELS = ('grey', 'bgr', 'rgb')
#: Largest side, in pixels, that an image is resized or padded to.
MOST_PIXELS = 2**16
STRUCTURE = Fields(
    dict(
        scale=[int],
        keep_ratio=bool,
        interpolation=str,
        divisor=int,
        size=(None, [int]),
        mean=[float],
        std=[float],
    ),
    dict(window=(str, [float]), channels=str),
)


@dataclass(frozen=True)
class Preprocessing:
    """Resizing and padding of an image, and how its grey values are normalised in the graph.

    Attributes:
        scale: Width and height to resize to.
        keep_ratio: Fit the image into ``scale`` instead of filling it.
        interpolation: Key of :data:`INTERPOLATIONS`.
        divisor: Images are padded at the right and the bottom to a multiple of it.
        size: Height and width that all images are padded to, ``None`` where the graph takes any
            multiple of ``divisor``.
        mean: Mean of each channel of the network's input, in grey values.
        std: Standard deviation of each channel.
        window: How files of more than 8 bits become 0 to 255: ``file`` as a DICOM file says,
            ``minmax``, ``percentile`` or the two ends in raw grey values; for the reader of files,
            the graph sees 0 to 255.
        channels: What the graph takes: ``grey``, or colours in the order ``bgr`` or ``rgb``.
    """

    scale: tuple[int, int]
    keep_ratio: bool
    interpolation: str
    divisor: int
    size: tuple[int, int] | None
    mean: tuple[float, ...]
    std: tuple[float, ...]
    window: str | tuple[float, float] = 'file'
    channels: str = 'grey'

    @property
    def color(self) -> bool:
        """Whether the graph takes colours."""
        return self.channels != 'grey'

    def content(self, height: int, width: int) -> tuple[int, int]:
        """Compute the size that an image has after resizing.

        Args:
            height: Rows of the image.
            width: Columns of the image.

        Returns:
            Height and width, at least 1.
        """
        if not self.keep_ratio:
            return self.scale[1], self.scale[0]
        # as mmcv.rescale_size
        factor = min(
            max(self.scale) / max(height, width),
            min(self.scale) / min(height, width),
        )
        if self.size is not None:  # landscape images in a portrait size
            factor = min(factor, self.size[0] / height, self.size[1] / width)
        return max(1, int(height * factor + 0.5)), max(1, int(width * factor + 0.5))

    def padded(self, content: tuple[int, int]) -> tuple[int, int]:
        """Compute the size that a resized image is padded to.

        Args:
            content: Height and width.

        Returns:
            Height and width.
        """
        if self.size is not None:
            return self.size
        height, width = (math.ceil(side / self.divisor) * self.divisor for side in content)
        return height, width

    def with_fixed_size(self) -> 'Preprocessing':
        """Return the settings that pad all images to the size of the largest one."""
        return replace(self, size=self.padded((self.scale[1], self.scale[0])))

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """Resize and pad an image.

        Args:
            image: Grey values (H, W), or blue, green and red (H, W, 3) for a graph that takes
                colours; uint8 or float32, 0 to 255.

        Returns:
            Float32, (1, h, w) or (3, h, w), at the padded size; the values in the padding have no
            effect.
        """
        content = self.content(*image.shape[:2])
        if image.shape[:2] != content:
            interpolation = INTERPOLATIONS[self.interpolation]
            image = cv2.resize(image, content[::-1], interpolation=interpolation)
        prepared = np.zeros((3 if self.color else 1, *self.padded(content)), np.float32)
        channels = image[None] if image.ndim == 2 else image.transpose(2, 0, 1)
        prepared[:, : content[0], : content[1]] = channels[:: -1 if self.channels == 'rgb' else 1]
        return prepared

    def to_plain(self) -> dict[str, Any]:
        """Return the settings as JSON can hold them."""
        plain = asdict(self)
        if not self.color:
            del plain['channels']  # earlier versions, which take grey values alone, read the file
        return plain

    @classmethod
    def from_plain(cls, plain: Any, place: str) -> 'Preprocessing':
        """Read the settings from a file's JSON.

        Args:
            plain: What :meth:`to_plain` returned, after JSON.
            place: Where they stand, for messages.

        Returns:
            The settings.

        Raises:
            HandboneError: If a setting is missing, unknown or out of range.
        """
        check_structure(plain, STRUCTURE, place)
        unknown = [
            name for name in plain if name not in {**STRUCTURE.required, **STRUCTURE.optional}
        ]
        if unknown:
            raise HandboneError(f'{place} has the unknown setting {shown(unknown[0])}')
        settings: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in plain.items()
        }
        made = cls(**settings)
        sizes = [made.scale, *([made.size] if made.size is not None else [])]
        fits = (
            all(len(size) == 2 and 1 <= min(size) <= max(size) <= MOST_PIXELS for size in sizes)
            and made.interpolation in INTERPOLATIONS
            and made.channels in CHANNELS
            and 1 <= made.divisor <= MOST_PIXELS
            and (isinstance(made.window, str) or len(made.window) == 2)
            and all(map(math.isfinite, (*made.mean, *made.std)))
        )
        if not fits:
            raise HandboneError(f'{place} is out of range: {one_line(made)}')
        return made
