"""Images for drawing, as they are stored."""

from pathlib import Path

import cv2
import numpy as np
from mmengine.fileio import get

from .dicom_decoding import decode_dicom
from .dicom_format import is_dicom
from .picture_formats import decode_picture


def read_image(path: str | Path, backend_args: dict | None = None) -> np.ndarray:
    """Read an image at its own depth and colours, turned as it is displayed.

    Args:
        path: The image.
        backend_args: Arguments of mmengine's file backend.

    Returns:
        (H, W) or (H, W, 3) RGB, uint8 or uint16; DICOM also float32 from 0 to 255.

    Raises:
        RadiographError: If the file is not an image.
    """
    data = get(path, backend_args=backend_args)
    if is_dicom(path, data):
        return decode_dicom(path, data)[0]
    image, _ = decode_picture(path, data, 'stored')
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
