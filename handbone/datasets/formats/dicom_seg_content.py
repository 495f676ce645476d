"""The content of DICOM Segmentation objects: one segment per class, of one image."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from handbone.errors import HandboneError
from handbone.extras import import_extra
from handbone.masks import encode, regions
from handbone.masks.binary_frames import binary_frames
from handbone.radiographs.dicom_attributes import sound_attributes
from handbone.radiographs.errors import reason
from handbone.version import __version__

from .dicom_segments import describe_segments

if TYPE_CHECKING:
    from highdicom.seg import SegmentDescription
    from pydicom import Dataset

#: Attributes that a segmentation takes from its image and cannot do without.
NEEDED = ('SOPClassUID', 'SOPInstanceUID', 'StudyInstanceUID', 'SeriesInstanceUID', 'Modality')
#: Attributes that it takes where the image has them; DICOM requires them, empty if need be.
TAKEN_OVER = (
    'AccessionNumber',
    'PatientBirthDate',
    'PatientID',
    'PatientName',
    'PatientSex',
    'ReferringPhysicianName',
    'StudyDate',
    'StudyID',
    'StudyTime',
)


class Origin(NamedTuple):
    """Where labels come from, as their segmentation says.

    Attributes:
        automatic: Whether handbone found them; otherwise people drew them.
        description: A phrase of at most 64 characters.
    """

    automatic: bool
    description: str


def encode_dicom_seg(
    labels: np.ndarray,
    header: 'Dataset | None',
    place: str | Path,
    classes: Sequence[str],
    palette: Sequence[tuple[int, int, int]],
    origin: Origin,
) -> bytes:
    """Make a segmentation: Segmentation Storage, BINARY.

    Each class that the image has is one segment and one frame at the image's size; classes that are
    absent have none. An image without any class gets all segments with empty frames, since a
    segmentation has at least one. Names and other texts of the image are kept in any character set
    and written in UTF-8; values that are not valid, such as the date 00000000, are left empty.
    Bones are coded by :mod:`.bone_codes`, other classes by their names in the private scheme
    99HANDBONE. Ignored pixels belong to no class. The object refers to its image and belongs to the
    same study, as a series of its own; making it again gives it new identifiers.

    Args:
        labels: Packed map, int32, (H, W), or (H, W, P) for more than 31 classes.
        header: Header of the image, without pixels; None where it is not a DICOM file.
        place: The image, for errors.
        classes: Names in class order.
        palette: RGB colours, 0 to 255, one per class, for viewers; or none.
        origin: Where the labels come from.

    Returns:
        The DICOM file.

    Raises:
        HandboneError: The image is not from a DICOM file, its header lacks identifiers or says
            another size, or no segmentation can be made of it.
        handbone.extras.MissingExtraError: The extra ``dicom`` is not installed.
    """
    source = _source(labels, header, place)
    try:
        content = io.BytesIO()
        _segmentation(labels, source, classes, palette, origin).save_as(content)
    except (HandboneError, MemoryError):
        raise
    except Exception as error:  # highdicom raises whatever a header leads it to
        raise HandboneError(
            f'{place}: no DICOM segmentation can be made of its header ({reason(error)}). '
            'Choose another format.'
        ) from error
    return content.getvalue()


def _segmentation(
    labels: np.ndarray,
    source: 'Dataset',
    classes: Sequence[str],
    palette: Sequence[tuple[int, int, int]],
    origin: Origin,
) -> 'Dataset':
    height, width = labels.shape[:2]
    areas = [runs[:, 1].sum() for runs in encode(labels, len(classes))]
    described = np.flatnonzero(areas).tolist() or list(range(len(classes)))
    descriptions = describe_segments(classes, palette, described, source, origin.automatic)
    segmentation = _without_pixels(source, descriptions, origin)
    segmentation.Rows, segmentation.Columns = height, width
    overlap = sum(areas) > np.count_nonzero(_any_class(labels))
    segmentation.SegmentsOverlap = 'YES' if overlap else 'NO'
    segmentation.PatientOrientation = source.get('PatientOrientation', '')
    # highdicom takes a radiograph's spacing over without the slice thickness that it does not
    # have, and refuses to read that; readers find the spacing in the referenced image
    segmentation.SharedFunctionalGroupsSequence[0].pop('PixelMeasuresSequence', None)
    segmentation.PixelData = binary_frames(
        regions(labels, len(classes)), height, width, len(described)
    )
    return segmentation


def _without_pixels(
    source: 'Dataset', descriptions: 'Sequence[SegmentDescription]', origin: Origin
) -> 'Dataset':
    """Make a segmentation of frames of one empty pixel.

    highdicom would need the planes of all classes at once. So it makes everything except the
    frames, for an image of one pixel.

    Args:
        source: Header of the image; its size becomes that of one pixel.
        descriptions: The segments.
        origin: Where the labels come from.

    Returns:
        A ``highdicom.seg.Segmentation``.
    """
    highdicom = import_extra('highdicom', 'dicom')
    source.Rows = source.Columns = 1
    return highdicom.seg.Segmentation(
        source_images=[source],
        pixel_array=np.zeros((1, 1, 1), np.uint8),
        segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=descriptions,
        series_instance_uid=highdicom.UID(),
        series_number=max(int(source.get('SeriesNumber') or 0), 0) + 1,
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer='handbone',
        manufacturer_model_name='handbone',
        software_versions=__version__,
        device_serial_number=__version__,
        content_label='HANDBONE',
        content_description=origin.description,
        series_description='handbone segmentation',
        omit_empty_frames=False,
    )


def _source(labels: np.ndarray, header: 'Dataset | None', place: str | Path) -> 'Dataset':
    """Check the header that the segmentation is to refer to; returns what is valid in it."""
    if header is None:
        raise HandboneError(
            f'{place} is not a DICOM file, and a DICOM segmentation refers to a DICOM image. '
            'Give DICOM files, or another output format such as label-png.'
        )
    source = sound_attributes(header)
    missing = [keyword for keyword in NEEDED if not source.get(keyword)]
    if missing:
        raise HandboneError(
            f'{place}: the header lacks {", ".join(missing)}, which a DICOM segmentation refers '
            'to. Export the image again with them, or choose another output format.'
        )
    size = header.get('Rows'), header.get('Columns')
    if size != labels.shape[:2]:
        raise HandboneError(
            f'{place}: the labels are {labels.shape[0]} x {labels.shape[1]}, but the header says '
            f'{size[0]} x {size[1]}. Use labels at the size of the image.'
        )
    for keyword in TAKEN_OVER:
        if source.get(keyword) is None:
            setattr(source, keyword, '')
    return source


def _any_class(labels: np.ndarray) -> np.ndarray:
    """Find the pixels that belong to a class and are not to be ignored: bool (H, W)."""
    return labels > 0 if labels.ndim == 2 else np.any(labels > 0, axis=2)
