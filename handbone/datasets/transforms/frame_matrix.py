"""Where the pixels of a file lie in the image that a pipeline has made of it so far.

Matrices are (2, 3) float64 and map pixel centres to pixel centres, as OpenCV's warpAffine does.
"""

import numpy as np

KEY = 'frame_matrix'


def compose(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Chain two matrices.

    Args:
        outer: The matrix applied second.
        inner: The matrix applied first.

    Returns:
        The matrix of both.
    """
    product = outer[:, :2] @ inner
    product[:, 2] += outer[:, 2]
    return product


def scaling(scale_x: float, scale_y: float) -> np.ndarray:
    """Build the matrix of a resize, which keeps pixel corners, not centres, in place.

    Args:
        scale_x: New width over old width.
        scale_y: New height over old height.

    Returns:
        The matrix.
    """
    return np.array([[scale_x, 0, (scale_x - 1) / 2], [0, scale_y, (scale_y - 1) / 2]])


def file_to_image(results: dict) -> np.ndarray | None:
    """Find the matrix from the file to the present image.

    Known are the file itself, mmcv's Resize and RandomResize (by ``scale_factor``), RandomAffine
    (by what it stored under ``frame_matrix``) and padding at the right and bottom after them.

    Args:
        results: The dict of one image in a pipeline.

    Returns:
        The matrix, or None where a flip, a crop or another resize came in between.
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
    """Store the matrix from the file to the present image for later transforms.

    Args:
        results: The dict of one image in a pipeline.
        matrix: The matrix, or None where it is not known.
    """
    results[KEY] = matrix, results['img'].shape[:2]
