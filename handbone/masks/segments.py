"""Where the packed code changes along an image whose masks are given as runs."""

from collections.abc import Sequence

import numpy as np

from .packed import CLASSES_PER_PLANE, num_planes


def run_segments(runs: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Cut an image into segments of one packed code, without drawing it.

    Args:
        runs: Runs of each class, (n, 2) of [start, length], starts counted from 0, as
            :func:`handbone.masks.encode` gives them.

    Returns:
        Places at which the code changes, rising int64 (n,), and the code from there on, int32
        (n, P), the last one 0. In front of the first place there is no class.

    >>> starts, codes = run_segments([np.array([[0, 2]]), np.array([[1, 1], [3, 1]])])
    >>> starts.tolist(), codes.ravel().tolist()
    ([0, 1, 2, 3, 4], [1, 3, 0, 2, 0])
    """
    edges = [np.concatenate([one[:, 0], one[:, 0] + one[:, 1]]) for one in runs]
    sizes = [len(each) for each in edges]
    places = np.concatenate(edges) if edges else np.zeros(0, np.int64)
    order = np.argsort(places, kind='stable')
    places = places[order].astype(np.int64)
    codes = np.zeros((len(places), num_planes(max(1, len(runs)))), np.int32)
    for plane in range(codes.shape[1]):
        first = plane * CLASSES_PER_PLANE
        bits = np.zeros(len(runs), np.int32)
        of_plane = np.arange(len(runs[first : first + CLASSES_PER_PLANE]))
        bits[first : first + len(of_plane)] = np.int32(1) << of_plane
        codes[:, plane] = np.bitwise_xor.accumulate(np.repeat(bits, sizes)[order])
    # several edges at one place count together, and where nothing changes there is no place
    last = np.ones(len(places), bool)
    last[:-1] = places[1:] != places[:-1]
    places, codes = places[last], codes[last]
    changed = np.ones(len(places), bool)
    changed[1:] = (codes[1:] != codes[:-1]).any(axis=1)
    if len(places):
        changed[0] = codes[0].any()
    return places[changed], codes[changed]
