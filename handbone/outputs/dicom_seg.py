"""DICOM Segmentation objects: one segment per bone, beside the radiograph they belong to."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handbone.errors import HandboneError
from handbone.extras import import_extra
from handbone.masks import encode, regions
from handbone.outputs.prediction import Prediction
from handbone.radiographs.errors import reason
from handbone.version import __version__

from .binary_frames import binary_frames
from .dicom_attributes import sound_attributes
from .dicom_segments import describe_segments
from .writer import ImageFileWriter

if TYPE_CHECKING:
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


class DicomSegWriter(ImageFileWriter):
    """Writes ``dicom_seg/NAME.dcm`` for every DICOM image: Segmentation Storage, BINARY.

    Each class that the image has is one segment and one frame at the image's size; classes that are
    absent have none. An image without any class gets all segments with empty frames, since a
    segmentation has at least one. Names and other texts of the image are kept in any character set
    and written in UTF-8; values that are not valid, such as the date 00000000, are left empty.
    Bones are coded by :mod:`handbone.outputs.bone_codes`, other classes by their names in the
    private scheme 99HANDBONE. Ignored pixels belong to no class. The object refers to its image and
    belongs to the same study, as a series of its own; writing an image again gives it new
    identifiers.

    Args:
        out_dir: Folder of the outputs.
        classes: Names in class order.
        palette: RGB colours, one per class, for viewers; without it they choose their own.

    Raises:
        handbone.extras.MissingExtraError: If the extra ``dicom`` is not installed.
    """

    def __init__(
        self,
        out_dir: Path,
        classes: Sequence[str],
        palette: Sequence[tuple[int, int, int]] = (),
    ) -> None:
        super().__init__(Path(out_dir) / 'dicom_seg', '.dcm')
        self._classes = tuple(classes)
        self._palette = tuple(palette)
        self._highdicom = import_extra('highdicom', 'dicom')

    def encode(self, prediction: Prediction) -> bytes:
        """Make the segmentation of one image; see the base class.

        Args:
            prediction: The image, read from a DICOM file, and its labels.

        Returns:
            The DICOM file.

        Raises:
            HandboneError: If the image is not from a DICOM file, or its header lacks identifiers.
        """
        source = _source(prediction)
        try:
            segmentation = self._segmentation(prediction, source)
            content = io.BytesIO()
            segmentation.save_as(content)
        except (HandboneError, MemoryError):
            raise
        except Exception as error:  # highdicom raises whatever a header leads it to
            raise HandboneError(
                f'{prediction.radiograph.path}: no DICOM segmentation can be made of its header '
                f'({reason(error)}). Choose another output format.'
            ) from error
        return content.getvalue()

    def _segmentation(self, prediction: Prediction, source: 'Dataset') -> 'Dataset':
        height, width = prediction.labels.shape[:2]
        areas = [runs[:, 1].sum() for runs in encode(prediction.labels, len(self._classes))]
        described = np.flatnonzero(areas).tolist() or list(range(len(self._classes)))
        segmentation = self._without_pixels(source, described)
        segmentation.Rows, segmentation.Columns = height, width
        overlap = sum(areas) > np.count_nonzero(_any_class(prediction.labels))
        segmentation.SegmentsOverlap = 'YES' if overlap else 'NO'
        segmentation.PatientOrientation = source.get('PatientOrientation', '')
        # highdicom takes a radiograph's spacing over without the slice thickness that it does not
        # have, and refuses to read that; readers find the spacing in the referenced image
        segmentation.SharedFunctionalGroupsSequence[0].pop('PixelMeasuresSequence', None)
        segmentation.PixelData = binary_frames(
            regions(prediction.labels, len(self._classes)), height, width, len(described)
        )
        return segmentation

    def _without_pixels(self, source: 'Dataset', described: list[int]) -> 'Dataset':
        """Make a segmentation of frames of one empty pixel.

        highdicom would need the planes of all classes at once. So it makes everything except the
        frames, for an image of one pixel.

        Args:
            source: Header of the image.
            described: The classes that become segments, from 0.

        Returns:
            A ``highdicom.seg.Segmentation``.
        """
        highdicom = self._highdicom
        source.Rows = source.Columns = 1
        return highdicom.seg.Segmentation(
            source_images=[source],
            pixel_array=np.zeros((1, 1, 1), np.uint8),
            segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
            segment_descriptions=describe_segments(self._classes, self._palette, described, source),
            series_instance_uid=highdicom.UID(),
            series_number=max(int(source.get('SeriesNumber') or 0), 0) + 1,
            sop_instance_uid=highdicom.UID(),
            instance_number=1,
            manufacturer='handbone',
            manufacturer_model_name='handbone',
            software_versions=__version__,
            device_serial_number=__version__,
            content_label='HANDBONE',
            content_description='Bones found by a neural network',
            series_description='handbone segmentation',
            omit_empty_frames=False,
        )


def _source(prediction: Prediction) -> 'Dataset':
    """Check the header that the segmentation is to refer to; returns what is valid in it."""
    path, header = prediction.radiograph.path, prediction.radiograph.dicom
    if header is None:
        raise HandboneError(
            f'{path or prediction.name} is not a DICOM file, and a DICOM segmentation refers to a '
            'DICOM image. Give DICOM files, or another output format such as label-png.'
        )
    source = sound_attributes(header)
    missing = [keyword for keyword in NEEDED if not source.get(keyword)]
    if missing:
        raise HandboneError(
            f'{path}: the header lacks {", ".join(missing)}, which a DICOM segmentation refers to. '
            'Export the image again with them, or choose another output format.'
        )
    size = header.get('Rows'), header.get('Columns')
    if size != prediction.labels.shape[:2]:
        raise HandboneError(
            f'{path}: the labels are {prediction.labels.shape[0]} x {prediction.labels.shape[1]}, '
            f'but the header says {size[0]} x {size[1]}. Predict at the size of the image.'
        )
    for keyword in TAKEN_OVER:
        if source.get(keyword) is None:
            setattr(source, keyword, '')
    return source


def _any_class(labels: np.ndarray) -> np.ndarray:
    """Find the pixels that belong to a class and are not to be ignored: bool (H, W)."""
    return labels > 0 if labels.ndim == 2 else np.any(labels > 0, axis=2)
