"""Rooms import only from the floors below them: the map that docs/architecture.md explains."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / 'handbone'

#: The rooms from the ground up. Between rooms of one floor: registries, not imports. The modules
#: that lie beside the rooms (errors, files, bones and so on) are the ground under all of them.
FLOORS = (
    {'masks'},
    {
        *('radiographs', 'submissions', 'evaluation', 'postprocessing', 'visualization'),
        *('machine', 'metadata', 'notifications', 'pages', 'phantom', 'regions', 'search'),
        *('sheets', 'starter'),
    },
    {'checkpoints', 'sections'},
    {'configuration'},
    {'datasets', 'models', 'engine'},
    {
        *('scoring', 'runs', 'export', 'ensembles', 'diagnosis', 'doctor', 'planning'),
        *('pseudo_labels', 'measuring', 'quality'),
    },
    {'outputs', 'reports'},
    {'inference'},
    {'archive'},
    {'apis'},
    {'viewer'},
    {'cli'},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
GROUND = -1


def imported(file, package):
    """Full names of the modules that a file imports, inside functions and for types alone too."""
    folder = file.relative_to(package.parent).parent.parts
    for node in ast.walk(ast.parse(file.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = folder[: len(folder) - node.level + 1] if node.level else ()
            base = '.'.join((*above, *filter(None, [node.module])))
            # what is imported from the package itself is one of its rooms or modules
            yield from (
                f'{base}.{alias.name}' if base == package.name else base for alias in node.names
            )


def violations(package):
    """Imports that do not lead to a lower floor, as pairs of a file and a module."""
    for file in sorted([*package.glob('*/**/*.py'), *package.glob('*/**/*.pyi')]):
        room = file.relative_to(package).parts[0]
        for name in imported(file, package):
            root, _, rest = name.partition('.')
            other = rest.partition('.')[0]
            if root == package.name and other != room and FLOOR.get(other, GROUND) >= FLOOR[room]:
                yield file.relative_to(package).as_posix(), name
    for file in sorted(package.glob('*.py')):
        for name in imported(file, package):
            root, _, rest = name.partition('.')
            if root == package.name and rest.partition('.')[0] in FLOOR:
                yield file.name, name


def test_every_room_has_its_floor():
    rooms = {file.parent.name for file in PACKAGE.glob('*/__init__.py')}
    assert rooms - set(FLOOR) == set(), 'name the floor in FLOORS and in docs/architecture.md'


def test_rooms_import_from_lower_floors_only():
    assert sorted(set(violations(PACKAGE))) == []


def test_the_page_names_every_room():
    page = (PACKAGE.parent / 'docs' / 'architecture.md').read_text(encoding='utf-8')
    missing = [
        folder.name
        for folder in (file.parent for file in PACKAGE.glob('*/__init__.py'))
        if f'`{folder.name}`' not in page
    ]
    assert missing == []


@pytest.mark.parametrize(
    ('place', 'line'),
    [
        ('masks/rle.py', 'import handbone.outputs.writer'),
        ('masks/rle.py', 'from handbone.outputs import Writer'),
        ('masks/rle.py', 'from handbone import outputs'),
        ('masks/rle.py', 'from .. import outputs'),
        ('masks/rle.py', 'def later():\n    from ..outputs.writer import Writer'),
        ('masks/rle.py', 'if TYPE_CHECKING:\n    from handbone.outputs import Writer'),
        ('datasets/transforms/flip.py', 'from ...models import heads'),
        ('datasets/__init__.pyi', 'from handbone.engine import Runner'),
        ('files.py', 'from .masks import pack'),
    ],
)
def test_an_import_of_the_same_or_a_higher_floor_is_found(tmp_path, place, line):
    file = tmp_path / 'handbone' / place
    file.parent.mkdir(parents=True)
    file.write_text(line, encoding='utf-8')
    assert [found for found, _ in violations(tmp_path / 'handbone')] == [place]


@pytest.mark.parametrize(
    'line',
    ['from handbone.masks import pack', 'from ..errors import E', 'import os', 'from . import b'],
)
def test_an_import_from_below_is_fine(tmp_path, line):
    file = tmp_path / 'handbone' / 'outputs' / 'writer.py'
    file.parent.mkdir(parents=True)
    file.write_text(line, encoding='utf-8')
    assert list(violations(tmp_path / 'handbone')) == []
