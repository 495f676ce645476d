"""The images that are there and were not rejected, for the ``ann_file`` of a dataset."""

from pathlib import PurePosixPath

from handbone.datasets.file_list import image_file

from .survey import Survey


def kept_images(measured: Survey) -> list[str]:
    """List the images that are there, can be read and were not rejected.

    Args:
        measured: The only part of the data.

    Returns:
        Their names.
    """
    names = [image_file(PurePosixPath(record.name)).name for record in measured.records]
    return [
        name
        for name, record, gone in zip(names, measured.records, measured.without_file, strict=True)
        if name not in measured.rejected and not record.problem and not gone
    ]
