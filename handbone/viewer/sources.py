"""From the words of the command line to what the page shows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from handbone.bones import CLASSES, PALETTE, distinct_colors
from handbone.csv_files import read_records
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.source import Source, split_names
from handbone.errors import HandboneError
from handbone.submissions.reading import submission_classes
from handbone.submissions.rle_rows import COLUMNS

from .catalogue import Catalogue
from .gallery import Gallery, Part
from .layers import CsvLayer, Layer, TruthLayer


@dataclass
class OpenedSources:
    """What was found in the sources.

    Attributes:
        catalogue: What there is to show.
        notes: What the user should know about it, one line each.
    """

    catalogue: Catalogue
    notes: list[str] = field(default_factory=list)


def open_sources(
    sources: Sequence[Path],
    source_format: str | None = None,
    images: Path | None = None,
    choice: ClassChoice | None = None,
) -> OpenedSources:
    """Open datasets and predictions.

    Args:
        sources: Files and folders: CSV files of runs are predictions, everything else is data.
        source_format: Format of the data; None finds it out.
        images: Folder of the images; None looks where the format has them.
        choice: Which classes are read.

    Returns:
        What there is to show.

    Raises:
        HandboneError: Something cannot be read, or does not fit the rest.
    """
    csv_files = [path for path in sources if is_submission(path)]
    data = [path for path in sources if path not in csv_files]
    parts = _parts(data, source_format, images, choice)
    labelled = [part for part in parts if part.reader.classes]
    if labelled:
        classes = labelled[0].reader.classes
        _check_classes(labelled)
        palette = list(labelled[0].reader.palette)
    else:
        classes = choice.classes if choice and choice.classes else _classes_of(csv_files)
        palette = list(PALETTE) if tuple(classes) == CLASSES else []
    if len(palette) != len(classes):
        palette = distinct_colors(len(classes))
    gallery = Gallery(parts)
    layers: list[Layer] = [TruthLayer(len(classes))] if labelled else []
    notes = []
    predictions = [
        CsvLayer(path, name, classes)
        for path, name in zip(csv_files, _layer_names(csv_files), strict=True)
    ]
    own_names = [gallery.own_name(index) for index in range(len(gallery))]
    for layer in predictions:
        count = layer.match(own_names)
        if labelled and count < len(gallery):
            notes.append(f'{layer.path} has {count} of the {len(gallery)} images')
    if not labelled and predictions:
        shown = [
            index
            for index, name in enumerate(own_names)
            if any(layer.has(name) for layer in predictions)
        ]
        gallery.only(shown)
    return OpenedSources(Catalogue(gallery, [*layers, *predictions], classes, palette), notes)


def is_submission(path: Path) -> bool:
    """Tell whether a file is a CSV of runs as this package writes them."""
    if path.suffix.lower() != '.csv' or not path.is_file():
        return False
    with path.open('rb') as file:
        header = next(read_records(file, path)).fields
    return set(COLUMNS) <= {field.decode(errors='replace') for field in header}


def _parts(
    data: Sequence[Path],
    source_format: str | None,
    images: Path | None,
    choice: ClassChoice | None,
) -> list[Part]:
    """Open the data; without any, the folder of the images stands for them."""
    if not data:
        if images is None:
            raise HandboneError(
                'CSV files do not hold the images. Name the data too, or the folder of the '
                'images: --images FOLDER.'
            )
        data, images, source_format = [images], None, None
    names = split_names(data) if len(data) > 1 else ['']
    return [
        Part(name, Source(name, path, source_format, images, choice).open())
        for name, path in zip(names, data, strict=True)
    ]


def _layer_names(paths: Sequence[Path]) -> list[str]:
    """Name predictions by their files without suffix, as short as tells them apart."""
    return split_names([path.with_suffix('') for path in paths]) if paths else []


def _check_classes(parts: Sequence[Part]) -> None:
    for part in parts[1:]:
        if part.reader.classes != parts[0].reader.classes:
            raise HandboneError(
                f'{part.reader.source} has other classes than {parts[0].reader.source}, or in '
                'another order. Name those of both: --classes'
            )


def _classes_of(csv_files: Sequence[Path]) -> tuple[str, ...]:
    """List the classes of CSV files: the bones where all of them are bones."""
    found = dict.fromkeys(name for path in csv_files for name in submission_classes(path))
    return CLASSES if found and set(found) <= set(CLASSES) else tuple(found)
