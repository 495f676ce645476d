"""The report as one static page that needs neither a server nor a network."""

import base64
from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING

from .overview import OverviewTable
from .page_style import SCRIPT, STYLE

if TYPE_CHECKING:
    from .finding import Finding
    from .report import Report

#: What a person should do about the findings of a check.
ADVICE: Mapping[str, str] = {
    'bit-depth': 'Export the image as the others were',
    'doubled': 'Delete one of both annotations',
    'duplicate': 'Keep one of both images, and never one in training and one in the test',
    'empty-image': 'Leave the image out',
    'finger-order': 'Look at the names of the bones of this finger',
    'image-size': 'Check that it is the original image',
    'inverted': 'Invert the grey values of the file',
    'labels-elsewhere': 'Check that image and labels belong together',
    'left-right-difference': 'Compare with the other side',
    'misplaced': 'Check the outline, and whether it is this class at all',
    'missing-class': 'Draw it, or record that it is not there',
    'no-labels': 'Label the image, or leave it out',
    'one-outline-two-names': 'Delete the annotation with the wrong name',
    'out-of-proportion': 'Check the outline',
    'patient-in-several-splits': 'Move all images of the patient into one split',
    'points-outside': 'Check that image and labels belong together',
    'rare-class': 'Check the name',
    'rejected': 'Do what the message says; the image cannot be trained on',
    'saturated': 'Export the image with another window',
    'self-crossing': 'Draw the outline again',
    'several-parts': 'Check which of the parts is the class',
    'specks': 'Delete the speck',
    'spikes': 'Delete the point',
    'straight-edge': 'Check whether the outline was cut off',
    'swapped-names': 'Exchange the names',
    'turned-by-exif': 'Store the image as it is displayed',
    'unlike-class': 'Check whether it is metal, a marker or something else',
    'unlike-prediction': 'Check the labels: the model may be right',
    'unreadable': 'Do what the message says',
    'unusual-overlap': 'Check both outlines',
    'wrong-side': 'Check the name of the file, and whether the image was mirrored',
}


def page_html(report: 'Report', pictures: Mapping[int, bytes]) -> str:
    """Make the page.

    Args:
        report: What was found.
        pictures: JPEG of findings, by their number from 0.

    Returns:
        A whole HTML document, pictures included.
    """
    images = {(each.split, each.image) for each in report.findings}
    title = f'{len(report.findings)} findings in {len(images)} of {len(report.survey.records)}'
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<title>{title} images</title><style>{STYLE}</style></head><body>',
        f'<h1>{title} images</h1>',
        *(f'<p class="note">{escape(note)}</p>' for note in report.notes),
        _overview(report.findings),
        _findings(report.findings, pictures),
        *map(_table, report.tables),
        f'<script>{SCRIPT}</script></body></html>',
    ]
    return '\n'.join(parts)


def _overview(findings: Iterable['Finding']) -> str:
    counts = Counter(each.check for each in findings)
    rows = [
        f'<tr><td><button data-check="{escape(check)}">{escape(check)}</button></td>'
        f'<td class="number">{count}</td><td>{escape(ADVICE.get(check, ""))}</td></tr>'
        for check, count in counts.most_common()
    ]
    head = '<tr><th>check</th><th>findings</th><th>what to do</th></tr>'
    return f'<table class="overview"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table>'


def _findings(findings: Iterable['Finding'], pictures: Mapping[int, bytes]) -> str:
    columns = ('no', 'sure', 'check', 'image', 'class', 'reason')
    head = ''.join(
        f'<th><button data-column="{n}">{c}</button></th>' for n, c in enumerate(columns)
    )
    rows = ''.join(_row(n, each, pictures.get(n)) for n, each in enumerate(findings))
    return (
        '<p class="tools"><input id="search" type="search" placeholder="filter" '
        'aria-label="filter"> <span id="shown"></span> '
        '<button id="save">save the images that are ticked as rejected.txt</button></p>'
        f'<table id="findings"><thead><tr>{head}<th>place</th><th>reject</th></tr></thead>'
        f'<tbody>{rows}</tbody></table>'
    )


def _row(number: int, each: 'Finding', picture: bytes | None) -> str:
    image = ''
    if picture is not None:
        data = base64.b64encode(picture).decode()
        image = f'<img loading="lazy" alt="the place" src="data:image/jpeg;base64,{data}">'
    cells = (
        f'<td class="number">{number + 1}</td>',
        f'<td class="number">{each.confidence:.2f}</td>',
        f'<td>{escape(each.check)}</td>',
        f'<td>{escape(each.split)}/{escape(each.image)}</td>',
        f'<td>{escape(each.class_name)}</td>',
        f'<td>{escape(each.reason)}</td>',
        f'<td>{image}</td>',
        f'<td><input type="checkbox" data-image="{escape(each.image)}" aria-label="reject"></td>',
    )
    return f'<tr data-check="{escape(each.check)}">{"".join(cells)}</tr>'


def _table(table: OverviewTable) -> str:
    head = ''.join(f'<th>{escape(each)}</th>' for each in table.columns)
    rows = []
    for cells, share in table.rows:
        width = f'{100 * min(max(share, 0), 1):.1f}%'
        text = ''.join(f'<td>{escape(cell)}</td>' for cell in cells)
        bar = f'<div class="bar" style="width:{width}"></div>{share:.3g}'
        rows.append(f'<tr>{text}<td class="plot">{bar}</td></tr>')
    return (
        f'<h2>{escape(table.title)}</h2><div class="wide"><table><thead><tr>{head}</tr></thead>'
        f'<tbody>{"".join(rows)}</tbody></table></div>'
    )
