"""The report as one static page that needs neither a server nor a network."""

from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from handbone.errors import counted
from handbone.pages.overview_table import OverviewTable
from handbone.pages.page import asset, breakable, page_html, picture_html
from handbone.pages.table import table_html

if TYPE_CHECKING:
    from .finding import Finding
    from .report import Report

#: What a person should do about the findings of a check.
ADVICE: Mapping[str, str] = {
    'bit-depth': 'Export the image as the others were',
    'body-part': 'Check that the image belongs into this dataset',
    'burnt-in-text': 'Look for names before you share the image',
    'doubled': 'Delete one of both annotations',
    'duplicate': 'Keep one of both images, and never one in training and one in the test',
    'empty-image': 'Leave the image out',
    'finger-order': 'Look at the names of the bones of this finger',
    'image-size': 'Check that it is the original image',
    'inverted': 'Invert the grey values of the file',
    'labels-elsewhere': 'Check that image and labels belong together',
    'left-right-difference': 'Compare with the other side',
    'little-contrast': 'Export it with another window, or train on ranks (RankDataPreProcessor)',
    'missing-image': 'Put the image back, or remove its labels',
    'mirrored': 'Compare the image with others, and mirror it or its labels',
    'misplaced': 'Check the outline, and whether it is this class at all',
    'missing-annotation': 'Label the image, or take it out of the folder',
    'missing-class': 'Draw it, or record that it is not there',
    'modality': 'Check that the image belongs into this dataset',
    'no-labels': 'Label the image, or leave it out',
    'no-spacing': 'Take the file from its source again, if sizes in mm matter',
    'odd-spacing': 'Correct the size of a pixel before you measure in mm',
    'one-outline-two-names': 'Delete the annotation with the wrong name',
    'out-of-proportion': 'Check the outline',
    'patient-in-header': 'Find out whose image it is, and move it into that folder',
    'patient-in-several-splits': 'Move all images of the patient into one split',
    'points-outside': 'Check that image and labels belong together',
    'rare-class': 'Check the name',
    'rejected': 'Do what the message says; the image cannot be trained on',
    'saturated': 'Export the image with another window',
    'self-crossing': 'Draw the outline again',
    'several-parts': 'Check which of the parts is the class',
    'side-in-header': 'Look at the marker in the image, and correct the name or the header',
    'specks': 'Delete the speck',
    'spikes': 'Delete the point',
    'straight-edge': 'Check whether the outline was cut off',
    'swapped-names': 'Exchange the names',
    'turned-by-exif': 'Store the image as it is displayed',
    'unknown-class': 'Take it off the unknown classes, or remove its labels',
    'unlike-class': 'Check whether it is metal, a marker or something else',
    'unlike-prediction': 'Check the labels: the model may be right',
    'unlike-table': 'Find out which is right, and whether it is this patient',
    'unreadable': 'Do what the message says',
    'unusual-overlap': 'Check both outlines',
    'view-position': 'Check that the image shows the same view',
    'white-is-zero': 'Check how your other programs show it',
    'wrong-side': 'Check the name of the file, and whether the image was mirrored',
}


def findings_html(report: 'Report', pictures: Mapping[int, bytes]) -> str:
    """Make the page.

    Args:
        report: What was found.
        pictures: JPEG of findings, by their number from 0.

    Returns:
        A whole HTML document, pictures included.
    """
    images = {(each.split, each.image) for each in report.findings}
    title = (
        f'{counted(len(report.findings), "finding")} in {len(images)} of '
        f'{len(report.survey.records)} images'
    )
    several = len({record.split for record in report.survey.records}) > 1
    parts = [
        *(f'<p class="note">{escape(note)}</p>' for note in report.notes),
        _contents(report.tables),
        _overview(report.findings),
        _findings(report.findings, pictures, several),
        *(table_html(table, number) for number, table in enumerate(report.tables)),
    ]
    own = ('findings.css', 'findings.js')
    return page_html(title, parts, *(asset('handbone.doctor', name) for name in own))


def _contents(tables: Iterable[OverviewTable]) -> str:
    links = (f'<a href="#table{n}">{escape(each.title)}</a>' for n, each in enumerate(tables))
    return f'<nav><a href="#findings">Findings</a> {" ".join(links)}</nav>'


def _overview(findings: Iterable['Finding']) -> str:
    counts = Counter(each.check for each in findings)
    rows = [
        f'<tr><td><button data-check="{escape(check)}">{escape(check)}</button></td>'
        f'<td class="number">{count}</td><td>{escape(ADVICE.get(check, ""))}</td></tr>'
        for check, count in counts.most_common()
    ]
    head = (
        '<tr><th><button>check</button></th>'
        '<th class="number" aria-sort="descending"><button>findings</button></th>'
        '<th>what to do</th></tr>'
    )
    return f'<table class="overview"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table>'


def _findings(findings: Iterable['Finding'], pictures: Mapping[int, bytes], several: bool) -> str:
    head = (
        '<th class="number" aria-sort="ascending"><button>no</button></th>'
        '<th class="number"><button>sure</button></th>'
    )
    words = ('check', 'image', 'class', 'reason')
    head += ''.join(f'<th><button>{each}</button></th>' for each in words)
    rows = ''.join(_row(n, each, pictures.get(n), several) for n, each in enumerate(findings))
    return (
        '<p class="tools"><input id="search" type="search" placeholder="filter" '
        'aria-label="filter"> <span id="shown"></span> '
        '<button id="save">save the images that are ticked as rejected.txt</button></p>'
        f'<table id="findings"><thead><tr>{head}<th>place</th><th>reject</th></tr></thead>'
        f'<tbody>{rows}</tbody></table>'
    )


def _row(number: int, each: 'Finding', picture: bytes | None, several: bool) -> str:
    image = '' if picture is None else picture_html(picture, 'the place')
    cells = (
        f'<td class="number">{number + 1}</td>',
        f'<td class="number">{each.confidence:.2f}</td>',
        f'<td>{escape(each.check)}</td>',
        f'<td>{breakable(f"{each.split}/{each.image}")}</td>',
        f'<td>{breakable(each.class_name)}</td>',
        f'<td>{escape(each.reason)}</td>',
        f'<td>{image}</td>',
        f'<td>{_checkbox(each, several)}</td>',
    )
    return f'<tr data-check="{escape(each.check)}">{"".join(cells)}</tr>'


def _checkbox(each: 'Finding', several: bool) -> str:
    """A box to reject the image; none for one that no reader takes, which is in no list.

    Of several parts of the data, it names its own. Names are bytes in percent encoding, as they
    need not be UTF-8.
    """
    if each.check in ('rejected', 'missing-annotation'):
        return ''
    part = f' data-part="{_percent_encoded(each.split)}"' if several else ''
    return (
        f'<label><input type="checkbox" data-image="{_percent_encoded(each.image)}"{part} '
        'aria-label="reject">'
        '<span class="narrow"> reject</span></label>'
    )


def _percent_encoded(name: str) -> str:
    return quote(name, errors='surrogateescape')
