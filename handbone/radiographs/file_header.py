"""What the header of an image file of any format says beside the pixels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .dicom_format import first_value, is_dicom, parse_header, pixel_spacing
from .errors import RadiographError, reason
from .picture_header import read_picture_header

#: Elements of a DICOM file that matter for a dataset.
KEYWORDS = (
    *('Modality', 'PhotometricInterpretation', 'BurnedInAnnotation'),
    *('BodyPartExamined', 'ViewPosition', 'PatientID', 'PatientSex', 'PatientAge'),
)
#: The side is in one of these elements.
SIDES = ('ImageLaterality', 'Laterality', 'FrameLaterality')


@dataclass(frozen=True)
class FileHeader:
    """What an image file says beside the pixels.

    Attributes:
        spacing: Height and width of a pixel in mm; None where the file does not tell.
        orientation: How EXIF turns the stored pixels, 1 for not at all.
        inverted: Whether 0 is stored for white.
        dicom: Values of :data:`KEYWORDS` and ``Laterality`` in upper case as far as a DICOM file
            has them; empty for a picture.
    """

    spacing: tuple[float, float] | None = None
    orientation: int = 1
    inverted: bool = False
    dicom: Mapping[str, str] = field(default_factory=dict)


def read_file_header(path: str | Path) -> FileHeader:
    """Read the header of a picture or a DICOM file, and pass over the pixels.

    Args:
        path: The file.

    Returns:
        What it says.

    Raises:
        RadiographError: It cannot be read.
        MissingExtraError: It is DICOM and pydicom is not installed.
    """
    path = Path(path)
    try:
        with path.open('rb') as file:
            start = file.read(132)
            file.seek(0)
            if not is_dicom(path, start):
                picture = read_picture_header(path, file)
                return FileHeader(picture.spacing, picture.orientation, picture.inverted)
            header = parse_header(path, file, pixels=False)
    except OSError as error:
        raise RadiographError.at(
            path, f'the file cannot be read ({reason(error)})', 'Check the path and its permissions'
        ) from error
    found = {keyword: first_value(header, keyword) for keyword in KEYWORDS}
    found['Laterality'] = next(filter(None, (first_value(header, each) for each in SIDES)), None)
    texts = {
        keyword: str(value).strip().upper() for keyword, value in found.items() if value is not None
    }
    inverted = texts.get('PhotometricInterpretation') == 'MONOCHROME1'
    return FileHeader(pixel_spacing(header), 1, inverted, texts)
