"""Votes on masks that are given as runs.

Between the boundaries of all runs the votes do not change, so they are counted at the boundaries:
each run adds its file's weight where it starts and removes it where it stops.
"""

from collections.abc import Sequence

import numpy as np

from .submission_rows import ImageRuns


def vote_on_runs(
    voters: Sequence[ImageRuns], weights: np.ndarray, needed: np.ndarray
) -> list[np.ndarray]:
    """Find where enough voters say that a class is present.

    Args:
        voters: The runs of one image, one entry per voter V.
        weights: Weight of each voter on each class, int64 (V, C), not negative.
        needed: Least sum of weights for a class to be present, int64 (C,), at least 1.

    Returns:
        Runs of every class, as :func:`handbone.masks.decode` takes them: int64 (n, 2) of
        [start, length], starts counted from 0. Runs that touch are one.
    """
    stride = 1 + max((int(runs.stops.max(initial=0)) for runs in voters), default=0)
    voter_bits = max(1, len(voters) - 1).bit_length()
    bits = 1 + voter_bits
    edges = []
    for number, runs in enumerate(voters):
        first = runs.classes * stride
        edges.append((first + runs.starts << bits) | number)
        edges.append((first + runs.stops << bits) | 1 << voter_bits | number)
    # one number holds class, place, start or stop, and voter: sorting it needs no second array
    order = np.sort(np.concatenate(edges))
    stops, voters_of_edge = order >> voter_bits & 1, order & (1 << voter_bits) - 1
    places = order >> bits
    class_of_edge = places // stride
    votes = np.cumsum(weights[voters_of_edge, class_of_edge] * (1 - 2 * stops))
    # several edges in one place count together
    last = np.append(places[1:] != places[:-1], np.ones(min(1, len(places)), bool))
    places, class_of_edge, votes = places[last], class_of_edge[last], votes[last]
    present = votes >= needed[class_of_edge]
    # all runs of a class have stopped before the next class begins, so no mask extends into it
    changes = np.flatnonzero(present != np.concatenate([[False], present[:-1]]))
    runs = (places[changes] - class_of_edge[changes] * stride).reshape(-1, 2)
    runs[:, 1] -= runs[:, 0]
    ends = np.searchsorted(class_of_edge[changes[::2]], np.arange(1, len(needed)))
    return np.split(runs, ends)
