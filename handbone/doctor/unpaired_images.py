"""Images without annotations: files that no label of the data names, and the other way round."""

from collections.abc import Sequence
from pathlib import Path

from handbone.datasets.formats.format_reader import FormatReader

from .image_record import ImageRecord

#: Images that no label names are reported one by one if they are at most this share of a folder;
#: otherwise the folder is probably shared with other parts of the data.
FEW = 0.05


def unpaired_images(
    parts: Sequence[tuple[str, FormatReader]], records: Sequence[ImageRecord]
) -> tuple[list[tuple[str, str]], list[str]]:
    """Find the images in the folders of the data that no label names.

    Args:
        parts: Names of the parts with labels and their readers.
        records: The images that were read, of all parts.

    Returns:
        Part and name of the images where they are few; a note for each folder with many, and for
        each part of which no image was found.
    """
    found: list[tuple[str, str]] = []
    notes: list[str] = []
    seen = {Path(record.path).resolve() for record in records if record.path}
    folders: dict[Path, list[tuple[str, FormatReader]]] = {}
    for split, reader in parts:
        if reader.image_folder is not None:
            folders.setdefault(reader.image_folder.resolve(), []).append((split, reader))
    for folder, shared in folders.items():
        split, reader = shared[0]
        listed = reader.image_names()
        names = [name for name in listed if (folder / name).resolve() not in seen]
        if names:
            # those that a reader has rejected have labels, which takes a moment to know
            with_labels = {name for _, each in shared for name in each.names()}
            names = [name for name in names if name not in with_labels]
        if len(names) <= max(FEW * len(listed), 1):
            found += [(split, name) for name in names]
        else:
            count = f'{len(names)} of {len(listed)}'
            notes.append(f'{count} images in {reader.image_folder} have no labels in these files')
    with_files = {record.split for record in records if record.path}
    without = dict.fromkeys(each.split for each in records if each.split not in with_files)
    for split in without:
        notes.append(
            f'no image of {split} was found: only its labels were examined. Name the folder of the '
            'images: --images'
        )
    return found, notes
