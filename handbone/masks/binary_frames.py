"""Masks of one bit per pixel, as DICOM stores binary frames."""

from collections.abc import Iterable

import numpy as np

from handbone.masks import Region


def binary_frames(found: Iterable[Region], height: int, width: int, count: int) -> bytes:
    """Write one frame per region, lowest bit first, without gaps between frames (PS3.5, 8.1.1).

    Args:
        found: The regions, unpacked one at a time.
        height: Rows of a frame.
        width: Columns of a frame.
        count: Number of frames; those beyond the regions are empty.

    Returns:
        The bits, padded to an even number of bytes.
    """
    num_bytes = -(-height * width * count // 16) * 2
    frames = np.zeros(num_bytes, np.uint8)
    for number, region in enumerate(found):
        rows = np.zeros((len(region.mask), width), bool)
        rows[:, region.left : region.left + region.mask.shape[1]] = region.mask
        first_byte, shift = divmod((number * height + region.top) * width, 8)
        bits = np.concatenate([np.zeros(shift, bool), rows.ravel()]) if shift else rows.ravel()
        drawn = np.packbits(bits, bitorder='little')
        frames[first_byte : first_byte + len(drawn)] |= drawn
    return frames.tobytes()
