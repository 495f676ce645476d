"""From the words of the command line to what the page shows."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from handbone.bones import CLASSES, PALETTE, distinct_colors
from handbone.csv_files import read_records
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.corrections import Corrections
from handbone.datasets.formats.source import Source, split_names
from handbone.errors import HandboneError
from handbone.extras import import_extra
from handbone.metadata.patient_table import read_patient_table
from handbone.submissions.rle_rows import COLUMNS

from .catalogue import Catalogue
from .findings import read_findings
from .gallery import Gallery, Part
from .layers import CorrectedLayer, CsvLayer, Layer, PredictionLayer, TruthLayer
from .many_labels import with_likely_classes
from .model_layer import ModelLayer
from .model_process import Model, model_classes
from .session import Session
from .work_dir import RunPart, is_work_dir, read_run, unite

Color = tuple[int, int, int]


class Extras(NamedTuple):
    """What is shown beside images, labels and predictions.

    Attributes:
        table: CSV of patients, as ``handbone metadata`` writes it.
        findings: ``findings.json`` of the doctor, or the folder of its report.
        corrected: The same data after correction, in any format.
        marks: CSV of the marks; None puts it beside the first source.
        export_folder: Where marked images are exported to; None puts it beside the marks.
    """

    table: Path | None = None
    findings: Path | None = None
    corrected: Path | None = None
    marks: Path | None = None
    export_folder: Path | None = None


def open_sources(
    sources: Sequence[Path],
    source_format: str | None = None,
    images: Path | None = None,
    choice: ClassChoice | None = None,
    extras: Extras | None = None,
    models: Sequence[Model] = (),
    device: str | None = None,
) -> tuple[Session, list[str]]:
    """Open datasets and predictions.

    Args:
        sources: Files and folders: CSV files of runs and archives are predictions, work dirs of
            trainings are their data with what was or will be predicted, everything else is data.
        source_format: Format of the data; None finds it out.
        images: Folder of the images; None looks where the format has them.
        choice: Which classes are read.
        extras: What is shown beside them.
        models: What predicts in the background, as soon as the session starts.
        device: Where the checkpoints of work dirs predict.

    Returns:
        What there is to show, and what the user should know about it, one line each.

    Raises:
        HandboneError: Something cannot be read, or does not fit the rest.
    """
    extras = extras or Extras()
    data, predicted = _divide(sources, source_format, images, choice, device)
    parts = [
        Part(source.split, with_likely_classes(source).open(), choose) for source, choose in data
    ]
    labelled = [part for part in parts if part.reader.classes]
    _check_classes(labelled)
    classes: Sequence[str] = (choice.classes if choice else None) or ()
    if labelled:
        classes = labelled[0].reader.classes
    gallery, predictions = Gallery(parts), _open_predictions([*predicted, *models])
    classes = classes or _joined_classes(predictions)
    layers, notes = _match_layers(
        gallery, predictions, extras.corrected, classes, labelled=bool(labelled)
    )
    palette = _palette(labelled[0].reader.palette if labelled else (), classes)
    first = sources[0].resolve()
    marks = extras.marks or first.with_name(f'{_bare(first).name}.marks.csv')
    table = read_patient_table(extras.table) if extras.table else None
    session = Session(
        Catalogue(gallery, layers, classes, palette),
        ', '.join(path.name or path.resolve().name for path in sources),
        marks,
        extras.export_folder or marks.with_suffix(''),
        {name: table.values(name, gallery.patients) for name in table.columns} if table else None,
        read_findings(extras.findings, gallery.names) if extras.findings else None,
    )
    return session, notes


def is_submission(path: Path) -> bool:
    """Tell whether a file is a CSV of runs as this package writes them."""
    if path.suffix.lower() != '.csv' or not path.is_file():
        return False
    with path.open('rb') as file:
        header = next(read_records(file, path)).fields
    return set(COLUMNS) <= {field.decode(errors='replace') for field in header}


def is_archive(path: Path) -> bool:
    """Tell whether a folder is an archive of predictions."""
    return (path / 'archive.json').is_file() and (path / 'images.parquet').is_file()


def _divide(
    sources: Sequence[Path],
    source_format: str | None,
    images: Path | None,
    choice: ClassChoice | None,
    device: str | None,
) -> tuple[list[RunPart], list[Path | Model]]:
    """Tell data from predictions; without any data, the folder of the images stands for them."""
    of_runs = [read_run(path, device) for path in sources if is_work_dir(path)]
    named = [path for path in sources if not is_work_dir(path)]
    files = [path for path in named if is_submission(path) or is_archive(path)]
    paths = [path for path in named if path not in files]
    found = unite(part for run in of_runs for part in run.parts)
    of_run = (run.csv or run.model for run in of_runs)
    predicted: list[Path | Model] = [*files, *(each for each in of_run if each is not None)]
    if paths or not found:
        if not paths and images is None:
            raise HandboneError(
                'Predictions do not hold the images. Name the data too, or the folder of the '
                'images: --images FOLDER.'
            )
        if not paths and images is not None:
            paths, images, source_format = [images], None, None
        names = split_names(paths) if len(paths) > 1 else ['']
        found = [
            RunPart(Source(name, path, source_format, images, choice), None)
            for name, path in zip(names, paths, strict=True)
        ]
    return found, predicted


def _match_layers(
    gallery: Gallery,
    predictions: Sequence[PredictionLayer],
    corrected: Path | None,
    classes: Sequence[str],
    labelled: bool,
) -> tuple[list[Layer], list[str]]:
    """Lay predictions and corrected labels over the images, and note which of them they lack.

    Without labels, the gallery keeps the images of which something is predicted.
    """
    names = [gallery.own_name(index) for index in range(len(gallery))]
    layers: list[Layer] = [TruthLayer(len(classes))] if labelled else []
    counts: dict[Path, int] = {}
    for layer in predictions:
        layer.take(classes)
        counts[layer.path] = layer.match(names)
        layers.append(layer)
    gaps = [line for layer in predictions for line in layer.gaps()]
    if corrected:
        corrections = Corrections(corrected, classes)
        counts[corrected] = corrections.match(names)
        layers.append(CorrectedLayer(corrections, len(classes)))
        gaps += map(str, corrections.problems)
    if not labelled and predictions:
        seen = [any(each.has(name) for each in predictions) for name in names]
        gallery.only([index for index, found in enumerate(seen) if found])
        return layers, gaps
    partly = {path: count for path, count in counts.items() if count < len(names)}
    lines = [f'{path} has {count} of the {len(names)} images' for path, count in partly.items()]
    return layers, [*lines, *gaps]


def _open_predictions(predicted: Sequence[Path | Model]) -> list[PredictionLayer]:
    """Open files, archives and models, named without suffix and as short as tells them apart."""
    paths = [each.path if isinstance(each, Model) else each for each in predicted]
    names = split_names([_bare(path) for path in paths]) if paths else []
    layers: list[PredictionLayer] = []
    for each, path, name in zip(predicted, paths, names, strict=True):
        if isinstance(each, Model):
            layers.append(ModelLayer(each, name, model_classes(each)))
        elif path.is_dir():
            import_extra('pyarrow', 'archive')
            from .archive_layer import archive_layers

            layers += archive_layers(path, name)
        else:
            layers.append(CsvLayer(path, name))
    return layers


def _bare(path: Path) -> Path:
    return path if path.is_dir() else path.with_suffix('')


def _palette(known: Sequence[Color], classes: Sequence[str]) -> list[Color]:
    if len(known) == len(classes):
        return list(known)
    return list(PALETTE) if tuple(classes) == CLASSES else distinct_colors(len(classes))


def _check_classes(parts: Sequence[Part]) -> None:
    for part in parts[1:]:
        if part.reader.classes != parts[0].reader.classes:
            raise HandboneError(
                f'{part.reader.source} has other classes than {parts[0].reader.source}, or in '
                'another order. Name those of both: --classes'
            )


def _joined_classes(predictions: Sequence[PredictionLayer]) -> tuple[str, ...]:
    """List the classes of CSV files: the bones where all of them are bones."""
    found = tuple(dict.fromkeys(name for each in predictions for name in each.classes))
    return CLASSES if set(found) <= set(CLASSES) else found
