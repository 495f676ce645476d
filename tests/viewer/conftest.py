"""A small dataset with two predictions, and a viewer of it that answers."""

import pytest
from answering import answering
from made_squares import write_csv, write_data
from waiting_model import WaitingProcess

pytest.importorskip('uvicorn', reason='the extra view is not installed')
pytest.importorskip('starlette', reason='the extra view is not installed')

from handbone.viewer import model_layer  # noqa: E402
from handbone.viewer.application import Application  # noqa: E402
from handbone.viewer.model_process import Model  # noqa: E402
from handbone.viewer.sources import Extras, open_sources  # noqa: E402


@pytest.fixture
def data(tmp_path):
    """Three images of two patients with labels."""
    return write_data(tmp_path / 'data' / 'test')


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


@pytest.fixture
def predicted(data, tmp_path, monkeypatch):
    """A session of the data with a model that waits, and the process of that model."""
    made = []

    def process(model):
        made.append(WaitingProcess(model))
        return made[-1]

    monkeypatch.setattr(model_layer, 'ModelProcess', process)
    classes = open_sources([data])[0].catalogue.classes
    monkeypatch.setattr('handbone.viewer.sources.model_classes', lambda model: classes)
    session, notes = open_sources([data], models=[Model(tmp_path / 'a.py', tmp_path / 'best.pth')])
    assert notes == []
    yield session, made[0]
    session.close()
