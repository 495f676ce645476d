"""The frames of a DICOM Segmentation object of one image, one frame per segment."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handbone.errors import shown
from handbone.extras import import_extra
from handbone.radiographs.dicom_format import SEGMENTATION_STORAGE, parse_header
from handbone.radiographs.errors import reason

from ..errors import DatasetError
from .file_faults import faults_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom import Dataset

REMEDY = 'Export it again as a binary DICOM segmentation of one image'
POSITIONS = ('PlanePositionSequence', 'PlanePositionSlideSequence')


def read_seg_header(path: Path, pixels: bool = False) -> 'Dataset':
    """Read and check a segmentation.

    Args:
        path: The file.
        pixels: Read the pixels too.

    Returns:
        Its data set.

    Raises:
        DatasetError: It cannot be read, or is not a binary segmentation of one image with one frame
            per segment.
    """
    with faults_of(path, None), path.open('rb') as file:
        header = parse_header(path, file, pixels=pixels)
    if header.get('SOPClassUID') != SEGMENTATION_STORAGE:
        raise DatasetError.at(path, 'it is no DICOM segmentation', REMEDY)
    if header.get('SegmentationType') != 'BINARY':
        problem = f'its segmentation type is {shown(header.get("SegmentationType"))}, not BINARY'
        raise DatasetError.at(path, problem, REMEDY)
    if not header.get('Rows') or not header.get('Columns'):
        raise DatasetError.at(path, 'it has no height and width', REMEDY)
    _check_frames(header, path)
    return header


def read_frames(header: 'Dataset', path: Path) -> Iterator[tuple[int, np.ndarray]]:
    """Read the frames one by one.

    Args:
        header: What :func:`read_seg_header` returns, with pixels.
        path: The file, for errors.

    Yields:
        Number of the segment, and (H, W) where 0 is outside.

    Raises:
        DatasetError: They are damaged.
    """
    pixels = import_extra('pydicom.pixels', 'dicom')
    try:
        yield from zip(_segments_of_frames(header), pixels.iter_pixels(header), strict=True)
    except MemoryError:
        raise
    except Exception as error:  # pydicom raises whatever a header leads it to
        problem = f'its frames cannot be read ({reason(error)})'
        raise DatasetError.at(path, problem, REMEDY) from error


def _check_frames(header: 'Dataset', path: Path) -> None:
    """Refuse the frames of a series or a volume, whose masks would lie over each other."""
    try:
        numbers = _segments_of_frames(header)
        frames = int(header.NumberOfFrames)
        images = _count_images(header)
    except Exception as error:  # pydicom raises whatever damaged bytes lead it to
        problem = f'its frames are not described ({reason(error)})'
        raise DatasetError.at(path, problem, REMEDY) from error
    if len(numbers) != frames:
        problem = f'{len(numbers)} of its {frames} frames are described'
        raise DatasetError.at(path, problem, REMEDY)
    if images > 1:
        raise DatasetError.at(path, f'it is of {images} images or slices', REMEDY)
    repeated = [number for number in numbers if numbers.count(number) > 1]
    if repeated:
        problem = f'segment {repeated[0]} has {numbers.count(repeated[0])} frames'
        raise DatasetError.at(path, problem, REMEDY)


def _segments_of_frames(header: 'Dataset') -> list[int]:
    """Tell the number of the segment of each frame."""
    identified = [
        _group(header, frame, 'SegmentIdentificationSequence')
        for frame in header.PerFrameFunctionalGroupsSequence
    ]
    if not all(identified):
        raise ValueError('a frame does not tell its segment')
    return [int(group[0].ReferencedSegmentNumber) for group in identified]


def _count_images(header: 'Dataset') -> int:
    """Count the images, or the frames or slices of one, that it says its frames are of."""
    referenced = {
        str(image.ReferencedSOPInstanceUID)
        for series in header.get('ReferencedSeriesSequence') or ()
        for image in series.get('ReferencedInstanceSequence') or ()
    }
    sources, positions = set(), set()
    for frame in header.PerFrameFunctionalGroupsSequence:
        images = [
            (str(image.ReferencedSOPInstanceUID), str(image.get('ReferencedFrameNumber')))
            for derivation in _group(header, frame, 'DerivationImageSequence')
            for image in derivation.get('SourceImageSequence') or ()
        ]
        sources.add(tuple(sorted(images)))
        positions.add(tuple(str(each) for key in POSITIONS for each in _group(header, frame, key)))
    return max(len(referenced), len(sources - {()}), len(positions - {()}))


def _group(header: 'Dataset', frame: 'Dataset', keyword: str) -> 'Sequence[Dataset]':
    """Find a functional group of a frame: its own, or the one that all frames share."""
    # what is the same in all frames stands in the shared groups, as highdicom writes one segment
    shared = header.get('SharedFunctionalGroupsSequence') or ()
    found = (each.get(keyword) for each in (frame, *shared))
    return next((group for group in found if group), ())
