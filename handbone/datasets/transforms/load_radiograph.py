"""Loading of 8-bit and 16-bit radiographs."""

from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from handbone.radiographs import RadiographError, check_window, read_radiograph
from handbone.radiographs.errors import COPY_AGAIN as COPY_FILE_AGAIN

from ..errors import DatasetError
from ..image_header import COPY_AGAIN


@TRANSFORMS.register_module()
class LoadRadiograph(BaseTransform):
    """Load a radiograph: PNG, JPEG, TIFF or, with the extra ``dicom``, DICOM.

    Image: an 8-bit file becomes uint8 as it is. A 16-bit file becomes float32: grey values of the
    window are spread linearly over 0 to 255, values outside are clipped. Colour files become gray
    unless colour is asked for. Labels: none yet.

    Required keys: ``img_path``. Added keys: ``img``, ``img_shape``, ``ori_shape``.

    Args:
        color_type: 'grayscale' gives (H, W); 'color' gives (H, W, 3) in the order blue, green, red.
        window: Window of 16-bit files. 'file' takes the one that a DICOM file names, and 'minmax'
            where there is none. 'minmax' takes the darkest and brightest value of the image,
            'percentile' its 0.1 and 99.9 percentiles, which a few burnt-in pixels do not move, and
            (low, high) fixes the window in raw grey values, (0, 65535) being the whole range.

    Raises:
        DatasetError: The file is missing, truncated or damaged.
    """

    def __init__(
        self, color_type: str = 'grayscale', window: str | tuple[float, float] = 'file'
    ) -> None:
        if color_type not in ('grayscale', 'color'):
            raise ValueError(f"color_type is 'grayscale' or 'color', got {color_type!r}")
        check_window(window)
        self.color_type = color_type
        self.window = window

    def transform(self, results: dict) -> dict:
        """Load the image of ``results['img_path']``.

        Args:
            results: The dict of one image.

        Returns:
            The same dict with the image.
        """
        path = results['img_path']
        try:
            image = read_radiograph(path, self.window, self.color_type).image
        except RadiographError as error:
            remedy = COPY_AGAIN if error.remedy == COPY_FILE_AGAIN else error.remedy
            raise DatasetError.at(path, error.problem, remedy) from error
        results['img'] = image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results

    def __repr__(self) -> str:
        name = type(self).__name__
        return f'{name}(color_type={self.color_type!r}, window={self.window!r})'
