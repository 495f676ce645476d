"""A small dataset with two predictions, and a viewer of it that answers."""

import pytest
from answering import answering
from made_squares import write_csv, write_data

pytest.importorskip('uvicorn', reason='the extra view is not installed')
pytest.importorskip('starlette', reason='the extra view is not installed')

from handbone.viewer.application import Application  # noqa: E402
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
