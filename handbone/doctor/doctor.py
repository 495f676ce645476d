"""From a dataset to a report about it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.source import Source, split_names
from handbone.datasets.patient_pattern import PatientPattern
from handbone.errors import HandboneError
from handbone.files import write_atomically
from handbone.metadata.patient_table import read_patient_table
from handbone.pages.pictures_folder import check_pictures

from .checks.all_checks import run_checks
from .examined import examine
from .kept_images import kept_images
from .overview import overview
from .patients import with_patients
from .rejected_images import read_rejected
from .report import Report, write_report
from .survey import Progress, survey


def doctor(
    sources: Sequence[str | Path],
    out_dir: str | Path,
    *,
    source_format: str | None = None,
    images: str | Path | None = None,
    choice: ClassChoice | None = None,
    reader_options: Mapping[str, Any] | None = None,
    least_confidence: float = 0.0,
    list_file: str | Path | None = None,
    rejected: str | Path | None = None,
    predictions: str | Path | None = None,
    table: str | Path | None = None,
    patient_pattern: str | None = None,
    unknown_file: str | Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Look for faults in a labelled dataset, and write a page about them.

    The dataset is read once and never changed. What is usual in it is learnt from itself, so that
    any classes can be examined; the 29 bones of the hand are also checked for what is known of
    hands.

    Args:
        sources: File or folder of the labels, one for each split.
        out_dir: Folder for ``index.html``, ``findings.csv``, ``findings.json``, ``pictures/`` and,
            with predictions, ``agreement.csv``.
        source_format: Format of the labels; None finds it out.
        images: Folder of the images; None looks where the format has them.
        choice: Which classes are read.
        reader_options: Further arguments of the format's reader.
        least_confidence: Findings that are less sure are left out, 0 to 1.
        list_file: Gets the names of the images that are there, can be read and were not rejected,
            as an ``ann_file`` for training; takes one source.
        rejected: Text file with the name of an image that a person rejected on each line.
        predictions: CSV of runs of a model, out of fold: of images that it was not trained on.
        table: CSV of patients, as ``handbone metadata`` writes it, for the tables of the page
            and to compare headers with.
        patient_pattern: Regular expression with one group that finds the patient in the name of an
            image; None takes its folder, unless that holds all images of a part.
        unknown_file: CSV ``image_name,class`` of classes that are unknown in single images, which
            are neither missing nor counted there.
        progress: Called with the images of each source; what it gives is measured.

    Returns:
        What was found.

    Raises:
        HandboneError: A source cannot be read at all, its reader has no such option, sources have
            different classes, the pattern finds no patient, the list of rejected images names one
            that is not there, ``unknown_file`` names none that is there, or ``out_dir`` has a
            folder ``pictures`` with files that no report wrote.
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
    turned_down = None if rejected is None else read_rejected(Path(rejected))
    patients = None if table is None else read_patient_table(table)
    pattern = None if patient_pattern is None else PatientPattern(patient_pattern)
    parts = [
        Source(
            name,
            Path(source),
            source_format,
            None if images is None else Path(images),
            choice,
            tuple((reader_options or {}).items()),
        )
        for name, source in zip(split_names(sources), sources, strict=True)
    ]
    predicted = None if predictions is None else Path(predictions)
    measured, unnamed = with_patients(
        survey(parts, progress, predicted, unknown_file or '', turned_down),
        pattern,
        patients.patients if patients else (),
    )
    examined = examine(measured, patients)
    findings = [each for each in run_checks(examined) if each.confidence >= least_confidence]
    tables = overview(examined)
    notes = (*measured.notes, *unnamed, *examined.notes)
    report = Report(measured, tuple(findings), notes, tables)
    write_report(report, parts, Path(out_dir), predicted)
    if list_file is not None:
        lines = ''.join(f'{name}\n' for name in kept_images(measured))
        write_atomically(list_file, lines.encode(errors='surrogateescape'))
    return report
