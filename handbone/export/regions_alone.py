"""Images with several regions for a graph that labels one: it sees them one after the other."""

import cv2
import numpy as np

from handbone.regions import separate_masks


def each_region_alone(image: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Show each region of an image without the others, such as each hand of a film.

    Everything that is nearer to another region gets the grey value that lies between them.

    Args:
        image: (channels, H, W) as the graph takes it, padded.
        seen: (C, h, w) bool, where the first network sees each class of the padded image.

    Returns:
        (K, channels, H, W), one image per region; none if there are not at least two regions.
    """
    shown = []
    for part in separate_masks(seen):
        size = (image.shape[2], image.shape[1])
        own = cv2.resize(part.territory.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        border = (own > 0) & (cv2.erode(own, np.ones((3, 3), np.uint8)) == 0)
        between = np.median(image[:, border], axis=1)[:, None, None]
        shown.append(np.where(own > 0, image, between).astype(image.dtype))
    return np.stack(shown) if shown else image[None][:0]
