"""Descriptions of the segments of a DICOM segmentation."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from handbone.extras import import_extra
from handbone.version import __version__

from .bone_codes import BONE_CODES, CATEGORY, LATERALITY, PRIVATE_SCHEME

if TYPE_CHECKING:
    from highdicom.seg import SegmentDescription
    from pydicom import Dataset
    from pydicom.sr.coding import Code

#: Most characters of a label and of a code's meaning (value representation LO).
LONGEST_TEXT = 64


def describe_segments(
    classes: Sequence[str],
    palette: Sequence[tuple[int, int, int]],
    described: Sequence[int],
    source: 'Dataset',
    automatic: bool,
) -> list['SegmentDescription']:
    """Describe classes as segments numbered from 1.

    Args:
        classes: Names in class order.
        palette: RGB colours, 0 to 255, one per class, or none.
        described: The classes that become segments, from 0.
        source: Header of the image, which may tell the side of the body.
        automatic: Whether handbone found them; otherwise people drew them.

    Returns:
        One description per class.
    """
    highdicom = import_extra('highdicom', 'dicom')
    side = LATERALITY.get(source.get('ImageLaterality') or source.get('Laterality'))
    algorithm = highdicom.AlgorithmIdentificationSequence(
        name='handbone',
        family=_code('DCM', '123110', 'Artificial Intelligence'),
        version=__version__,
    )
    descriptions = []
    for number, index in enumerate(described, 1):
        name = classes[index]
        bone = BONE_CODES.get(name)
        own = None if bone is None else [_code('FMA', bone.fma, bone.name)]
        description = highdicom.seg.SegmentDescription(
            segment_number=number,
            segment_label=name[:LONGEST_TEXT],
            segmented_property_category=_code('SCT', *CATEGORY),
            segmented_property_type=_code(PRIVATE_SCHEME, name, name)
            if bone is None
            else _code('SCT', *bone.type),
            algorithm_type='AUTOMATIC' if automatic else 'MANUAL',
            algorithm_identification=algorithm if automatic else None,
            anatomic_regions=None if bone is None else [_code('SCT', *bone.region)],
            primary_anatomic_structures=own,
            display_color=highdicom.color.CIELabColor.from_rgb(*palette[index])
            if palette
            else None,
        )
        if side is not None:
            property_type = description.SegmentedPropertyTypeCodeSequence[0]
            property_type.SegmentedPropertyTypeModifierCodeSequence = [
                highdicom.sr.CodedConcept.from_code(_code('SCT', *side))
            ]
        descriptions.append(description)
    return descriptions


def _code(scheme: str, value: str, meaning: str) -> 'Code':
    coding = import_extra('pydicom.sr.coding', 'dicom')
    return coding.Code(value, scheme, meaning[:LONGEST_TEXT])
