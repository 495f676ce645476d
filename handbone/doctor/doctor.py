"""From a dataset to a report about it."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from handbone.datasets.file_list import image_file, read_list_file
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.source import Source, split_names
from handbone.errors import HandboneError
from handbone.files import write_atomically
from handbone.metadata.patient_table import read_patient_table
from handbone.pages.pictures_folder import check_pictures

from .checks.all_checks import run_checks
from .examined import examine
from .overview import overview
from .predictions import Predictions
from .report import Report, write_report
from .survey import Progress, Survey, survey


def doctor(
    sources: Sequence[str | Path],
    out_dir: str | Path,
    *,
    source_format: str | None = None,
    images: str | Path | None = None,
    choice: ClassChoice | None = None,
    least_confidence: float = 0.0,
    list_file: str | Path | None = None,
    rejected: str | Path | None = None,
    predictions: str | Path | None = None,
    table: str | Path | None = None,
    unknown_file: str | Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Look for faults in a labelled dataset, and write a page about them.

    The dataset is read once and never changed. What is usual in it is learnt from itself, so that
    any classes can be examined; the 29 bones of the hand are also checked for what is known of
    hands.

    Args:
        sources: File or folder of the labels, one for each split.
        out_dir: Folder for ``index.html``, ``findings.csv``, ``findings.json`` and ``pictures/``.
        source_format: Format of the labels; None finds it out.
        images: Folder of the images; None looks where the format has them.
        choice: Which classes are read.
        least_confidence: Findings that are less sure are left out, 0 to 1.
        list_file: Gets the names of the images that can be read and were not rejected, as an
            ``ann_file`` for training; takes one source.
        rejected: Text file with the name of an image that a person rejected on each line.
        predictions: CSV of runs of a model, out of fold: of images that it was not trained on.
        table: CSV of patients, as ``handbone metadata`` writes it, for the tables of the page
            and to compare headers with.
        unknown_file: CSV ``image_name,class`` of classes that are unknown in single images, which
            are neither missing nor counted there.
        progress: Called with the images of each source; what it gives is measured.

    Returns:
        What was found.

    Raises:
        HandboneError: A source cannot be read at all, or sources have different classes, the
            list of rejected images names one that is not there, or ``out_dir`` has a folder
            ``pictures`` with files that no report wrote.
        OSError: A file cannot be written.

    Example:
        >>> from handbone.apis import doctor
        >>> print(doctor(['data/phantom/train'], 'report').text())
    """
    if not 0 <= least_confidence <= 1:
        raise HandboneError(f'least_confidence is from 0 to 1, not {least_confidence}')
    if list_file is not None and len(sources) != 1:
        raise HandboneError(f'A list of images is of one source, not of {len(sources)}.')
    if rejected is not None and list_file is None:
        raise HandboneError('Name the list to write without the rejected images: --list FILE.')
    check_pictures(Path(out_dir))
    patients = None if table is None else read_patient_table(table)
    parts = [
        Source(
            name,
            Path(source),
            source_format,
            None if images is None else Path(images),
            choice,
        )
        for name, source in zip(split_names(sources), sources, strict=True)
    ]
    predicted = None if predictions is None else Path(predictions)
    measured = survey(parts, progress, predicted, unknown_file or '')
    examined = examine(measured, patients)
    findings = [each for each in run_checks(examined) if each.confidence >= least_confidence]
    tables = overview(examined)
    notes = [*examined.notes]
    if predicted is not None:
        with Predictions(predicted, measured.classes) as rows:
            notes += rows.gaps([each.name for each in measured.records if each.labelled])
    report = Report(measured, tuple(findings), tuple(notes), tables)
    write_report(report, parts, Path(out_dir))
    if list_file is not None:
        names = kept_images(measured, None if rejected is None else Path(rejected))
        lines = ''.join(f'{name}\n' for name in names)
        write_atomically(list_file, lines.encode(errors='surrogateescape'))
    return report


def kept_images(measured: Survey, rejected: Path | None) -> list[str]:
    """List the images that can be read and were not rejected.

    Args:
        measured: The data.
        rejected: Text file with rejected images, or None; it may name images that cannot be read.

    Returns:
        Their names.

    Raises:
        HandboneError: The file names an image that is not there.
    """
    images = [image_file(PurePosixPath(record.name)) for record in measured.records]
    left_out = set() if rejected is None else set(read_list_file(rejected, images))
    return [
        image.name
        for image, record in zip(images, measured.records, strict=True)
        if image not in left_out and not record.problem
    ]
