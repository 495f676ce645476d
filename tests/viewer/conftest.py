"""A small dataset with two predictions, and a viewer of it that answers."""

import cv2
import numpy as np
import pytest
from answering import answering
from made_views import NAMES, SIZE, outlines, write_csv

from handbone.annotations import annotation_json
from handbone.bones import CLASSES

pytest.importorskip('uvicorn', reason='the extra view is not installed')
pytest.importorskip('starlette', reason='the extra view is not installed')

from handbone.viewer.application import Application  # noqa: E402
from handbone.viewer.sources import Extras, open_sources  # noqa: E402


@pytest.fixture
def data(tmp_path):
    """Three images of two patients with labels: a folder in the hand-bone layout."""
    folder = tmp_path / 'data' / 'test'
    for number, name in enumerate(NAMES):
        image = folder / 'DCM' / name
        image.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(image), np.full((SIZE, SIZE), 40 * (number + 1), np.uint8))
        drawn = [(CLASSES[index], points) for index, points in outlines(number)]
        content = annotation_json(drawn, image.stem, image.name, SIZE, SIZE, [])
        label = (folder / 'outputs_json' / name).with_suffix('.json')
        label.parent.mkdir(parents=True, exist_ok=True)
        label.write_bytes(content)
    return folder


@pytest.fixture
def csv_files(tmp_path):
    """The truth itself, and the truth with the Radius 8 pixels too far to the right."""
    return [write_csv(tmp_path / f'{name}.csv', shift) for name, shift in (('good', 0), ('bad', 8))]


@pytest.fixture
def session(data, csv_files, tmp_path):
    """What a viewer of the data and both predictions knows; nothing is scored yet."""
    opened, notes = open_sources([data, *csv_files], extras=Extras(marks=tmp_path / 'marks.csv'))
    assert notes == []
    yield opened
    opened.close()


@pytest.fixture
def viewer(session):
    """The address of a viewer of the data and both predictions."""
    session.board.start()
    with answering(Application(session).app()) as address:
        yield address
