"""DICOM Segmentation objects: one segment per bone, beside the radiograph they belong to."""

from collections.abc import Sequence
from pathlib import Path

from handbone.datasets.formats.dicom_seg_content import Origin, encode_dicom_seg
from handbone.extras import import_extra
from handbone.outputs.prediction import Prediction

from .writer import ImageFileWriter

ORIGIN = Origin(automatic=True, description='Bones found by a neural network')


class DicomSegWriter(ImageFileWriter):
    """Writes ``dicom_seg/NAME.dcm`` for every DICOM image.

    :func:`handbone.datasets.formats.dicom_seg_content.encode_dicom_seg` says what is in it.

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
        import_extra('highdicom', 'dicom')

    def encode(self, prediction: Prediction) -> bytes:
        """Make the segmentation of one image; see the base class.

        Args:
            prediction: The image, read from a DICOM file, and its labels.

        Returns:
            The DICOM file.

        Raises:
            HandboneError: If the image is not from a DICOM file, or its header lacks identifiers.
        """
        radiograph = prediction.radiograph
        place = radiograph.path or prediction.name
        return encode_dicom_seg(
            prediction.labels, radiograph.dicom, place, self._classes, self._palette, ORIGIN
        )
