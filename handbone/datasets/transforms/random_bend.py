"""Wrists that are bent at random."""

import math
from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from handbone.bones import CARPALS, FOREARM, METACARPALS, classes_of_bones

from .arguments import check_names, check_prob, check_range
from .class_indices import class_indices
from .moving_field import move_along, nodes
from .wrist_of_labels import Wrist, find_wrist

#: Degrees that no wrist bends beyond.
MOST_DEGREES = 60.0
#: Angles to either side of the metacarpals and of the forearm that stay rigid, and the least sector
#: that is left between the two.
HAND_EDGE, FOREARM_EDGE, LEAST_SECTOR = np.radians([55.0, 35.0, 15.0])
#: Part of the radius of the carpals within which hand and forearm no longer differ.
CORE = 0.5


@TRANSFORMS.register_module()
class RandomBend(BaseTransform):
    """Turn the hand against the forearm about the wrist, which the labels show.

    The centre is that of the carpals. Hand and forearm stay rigid, and in the sectors between them
    the angle changes smoothly, so that nothing folds or tears. Image: one linear interpolation;
    pixels from outside are ``pad_val``. Labels: the nearest pixel at the same places; pixels from
    outside are background. An image without the bones of the forearm, with fewer than half of the
    carpals or without a metacarpal is left as it is.

    Some 12 % of the training images but 60 % of the test images of the hand-bone data show a bent
    wrist. Bends add to what a wrist has, but no wrist is bent until hand and forearm touch.

    Required keys: ``img``, ``classes``, ``gt_seg_map``. Modified keys: ``img``, label maps.

    Args:
        degrees: Range of the angle, within 0 to 60.
        ulnar: Share of bends towards the ulna.
        turned_forearm: Share of the angle by which the forearm turns the other way, so that the
            fingers stay in the image; 0 turns the hand alone, 1 the forearm alone.
        carpals: Classes of the wrist.
        forearm: Classes of the forearm, the ulna last.
        metacarpals: Classes of the middle hand. Bones are found by the names of RAM-H1200 and
            RAM-W600 as well.
        pad_val: Grey value of pixels from outside the image.
        prob: Share of images that are bent.

    Raises:
        HandboneError: If a range is not possible, or a bone is not in the list of classes.

    Example:
        In a config, after the labels are drawn::

            dict(type='RandomBend', degrees=(10, 45), prob=0.5)
    """

    def __init__(
        self,
        degrees: tuple[float, float] = (10.0, 40.0),
        ulnar: float = 0.7,
        turned_forearm: float = 0.5,
        carpals: Sequence[str] = CARPALS,
        forearm: Sequence[str] = FOREARM,
        metacarpals: Sequence[str] = METACARPALS,
        pad_val: float = 0,
        prob: float = 0.5,
    ) -> None:
        self.degrees = check_range('degrees', degrees, 0, MOST_DEGREES)
        self.ulnar = check_prob(ulnar, 'ulnar')
        self.turned_forearm = check_prob(turned_forearm, 'turned_forearm')
        self.carpals = check_names('carpals', carpals)
        # its first and its last bone tell the side of the ulna
        self.forearm = check_names('forearm', forearm, 2)
        self.metacarpals = check_names('metacarpals', metacarpals)
        self.pad_val = pad_val
        self.prob = check_prob(prob)

    @cache_randomness
    def _draw(self) -> float:
        """Draw the angle in radians, positive towards the ulna, 0 for an image left as it is."""
        bent = np.random.rand() < self.prob
        sign = 1 if np.random.rand() < self.ulnar else -1
        angle = math.radians(np.random.uniform(*self.degrees))
        return sign * angle if bent else 0.0

    def transform(self, results: dict) -> dict:
        """Bend image and labels.

        Args:
            results: The dict of one image.

        Returns:
            The same dict.
        """
        classes = results['classes']
        carpals, forearm, metacarpals = (
            class_indices(
                classes_of_bones(getattr(self, name), classes), classes, f'RandomBend: {name}'
            )
            for name in ('carpals', 'forearm', 'metacarpals')
        )
        angle = self._draw()
        if angle == 0 or 'gt_seg_map' not in results:
            return results
        wrist = find_wrist(results['gt_seg_map'], len(classes), carpals, forearm, metacarpals)
        if wrist is not None:
            places = nodes(*results['img'].shape[:2])
            sources = bent_sources(places, wrist, angle * wrist.ulnar, self.turned_forearm)
            move_along(results, sources, self.pad_val)
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(degrees={self.degrees}, ulnar={self.ulnar}, '
            f'turned_forearm={self.turned_forearm}, carpals={self.carpals}, '
            f'forearm={self.forearm}, metacarpals={self.metacarpals}, '
            f'pad_val={self.pad_val}, prob={self.prob})'
        )


def bent_sources(
    places: np.ndarray, wrist: Wrist, angle: float, turned_forearm: float
) -> np.ndarray:
    """Find where places in a bent image come from.

    Each place turns about the wrist, at the same distance, by the angle of the hand, that of the
    forearm, or one between them. On every circle the sector between the two, on either side, comes
    from that between them before, without folding.

    Args:
        places: (..., 2), x and y in pixels.
        wrist: The joint.
        angle: Of the hand against the forearm, in radians, clockwise as the image is seen. It is
            reduced where hand and forearm would come too close.
        turned_forearm: Share of it by which the forearm turns the other way.

    Returns:
        The sources, of the same shape, float32.
    """
    offset = places - wrist.centre
    distance = np.hypot(offset[..., 0], offset[..., 1])
    # sectors clockwise from the hand to the forearm, and clockwise from there to the hand
    clockwise = (wrist.forearm - wrist.hand) % (2 * np.pi)
    closing = clockwise if angle > 0 else 2 * np.pi - clockwise
    room = max(0.0, closing - HAND_EDGE - FOREARM_EDGE - LEAST_SECTOR)
    angle = math.copysign(min(abs(angle), room), angle)
    hand_turn, forearm_turn = angle * (1 - turned_forearm), -angle * turned_forearm
    from_hand = (np.arctan2(offset[..., 1], offset[..., 0]) - wrist.hand - hand_turn) % (2 * np.pi)
    bent_clockwise = clockwise - angle
    share = np.where(
        from_hand < bent_clockwise,
        _share(from_hand, bent_clockwise),
        _share(2 * np.pi - from_hand, 2 * np.pi - bent_clockwise),
    )
    # where all directions meet, all turn alike
    share = 0.5 + (share - 0.5) * np.minimum(1, distance / (CORE * wrist.radius))
    back = -(forearm_turn + (hand_turn - forearm_turn) * share)
    cosine, sine = np.cos(back), np.sin(back)
    sources = np.empty(places.shape, np.float32)
    sources[..., 0] = cosine * offset[..., 0] - sine * offset[..., 1] + wrist.centre[0]
    sources[..., 1] = sine * offset[..., 0] + cosine * offset[..., 1] + wrist.centre[1]
    return sources


def _share(from_hand: np.ndarray, forearm: float) -> np.ndarray:
    """Say how far directions turn with the hand: 1 there, 0 in the forearm, smooth in between."""
    sector = forearm - FOREARM_EDGE - HAND_EDGE
    place = 1 - 2 * np.clip((from_hand - HAND_EDGE) / sector, 0, 1)
    return 0.5 + 0.625 * place - 0.125 * place**5
