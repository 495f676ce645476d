"""Unknown bits: where nobody has said whether a class is there.

A map of them is a packed map of the same shape as the labels: bit c is set where class c is
unknown. It goes through the pipeline beside the labels. In tensors the planes of both are joined:
(2P, H, W), the labels first. Where nothing is unknown there is no such map.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from .packed import (
    CLASSES_PER_PLANE,
    IGNORE_BIT,
    add_to_class,
    empty,
    num_planes,
    planes_of,
)

if TYPE_CHECKING:
    import torch


def class_code(indices: Iterable[int], num_classes: int) -> np.ndarray:
    """Set the bits of some classes.

    Args:
        indices: Class indices.
        num_classes: Number of classes C.

    Returns:
        What a pixel with these classes holds: int32 (P,).

    >>> class_code([0, 2], 3)
    array([5], dtype=int32)
    """
    code = empty(1, 1, num_planes(num_classes) * CLASSES_PER_PLANE)
    for index in indices:
        add_to_class(code, index, np.ones((1, 1)))
    return code.reshape(-1)


def constant_map(height: int, width: int, code: np.ndarray) -> np.ndarray:
    """Make a packed map that holds the same classes everywhere.

    Args:
        height: Rows of the map.
        width: Columns of the map.
        code: What each pixel holds, int32 (P,).

    Returns:
        Int32 (H, W), or (H, W, P) for several planes.
    """
    shape = (height, width) if len(code) == 1 else (height, width, len(code))
    return np.full(shape, code, np.int32)


def without(packed: np.ndarray, unknown: np.ndarray | None) -> np.ndarray:
    """Take the classes out of a packed map where they are unknown.

    Args:
        packed: Packed map, (H, W) or (H, W, P).
        unknown: Map of the same shape; None if nothing is unknown.

    Returns:
        A new packed map; the same one if nothing is unknown. Ignored pixels stay ignored.
    """
    return packed if unknown is None else packed & ~(unknown & ~np.int32(IGNORE_BIT))


def classes_known(
    unknown: np.ndarray | None, num_classes: int, ignored: np.ndarray | None = None
) -> np.ndarray:
    """Find the classes that are known anywhere in an image.

    Args:
        unknown: Map of unknown bits, (H, W) or (H, W, P); None if nothing is unknown.
        num_classes: Number of classes C.
        ignored: (H, W) bool, pixels that do not count.

    Returns:
        Bool (C,).
    """
    if unknown is None:
        return np.ones(num_classes, bool)
    everywhere = [
        int(np.bitwise_and.reduce(plane if ignored is None else plane[~ignored], axis=None))
        for plane in planes_of(unknown)
    ]
    return np.array(
        [
            not everywhere[index // CLASSES_PER_PLANE] >> index % CLASSES_PER_PLANE & 1
            for index in range(num_classes)
        ]
    )


def join_unknown(labels: torch.Tensor, unknown: torch.Tensor) -> torch.Tensor:
    """Put the planes of unknown bits behind those of the labels, which lose these bits.

    Args:
        labels: Int32 tensor (P, H, W).
        unknown: Int32 tensor (P, H, W).

    Returns:
        Int32 tensor (2P, H, W).
    """
    import torch  # takes seconds, and counting, drawing and encoding do without it

    unknown = unknown & ~IGNORE_BIT
    return torch.cat([labels & ~unknown, unknown])


def split_unknown(
    joined: torch.Tensor, num_classes: int
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Tell labels from unknown bits.

    Args:
        joined: Int32 tensor, (P, H, W) or (2P, H, W), with any axes before.
        num_classes: Number of classes.

    Returns:
        Labels and unknown bits, views of shape (…, P, H, W). None in place of the second where
        nothing is unknown. A tensor with any other number of planes comes back whole.
    """
    planes = num_planes(num_classes)
    if joined.shape[-3] != 2 * planes:
        return joined, None
    return joined[..., :planes, :, :], joined[..., planes:, :, :]
