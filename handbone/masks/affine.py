"""Affine maps between the pixels of an image and those of another one made from it.

Matrices are (2, 3) float64 and map pixel centres (x, y) to pixel centres, as OpenCV's warpAffine
does.
"""

import numpy as np


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


def inverse(matrix: np.ndarray) -> np.ndarray:
    """Invert a matrix.

    Args:
        matrix: A matrix whose determinant is not 0.

    Returns:
        The matrix of the way back.
    """
    linear = np.linalg.inv(matrix[:, :2])
    return np.column_stack([linear, -linear @ matrix[:, 2]])
