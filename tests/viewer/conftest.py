"""A small dataset with two predictions, and a viewer of it that answers."""

import threading
from contextlib import contextmanager

import cv2
import numpy as np
import pytest
from made_views import NAMES, SIZE, outlines, write_csv

from handbone.annotations import annotation_json
from handbone.bones import CLASSES

pytest.importorskip('uvicorn', reason='the extra view is not installed')
pytest.importorskip('starlette', reason='the extra view is not installed')


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


@contextmanager
def answering(app, host='127.0.0.1', **settings):
    """Let an application answer on a free port; gives the address of its page."""
    from handbone.viewer.server import prepare

    prepared = prepare(app, host, 0, **settings)
    thread = threading.Thread(target=prepared.run)
    thread.start()
    try:
        yield prepared.address
    finally:
        prepared.server.should_exit = True
        thread.join()


@pytest.fixture
def viewer(data, csv_files):
    """The address of a viewer of the data and both predictions."""
    from handbone.viewer.application import Application
    from handbone.viewer.sources import open_sources

    opened = open_sources([data, *csv_files])
    with answering(Application(opened.catalogue, 'three images').app()) as address:
        yield address
