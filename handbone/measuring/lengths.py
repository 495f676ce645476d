"""The length of a bone, from its mask."""

import cv2
import numpy as np


def axis_length(mask: np.ndarray, pixel: tuple[float, float] = (1.0, 1.0)) -> float:
    """Measure the extent of a mask along its principal axis.

    The axis is that of the largest variance of the pixels' centres, in mm, so that pixels need not
    be square. The extent is that of the centres and one pixel more, which is half a pixel at either
    end.

    Args:
        mask: Bool (h, w), not empty.
        pixel: Height and width of a pixel, in mm; without them the length is in pixels.

    Returns:
        The length.

    Example:
        >>> round(axis_length(np.ones((2, 30), bool)), 6)
        30.0
    """
    down, right = pixel
    moments = cv2.moments(mask.astype(np.uint8), binaryImage=True)
    mixed = moments['mu11'] * down * right
    covariance = [[moments['mu20'] * right**2, mixed], [mixed, moments['mu02'] * down**2]]
    axis = np.linalg.eigh(covariance)[1][:, 1]
    rows = np.flatnonzero(mask.any(axis=1))
    # the outermost pixel of a row is at one of its ends
    first = mask[rows].argmax(axis=1)
    last = mask.shape[1] - 1 - mask[rows, ::-1].argmax(axis=1)
    steps = axis * (right, down)
    along = np.concatenate([first, last]) * steps[0] + np.concatenate([rows, rows]) * steps[1]
    return float(np.ptp(along) + np.hypot(*steps))
