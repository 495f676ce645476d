"""The formats of datasets by name, and which of them a file or folder is in."""

from collections.abc import Mapping
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, NamedTuple

from handbone.errors import HandboneError

from ..errors import DatasetError

if TYPE_CHECKING:
    from .format_reader import FormatReader
    from .format_writer import FormatWriter


class Format(NamedTuple):
    """A format of datasets.

    Attributes:
        reader: Module and class of its reader, below ``handbone.datasets.formats``.
        writer: The same of its writer.
        help: What it is, for a list of formats.
    """

    reader: str
    writer: str
    help: str


FORMATS: Mapping[str, Format] = {
    'hand-bone': Format(
        'hand_bone:HandBoneReader',
        'hand_bone:HandBoneWriter',
        'one JSON file of polygons per image',
    ),
    'coco': Format('coco:CocoReader', 'coco:CocoWriter', 'COCO JSON, polygons and RLE'),
    'rle-csv': Format(
        'rle_csv:RleCsvReader', 'rle_csv:RleCsvWriter', 'CSV of runs, as in Kaggle competitions'
    ),
    'labelme': Format(
        'labelme:LabelMeReader', 'labelme:LabelMeWriter', 'LabelMe, polygons and masks'
    ),
    'cvat': Format('cvat:CvatReader', 'cvat:CvatWriter', 'CVAT for images 1.1, polygons and masks'),
    'label-studio': Format(
        'label_studio:LabelStudioReader',
        'label_studio:LabelStudioWriter',
        'Label Studio, polygons and brushes',
    ),
    'label-png': Format(
        'label_png_folder:LabelPngReader',
        'label_png_folder:LabelPngFolderWriter',
        'packed maps as PNG, with overlaps',
    ),
    'class-masks': Format(
        'class_masks:ClassMasksReader',
        'class_masks:ClassMasksWriter',
        'one picture per class and image, masks/CLASS/NAME.png',
    ),
    'index-png': Format(
        'index_png:IndexPngReader', 'index_png:IndexPngWriter', 'one class number per pixel'
    ),
    'color-png': Format(
        'color_png:ColorPngReader', 'color_png:ColorPngWriter', 'one colour per class'
    ),
    'arrays': Format(
        'channel_arrays:ChannelArraysReader',
        'channel_arrays:ChannelArraysWriter',
        '.npy and .npz with one channel per class',
    ),
    'dicom-seg': Format(
        'dicom_seg:DicomSegReader',
        'dicom_seg:DicomSegFolderWriter',
        'binary DICOM segmentations of DICOM images',
    ),
    'nnunet': Format(
        'nnunet:NnUNetReader', 'nnunet:NnUNetWriter', 'raw folder of nnU-Net, 2-D, with regions'
    ),
}
#: Suffixes of what annotation tools and downloads pack datasets into.
ARCHIVES = ('.zip', '.tar', '.tgz', '.gz', '.bz2', '.xz', '.zst', '.7z', '.rar')


def reader_class(name: str) -> 'type[FormatReader]':
    """Find the reader of a format.

    Args:
        name: Name of the format.

    Returns:
        A class of :class:`FormatReader`.

    Raises:
        HandboneError: There is no such format.
    """
    return _resolve(_format(name).reader)


def writer_class(name: str) -> 'type[FormatWriter]':
    """Find the writer of a format.

    Args:
        name: Name of the format.

    Returns:
        A class of :class:`FormatWriter`.

    Raises:
        HandboneError: There is no such format.
    """
    return _resolve(_format(name).writer)


def recognise(source: str | Path) -> tuple[str, str]:
    """Find out in which format a source is.

    Args:
        source: A file or folder.

    Returns:
        The name of the format, and why it is that one.

    Raises:
        DatasetError: It looks like none of the formats, or like several, or is an archive.
    """
    from .recognition import signs  # the list of formats alone needs no image library

    source = Path(source)
    if not source.exists():
        raise DatasetError.at(source, 'there is no such file or folder', 'Correct the path')
    found = dict(signs(source))
    if len(found) == 1:
        ((name, reason),) = found.items()
        return name, reason
    if not found and source.suffix.lower() in ARCHIVES:
        raise DatasetError.at(source, 'it is an archive', 'Unpack it, and name the folder')
    if not found:
        problem = 'it looks like none of the formats that handbone reads'
    else:
        reasons = '; '.join(f'{name}, as {reason}' for name, reason in found.items())
        problem = f'it could be in {len(found)} formats: {reasons}'
    raise DatasetError.at(source, problem, f'Name its format: one of {", ".join(FORMATS)}')


def _format(name: str) -> Format:
    if name not in FORMATS:
        raise HandboneError(f'There is no format {name!r}. The formats are {", ".join(FORMATS)}.')
    return FORMATS[name]


def _resolve(place: str) -> type:
    return resolve_name(f'handbone.datasets.formats.{place}')
