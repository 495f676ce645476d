"""Loading of 8-bit and 16-bit radiographs."""

from pathlib import Path

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from ..errors import DatasetError
from ..image_header import COPY_AGAIN, TAIL_BYTES, check_png_end, unreadable_image

FLAGS = {'grayscale': cv2.IMREAD_GRAYSCALE, 'color': cv2.IMREAD_COLOR}
PNG_SIGNATURE = b'\x89PNG\r\n\x1a\n'
SHARES = (0.001, 0.999)  # of the pixels, the ends of the percentile window


@TRANSFORMS.register_module()
class LoadRadiograph(BaseTransform):
    """Load a radiograph.

    Image: an 8-bit file becomes uint8 as it is. A 16-bit file becomes float32: grey values of the
    window are spread linearly over 0 to 255, values outside are clipped. Colour files become gray
    unless colour is asked for. Labels: none yet.

    Required keys: ``img_path``. Added keys: ``img``, ``img_shape``, ``ori_shape``.

    Args:
        color_type: 'grayscale' gives (H, W); 'color' gives (H, W, 3) in the order blue, green, red.
        window: Window of 16-bit files. 'minmax' takes the darkest and brightest value of the image,
            'percentile' its 0.1 and 99.9 percentiles, which a few burnt-in pixels do not move, and
            (low, high) fixes the window in raw grey values, (0, 65535) being the whole range.

    Raises:
        DatasetError: The file is missing, truncated or damaged.
    """

    def __init__(
        self, color_type: str = 'grayscale', window: str | tuple[float, float] = 'minmax'
    ) -> None:
        if color_type not in FLAGS:
            raise ValueError(f"color_type is 'grayscale' or 'color', got {color_type!r}")
        if isinstance(window, str):
            if window not in ('minmax', 'percentile'):
                raise ValueError(f"window is 'minmax', 'percentile' or (low, high), got {window!r}")
        elif not window[0] < window[1]:
            raise ValueError(f'window is (low, high) with low < high, got {window!r}')
        self.color_type = color_type
        self.window = window

    def transform(self, results: dict) -> dict:
        """Load the image of ``results['img_path']``.

        Args:
            results: The dict of one image.

        Returns:
            The same dict with the image.
        """
        image = self._decode(results['img_path'])
        if image.dtype != np.uint8:
            image = self._apply_window(image)
        results['img'] = image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results

    def _decode(self, path: str) -> np.ndarray:
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise unreadable_image(path, error) from error
        if data.startswith(PNG_SIGNATURE):
            check_png_end(path, data[-TAIL_BYTES:])
        # Orientation tags stay unread: polygons are checked against the size in the header.
        flags = FLAGS[self.color_type] | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
        if image is None:
            raise DatasetError.at(path, 'the image cannot be decoded', COPY_AGAIN)
        return image

    def _apply_window(self, image: np.ndarray) -> np.ndarray:
        if self.window == 'minmax':
            low, high = float(image.min()), float(image.max())
        elif self.window == 'percentile':
            cumulative = np.bincount(image.ravel()).cumsum()
            low, high = np.searchsorted(cumulative, np.multiply(SHARES, image.size))
        else:
            low, high = self.window
        windowed = image.astype(np.float32)
        windowed -= low
        windowed *= 255 / max(float(high - low), 1e-6)
        return windowed.clip(0, 255, out=windowed)

    def __repr__(self) -> str:
        name = type(self).__name__
        return f'{name}(color_type={self.color_type!r}, window={self.window!r})'
