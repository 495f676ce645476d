"""What the doctor has found, by image."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handbone.datasets.formats.label_json import load_json
from handbone.errors import HandboneError, shown
from handbone.listing import normal_form
from handbone.structure import Fields

_FINDING = Fields(
    required={'check': str, 'split': str, 'image': str, 'class_name': str, 'reason': str},
    optional={'box': (None, [int])},
)
#: The form of ``findings.json``, as far as the viewer reads it.
DOCUMENT = Fields(required={'findings': [_FINDING]})


@dataclass(frozen=True)
class Findings:
    """Findings of the images.

    Attributes:
        of_image: What the page is told about each image: check, class, reason, and box or None.
        checks: How many images each check names, the most frequent first.
    """

    of_image: tuple[tuple[dict[str, Any], ...], ...]
    checks: dict[str, int]


def read_findings(path: Path, names: Sequence[str]) -> Findings:
    """Read ``findings.json`` of ``handbone doctor``.

    Args:
        path: The file, or the folder of the report.
        names: Names of the images, with their part of the data in front if there are several.

    Returns:
        The findings.

    Raises:
        HandboneError: It is no such file, or is about other images.
    """
    path = path / 'findings.json' if path.is_dir() else path
    document = load_json(path, DOCUMENT, 'Name the report of `handbone doctor`')
    index = {normal_form(name): number for number, name in enumerate(names)}
    of_image: list[list[dict[str, Any]]] = [[] for _ in names]
    for each in document['findings']:
        whole = normal_form(f'{each["split"]}/{each["image"]}')
        place = index.get(whole, index.get(normal_form(each['image'])))
        if place is not None:
            of_image[place].append(
                {
                    'check': each['check'],
                    'class': each['class_name'],
                    'reason': each['reason'],
                    'box': each.get('box'),
                }
            )
    if document['findings'] and not any(of_image):
        first = document['findings'][0]['image']
        raise HandboneError(
            f'{path}: none of its images, such as {shown(first)}, is among those that are shown. '
            'Name the report about these data.'
        )
    counts: dict[str, int] = {}
    for found in of_image:
        for check in {each['check'] for each in found}:
            counts[check] = counts.get(check, 0) + 1
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return Findings(tuple(map(tuple, of_image)), dict(ordered))
