"""Clean tables of patients."""

from pathlib import Path, PurePosixPath

from handbone.csv_files import csv_bytes
from handbone.datasets.file_list import image_file
from handbone.errors import HandboneError
from handbone.files import write_atomically
from handbone.kept_inputs import keep_inputs
from handbone.listing import files_below
from handbone.metadata import CleanTable, TableCleaner, read_raw_table
from handbone.metadata.cleaning import Finding
from handbone.radiographs.reading import SUFFIXES

#: Folders of images in the hand-bone layout.
IMAGE_FOLDERS = ('train/DCM', 'test/DCM', 'DCM')


def clean_metadata(
    table: str | Path,
    out: str | Path | None = None,
    *,
    data: str | Path | None = None,
    repair: bool = False,
    sheet: str | None = None,
    findings: str | Path | None = None,
) -> CleanTable:
    """Clean a table of patients, so that ``folds`` and ``evaluate`` can read it.

    Words for the sexes, units and Korean headers are read as what they mean. What cannot be is
    listed with its likely repair, and left out of the clean table unless ``repair`` is set.

    >>> cleaned = clean_metadata('patients.xlsx', 'clean.csv', data='data', repair=True)
    >>> cleaned.findings[0].reason
    'height in metres'

    Args:
        table: CSV file or Excel workbook.
        out: CSV file to write.
        data: Dataset folder in the hand-bone layout, or a folder of images, whose folders are the
            patients.
        repair: Take likely values in place of impossible ones.
        sheet: Name of the sheet of a workbook. Default: the only one.
        findings: CSV file to write, with one row for each cell that cannot be right.

    Returns:
        The clean table, and what was wrong.

    Raises:
        HandboneError: If the table cannot be read, has no patients or would be replaced, or the
            folder has no images.
        OSError: If a file cannot be read or written.
    """
    for place in (table, data):
        if place is not None and not Path(place).exists():
            raise HandboneError(f'{place}: no such file or folder. Correct the path.')
    keep_inputs([out, findings], [table])
    folders = [] if data is None else image_folders(Path(data))
    cleaned = TableCleaner(read_raw_table(table, sheet), folders, repair).clean()
    if findings is not None:
        write_atomically(findings, csv_bytes([Finding._fields, *cleaned.findings]))
    if out is not None:
        write_atomically(out, csv_bytes([cleaned.columns, *cleaned.rows]))
    return cleaned


def image_folders(data: Path) -> list[str]:
    """List the patients of a folder of images, as the dataset names them.

    Args:
        data: Dataset folder in the hand-bone layout, or a folder of images.

    Returns:
        Names in order.

    Raises:
        HandboneError: If there is no image.
        OSError: If a folder cannot be listed.
    """
    places = [data / name for name in IMAGE_FOLDERS if (data / name).is_dir()] or [data]
    found = {
        image_file(PurePosixPath(path.relative_to(place).as_posix())).patient
        for place in places
        for path in files_below(place)
        if path.name.lower().endswith(tuple(SUFFIXES))
    }
    if not found:
        raise HandboneError(f'{data} holds no image, so it names no patient. Correct --data.')
    return sorted(found)
