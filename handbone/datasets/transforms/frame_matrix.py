"""Positions of the pixels of a file in the image that a pipeline has made from it so far.

Matrices are (2, 3) float64 and map pixel centres to pixel centres, as OpenCV's warpAffine does.
"""

import numpy as np

from handbone.masks import scaling

KEY = 'frame_matrix'


def file_to_image(results: dict) -> np.ndarray | None:
    """Find the matrix from the file to the current image.

    It is known for the file itself, after mmcv's Resize and RandomResize (from ``scale_factor``),
    after RandomAffine (from ``frame_matrix``) and after padding at the right and bottom.

    Args:
        results: The dict of one image in a pipeline.

    Returns:
        The matrix, or None if the image was also flipped, cropped or resized again.
    """
    if KEY in results:
        matrix, expected = results[KEY]
    else:
        scale = results.get('scale_factor', (1.0, 1.0))
        matrix, expected = scaling(*scale), np.multiply(results['ori_shape'], scale[::-1])
    surplus = np.subtract(results['img'].shape[:2], expected)
    padded = 'pad_shape' in results and (surplus > -1).all()
    if results.get('flip') or not (padded or np.abs(surplus).max() < 1):
        return None
    return matrix


def remember(results: dict, matrix: np.ndarray | None) -> None:
    """Store the matrix from the file to the current image for later transforms.

    Args:
        results: The dict of one image in a pipeline.
        matrix: The matrix, or None if it is not known.
    """
    results[KEY] = matrix, results['img'].shape[:2]
