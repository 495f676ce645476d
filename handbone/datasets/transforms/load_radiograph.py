"""Loading of radiographs."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from handbone.errors import HandboneError, check_word
from handbone.radiographs import RadiographError, check_window, read_radiograph

from ..image_header import of_dataset


@TRANSFORMS.register_module()
class LoadRadiograph(BaseTransform):
    """Load a radiograph: a picture or, with the extra ``dicom``, a DICOM file.

    Image: an 8-bit file becomes uint8 as it is. A file of more bits becomes float32: grey values of
    the window are spread linearly over 0 to 255, values outside are clipped. Colour files become
    grey unless colour is asked for. Pictures are turned as they are displayed. Labels: none yet.

    Required keys: ``img_path``. Added keys: ``img``, ``img_shape``, ``ori_shape``.

    Args:
        color_type: 'grayscale' gives (H, W); 'color' gives (H, W, 3) in the order blue, green, red.
        window: Window of files of more than 8 bits. 'file' takes the one of a DICOM file, and
            'minmax' where there is none. 'minmax' takes the darkest and brightest value of the
            image, 'percentile' its 0.1 and 99.9 percentiles, which a few burnt-in pixels do not
            move, and (low, high) fixes the window in raw grey values, (0, 65535) being the whole
            range.
        cache_megabytes: Memory in which each process, workers of the data loader included, keeps
            decoded images, so that a small dataset is decoded once instead of in every epoch.
            Images that do not fit are decoded each time. The files must not change meanwhile.

    Raises:
        DatasetError: The file is missing, truncated or damaged.
    """

    def __init__(
        self,
        color_type: str = 'grayscale',
        window: str | tuple[float, float] = 'file',
        cache_megabytes: float = 0,
    ) -> None:
        check_word('color_type', color_type, ('grayscale', 'color'))
        check_window(window)
        if cache_megabytes < 0:
            raise HandboneError(f'cache_megabytes is at least 0, got {cache_megabytes}')
        self.color_type = color_type
        self.window = window
        self.cache_megabytes = cache_megabytes
        self._cached: dict[str, np.ndarray] = {}
        self._bytes_left = int(cache_megabytes * 1e6)

    def transform(self, results: dict) -> dict:
        """Load the image of ``results['img_path']``.

        Args:
            results: The dict of one image.

        Returns:
            The same dict with the image.
        """
        path = results['img_path']
        cached = self._cached.get(path)
        if cached is None:
            image = self._read(path)
            if image.nbytes <= self._bytes_left:
                self._cached[path] = image.copy()
                self._bytes_left -= image.nbytes
        else:
            image = cached.copy()
        results['img'] = image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results

    def _read(self, path: str) -> np.ndarray:
        try:
            return read_radiograph(path, self.window, self.color_type).image
        except RadiographError as error:
            raise of_dataset(error) from error

    def __repr__(self) -> str:
        name = type(self).__name__
        return (
            f'{name}(color_type={self.color_type!r}, window={self.window!r}, '
            f'cache_megabytes={self.cache_megabytes})'
        )
