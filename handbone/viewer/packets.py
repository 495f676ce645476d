"""The masks of an image as bytes for the page: a few kilobytes per layer, whatever the classes.

A packet is the length of its head, the head in JSON, and numbers of 32 bits, all little endian: for
each layer that has the image the places at which its code changes (n), the number of the code from
there on (n), and the codes by number (k x P).
"""

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from handbone.masks import run_segments

#: The head is filled up with spaces to a multiple of this, so that numbers lie at their places.
ALIGNED = 4


def pack_layers(head: Mapping[str, Any], layers: Sequence[list[np.ndarray] | None]) -> bytes:
    """Write the masks of an image.

    Args:
        head: What the page is told beside the masks.
        layers: Runs of each class along rows, layer by layer; None where a layer lacks the image.

    Returns:
        The packet.
    """
    sizes: list[list[int] | None] = []
    arrays: list[np.ndarray] = []
    for runs in layers:
        if runs is None:
            sizes.append(None)
            continue
        starts, codes = run_segments(runs)
        distinct, numbers = np.unique(codes, axis=0, return_inverse=True)
        sizes.append([len(starts), *distinct.shape])
        arrays += [starts.astype('<u4'), numbers.astype('<u4'), distinct.astype('<i4')]
    text = json.dumps({**head, 'sizes': sizes}).encode()
    text += b' ' * (-len(text) % ALIGNED)
    return b''.join(
        [struct.pack('<I', len(text)), text, *(array.tobytes() for array in arrays)],
    )
