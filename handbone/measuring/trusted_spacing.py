"""The size of a pixel at the bone, or the reason why it is not known."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from handbone.errors import HandboneError
from handbone.radiographs.dicom_format import (
    first_value,
    is_dicom,
    parse_header,
    spacing_element,
)
from handbone.radiographs.file_header import read_file_header

if TYPE_CHECKING:
    from pydicom import Dataset

#: What users can do about a spacing that cannot be trusted.
REMEDY = 'give --spacing, or --magnification for the spacing of the detector'


@dataclass(frozen=True)
class Spacing:
    """Millimetres per pixel in the plane of the bone.

    Attributes:
        pixel: Height and width of a pixel in mm; None where they cannot be trusted.
        source: Where they come from, one or two words for tables.
        reason: Why they cannot be trusted; empty where they can.
    """

    pixel: tuple[float, float] | None
    source: str = ''
    reason: str = ''


def read_spacing(path: str | Path, magnification: float | None = None) -> Spacing:
    """Read the size of a pixel at the bone from the header of an image file.

    A detector lies behind the patient, so that it sees bones larger than they are, by the distance
    of the tube from the detector over its distance from the bone. ``PixelSpacing`` of a DICOM file
    is that of the bone if it was calibrated: if ``PixelSpacingCalibrationType`` is there or if it
    differs from ``ImagerPixelSpacing`` (DICOM PS3.3, 10.7.1.3). All other spacings, the resolution
    of TIFFs of scanned films included, are those of the detector and have to be divided by the
    magnification.

    Args:
        path: The file.
        magnification: Magnification of the bone in the detector, from 1 on; that of the header
            (``EstimatedRadiographicMagnificationFactor``) by default.

    Returns:
        The spacing.

    Raises:
        HandboneError: If the magnification is below 1.
        RadiographError: If the file cannot be read.
    """
    if magnification is not None and not 1 <= magnification < 10:
        raise HandboneError(
            f'a magnification of {magnification:g} cannot be: the detector sees bones 1 to 2 times '
            'as large as they are'
        )
    path = Path(path)
    with path.open('rb') as file:
        start = file.read(132)
        file.seek(0)
        if is_dicom(path, start):
            return _of_dicom(parse_header(path, file, pixels=False), magnification)
    spacing = read_file_header(path).spacing
    if spacing is None:
        return Spacing(None, reason=f'the file does not tell the spacing of its pixels: {REMEDY}')
    return _of_detector(spacing, 'resolution of the picture', magnification)


def _of_dicom(header: 'Dataset', magnification: float | None) -> Spacing:
    pixel = spacing_element(header, 'PixelSpacing')
    detector = spacing_element(header, 'ImagerPixelSpacing')
    calibration = first_value(header, 'PixelSpacingCalibrationType')
    if pixel is not None and (calibration or (detector is not None and detector != pixel)):
        return Spacing(pixel, 'PixelSpacing, calibrated')
    if magnification is None:
        magnification = _number(first_value(header, 'EstimatedRadiographicMagnificationFactor'))
    for keyword, found in (
        ('ImagerPixelSpacing', detector),
        ('PixelSpacing', pixel),
        ('NominalScannedPixelSpacing', spacing_element(header, 'NominalScannedPixelSpacing')),
    ):
        if found is not None:
            return _of_detector(found, keyword, magnification)
    return Spacing(None, reason=f'the file does not tell the spacing of its pixels: {REMEDY}')


def _of_detector(spacing: tuple[float, float], source: str, magnification: float | None) -> Spacing:
    if magnification is None or magnification < 1:
        return Spacing(
            None,
            source,
            f'{source} is the spacing of the detector, and the magnification of the bone is not '
            f'known: {REMEDY}',
        )
    height, width = spacing
    return Spacing((height / magnification, width / magnification), f'{source} / {magnification:g}')


def _number(value: object) -> float | None:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
