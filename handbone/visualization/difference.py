"""Where two sets of masks differ, drawn over the image."""

import numpy as np

from .overlay import Color
from .picture import to_picture

#: Okabe and Ito's orange, sky blue, grey and purple, which people of any colour vision tell apart;
#: the page of the viewer uses the same.
ONLY_FIRST: Color = (230, 159, 0)
ONLY_SECOND: Color = (86, 180, 233)
BOTH: Color = (160, 160, 160)
MIXED: Color = (204, 121, 167)


def draw_difference(
    image: np.ndarray, first: np.ndarray, second: np.ndarray, alpha: float = 0.7
) -> np.ndarray:
    """Draw where masks are in the first map only, in the second only, or in both.

    A pixel with one class in the first map only and another class in the second only is mixed.

    Args:
        image: (H, W) or (H, W, 3) RGB.
        first: Packed map, (H, W) or (H, W, P).
        second: Packed map of the same shape.
        alpha: Share of the colour where the maps differ; where they agree it is a third of that.

    Returns:
        RGB, uint8 (H, W, 3).
    """
    picture = to_picture(image, None)
    planes = (np.atleast_3d(each).clip(0) for each in (first, second))
    one, other = planes
    only_first, only_second = (one & ~other).any(axis=2), (other & ~one).any(axis=2)
    both = (one & other).any(axis=2) & ~only_first & ~only_second
    for where, color, share in (
        (both, BOTH, alpha / 3),
        (only_first & ~only_second, ONLY_FIRST, alpha),
        (only_second & ~only_first, ONLY_SECOND, alpha),
        (only_first & only_second, MIXED, alpha),
    ):
        mixed = picture[where] * (1 - share) + np.array(color) * share
        picture[where] = np.rint(mixed).astype(np.uint8)
    return picture
