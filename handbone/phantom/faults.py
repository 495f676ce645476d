"""Faults that datasets have, planted into phantoms: in labels, in files, and copies of images."""

from collections.abc import Mapping

from handbone.phantom.image_faults import (
    blacken,
    copy_developed,
    copy_rescaled,
    invert,
    keep,
    mirror,
    overexpose,
)
from handbone.phantom.label_faults import (
    CUT_OFF,
    FEWEST_POINTS,
    Fault,
    Polygons,
    add_speck,
    add_spike,
    bones_of_fingers,
    cross_outline,
    cut_outline,
    draw_twice,
    forget_bone,
    label_accessory,
    mirror_labels,
    resize_on_one_side,
    resize_outline,
    shift_on_one_side,
    shift_outline,
    swap_fingers,
    swap_in_finger,
    swap_names,
)

#: Faults by name. Those in :data:`COPIES` are of another image of the dataset.
FAULTS: Mapping[str, Fault] = {
    'swapped': swap_names,
    'swapped-fingers': swap_fingers,
    'swapped-in-finger': swap_in_finger,
    'missing': forget_bone,
    'displaced': shift_outline,
    'resized': resize_outline,
    'displaced-on-one-side': shift_on_one_side,
    'resized-on-one-side': resize_on_one_side,
    'accessory': label_accessory,
    'doubled': draw_twice,
    'self-crossing': cross_outline,
    'spike': add_spike,
    'speck': add_speck,
    'cut': cut_outline,
    'mirrored-labels': mirror_labels,
    'wrong-side': mirror,
    'inverted': invert,
    'empty': blacken,
    'saturated': overexpose,
    'duplicate': keep,
    'near-duplicate': copy_developed,
    'rescaled-duplicate': copy_rescaled,
    'mirrored-duplicate': mirror,
    'patient-in-two-splits': keep,
}
#: Faults that need labels to be planted into.
OF_LABELS = (
    *('swapped', 'swapped-fingers', 'swapped-in-finger', 'missing', 'displaced', 'resized'),
    *('displaced-on-one-side', 'resized-on-one-side', 'accessory', 'doubled', 'self-crossing'),
    *('spike', 'speck', 'cut', 'mirrored-labels', 'wrong-side'),
)
COPIES = ('duplicate', 'near-duplicate', 'rescaled-duplicate', 'mirrored-duplicate')
#: The fault of an image that lies in the other split than its patient's first one.
IN_TWO_SPLITS = 'patient-in-two-splits'
#: Faults of the second image of a patient, whose first one is sound.
OF_SECOND_IMAGE = ('displaced-on-one-side', 'resized-on-one-side', IN_TWO_SPLITS)


def can_be_planted(kind: str, polygons: Polygons) -> bool:
    """Tell whether an image has what a fault needs.

    Args:
        kind: Name of the fault.
        polygons: Polygons of the image; a film without a hand has none.

    Returns:
        Whether it can be planted: a fault of labels takes two bones with outlines to spoil, one in
        a finger takes a finger with two bones.
    """
    if kind == 'swapped-in-finger' and not bones_of_fingers(polygons):
        return False
    whole = [name for name, outline in polygons if len(outline) >= FEWEST_POINTS]
    return kind not in OF_LABELS or sum(name not in CUT_OFF for name in whole) >= 2
