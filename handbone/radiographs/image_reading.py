"""Images for drawing, as they are stored."""

import cv2
import numpy as np
from mmengine.fileio import get

from handbone.errors import HandboneError
from handbone.radiographs.dicom_format import decode_dicom, is_dicom


def read_image(path: str, backend_args: dict | None = None) -> np.ndarray:
    """Read an image as it is stored, in 8 or 16 bits, gray or colour.

    Args:
        path: The image.
        backend_args: Arguments of mmengine's file backend.

    Returns:
        (H, W) or (H, W, 3) RGB, uint8 or uint16; DICOM also float32 from 0 to 255.

    Raises:
        HandboneError: If the file is no image.
    """
    data = get(path, backend_args=backend_args)
    if is_dicom(path, data):
        return decode_dicom(path, data)[0]
    encoded = np.frombuffer(data, np.uint8)
    image = cv2.imdecode(encoded, cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR)
    if image is None:
        raise HandboneError(f'{path} is not an image that OpenCV reads, so it cannot be drawn.')
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
