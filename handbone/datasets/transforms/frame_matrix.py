"""Positions of the pixels of a file in the image that a pipeline has made from it so far.

Matrices are (2, 3) float64 and map pixel centres to pixel centres, as OpenCV's warpAffine does.
"""

import numpy as np

KEY = 'frame_matrix'


def compose(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Combine two matrices.

    Args:
        outer: The matrix that is applied second.
        inner: The matrix that is applied first.

    Returns:
        The matrix of both.

    >>> compose(np.array([[1.0, 0, 5], [0, 1, 0]]), np.array([[2.0, 0, 1], [0, 2, 0]]))
    array([[2., 0., 6.],
           [0., 2., 0.]])
    """
    product = outer[:, :2] @ inner
    product[:, 2] += outer[:, 2]
    return product


def scaling(scale_x: float, scale_y: float) -> np.ndarray:
    """Build the matrix of a resize, which keeps the corners of the image in place.

    Args:
        scale_x: New width over old width.
        scale_y: New height over old height.

    Returns:
        The matrix.
    """
    return np.array([[scale_x, 0, (scale_x - 1) / 2], [0, scale_y, (scale_y - 1) / 2]])


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
