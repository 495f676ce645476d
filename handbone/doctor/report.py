"""What the doctor found, as files: a page, a CSV, a JSON and pictures."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from handbone.csv_files import csv_bytes
from handbone.datasets.formats.source import Source
from handbone.errors import counted
from handbone.evaluation.score_files import dice_rows
from handbone.files import write_atomically
from handbone.pages.pictures_folder import PICTURES, new_pictures
from handbone.visualization.picture_file import encode_picture

from .dice_table import dice_table
from .finding import Finding
from .overview import OverviewTable
from .page import findings_html
from .places import draw_places
from .survey import Survey

PAGE, TABLE, DOCUMENT = 'index.html', 'findings.csv', 'findings.json'
AGREEMENT = 'agreement.csv'
COLUMNS = (
    *('number', 'check', 'split', 'image', 'class', 'reason', 'confidence'),
    *('left', 'top', 'right', 'bottom', 'other', 'picture'),
)
#: The surest findings get a picture, so many of them.
MOST_PICTURES = 400


@dataclass(frozen=True)
class Report:
    """What the doctor found.

    Attributes:
        survey: The measurements.
        findings: The surest first.
        notes: What readers guessed, and checks that could not be made, each with its reason.
        tables: About the dataset as a whole.
    """

    survey: Survey
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    tables: tuple[OverviewTable, ...] = ()

    def text(self) -> str:
        """Describe the findings in lines: how many of each kind, in how many images."""
        images = {(each.split, each.image) for each in self.findings}
        lines = [
            f'{counted(len(self.survey.records), "image")}, '
            f'{counted(len(self.survey.classes), "class")}',
            f'{counted(len(self.findings), "finding")} in {counted(len(images), "image")}',
        ]
        counts = Counter(each.check for each in self.findings)
        lines += [f'  {count:5d}  {check}' for check, count in counts.most_common()]
        return '\n'.join([*lines, *self.notes])


def write_report(
    report: Report,
    sources: Sequence[Source],
    folder: Path,
    predictions: Path | None = None,
) -> None:
    """Write ``index.html``, ``findings.csv``, ``findings.json`` and ``pictures/``.

    If labels were compared with predictions, ``agreement.csv`` gets the Dice of every image and
    class, in the form of ``dice_per_image.csv`` of a test, those that agree least first.

    Args:
        report: What was found.
        sources: Where the images are read again for pictures.
        folder: Where the files go.
        predictions: CSV of runs that the labels were compared with.

    Raises:
        HandboneError: There is a folder ``pictures`` with files that no report wrote.
        OSError: A file cannot be written.
    """
    drawn = draw_places(report.findings[:MOST_PICTURES], report.survey, sources, predictions)
    pictures, encoded = {}, {}
    with new_pictures(folder) as new:
        for number, picture in drawn:
            name = f'{number + 1:04d}.jpg'
            pictures[number] = f'{PICTURES}/{name}'
            encoded[number] = encode_picture(picture, '.jpg')
            write_atomically(new / name, encoded[number])
    rows = [COLUMNS, *(_row(n, each, pictures) for n, each in enumerate(report.findings))]
    write_atomically(folder / TABLE, csv_bytes(rows))
    write_atomically(folder / DOCUMENT, _document(report, pictures))
    _write_agreement(report.survey, folder / AGREEMENT)
    write_atomically(folder / PAGE, findings_html(report, encoded).encode(errors='replace'))


def _write_agreement(survey: Survey, path: Path) -> None:
    table = dice_table(survey)
    if not table.images:
        path.unlink(missing_ok=True)  # that of an earlier report
        return
    splits = {record.split for record in survey.records}
    if len(splits) == 1:
        names = tuple(image.removeprefix(f'{next(iter(splits))}/') for image in table.images)
        table = replace(table, images=names)
    write_atomically(path, csv_bytes(dice_rows(table)))


def _row(number: int, each: Finding, pictures: dict[int, str]) -> Sequence[object]:
    head = (number + 1, each.check, each.split, each.image, each.class_name, each.reason)
    box = each.box or ('', '', '', '')
    return (*head, each.confidence, *box, each.other, pictures.get(number, ''))


def _document(report: Report, pictures: dict[int, str]) -> bytes:
    findings = [
        {'number': number + 1, **asdict(each), 'picture': pictures.get(number)}
        for number, each in enumerate(report.findings)
    ]
    document = {
        'images': len(report.survey.records),
        'classes': report.survey.classes,
        'notes': report.notes,
        'tables': [asdict(table) for table in report.tables],
        'findings': findings,
    }
    return json.dumps(document, indent=1).encode()
