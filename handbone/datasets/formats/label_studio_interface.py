"""The labelling interface of a Label Studio project: an XML file that lists its labels."""

from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from handbone.errors import HandboneError
from handbone.files import write_atomically
from handbone.listing import normal_forms
from handbone.xml_stream import read_elements
from handbone.xml_text import xml_bytes

from ..errors import DatasetError
from .file_faults import faults_of

INTERFACE = 'interface.xml'
#: Elements whose labels have an area, by the type of their results.
ELEMENTS = {
    'polygonlabels': 'PolygonLabels',
    'brushlabels': 'BrushLabels',
    'rectanglelabels': 'RectangleLabels',
    'ellipselabels': 'EllipseLabels',
}


def read_interface(path: Path) -> tuple[str, ...]:
    """Read the labels of polygons, brushes, rectangles and ellipses.

    Args:
        path: The file.

    Returns:
        Their names in the order of the file, in normal form.

    Raises:
        DatasetError: It cannot be read, is cut off, or names no label.
    """
    names: list[str] = []
    with faults_of(path, 'Copy it again from the settings of the project, or remove it'):
        for element in read_elements(path, ELEMENTS.values()):
            # results name a label by its alias where it has one
            names += [
                label.get('alias') or label.get('value') or '' for label in element.iter('Label')
            ]
    if not any(names):
        problem = f'it has no label in {", ".join(ELEMENTS.values())}'
        raise DatasetError.at(path, problem, 'Copy it again from the project, or remove it')
    return tuple(dict.fromkeys(normal_forms(filter(None, names))))


def write_interface(path: Path, kind: str, colors: list[tuple[str, str]]) -> None:
    """Write an interface for labels of one kind.

    Args:
        path: The file.
        kind: Type of the results, a key of :data:`ELEMENTS`.
        colors: Names of the classes in their order, with their colours, ``#rrggbb``.

    Raises:
        DatasetError: The name of a class has a character that XML does not have.
    """
    view = Element('View')
    SubElement(view, 'Image', dict(name='image', value='$image'))
    labels = SubElement(view, ELEMENTS[kind], dict(name='label', toName='image'))
    for name, color in colors:
        SubElement(labels, 'Label', dict(value=name, background=color))
    try:
        content = xml_bytes(view)
    except HandboneError as error:
        raise DatasetError.of(path, error, 'Rename the class', 'names of the classes') from error
    write_atomically(path, content)
