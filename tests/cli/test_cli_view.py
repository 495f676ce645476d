"""`handbone view` of a work dir: its best checkpoint predicts the validation data."""

import signal
import time

import pytest

pytest.importorskip('uvicorn', reason='the extra view is not installed')
pytest.importorskip('starlette', reason='the extra view is not installed')

import os  # noqa: E402

from handbone.apis.inferencer import MultilabelInferencer  # noqa: E402
from handbone.masks import encode  # noqa: E402
from handbone.viewer.sources import open_sources  # noqa: E402


def wait(condition):
    """Wait until something in the background has happened."""
    end = time.monotonic() + 200
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_work_dir_predicts_its_validation_data(trained, tiny_config):
    folder, _ = trained
    session, notes = open_sources([folder], device='cpu')
    gallery, (truth, layer) = session.catalogue.gallery, session.catalogue.layers
    # two of the twelve training images are those of the fold
    assert 0 < len(gallery) < 12 and notes == [] and truth.kind == 'truth'
    assert layer.name.startswith('best_mDice')
    session.start()
    try:
        wait(lambda: session.board.done.all())
        shown = session.catalogue.shown(0)
        assert shown.problems == []
        (expected,) = MultilabelInferencer(tiny_config, folder, device='cpu')(shown.image.path)
        runs = encode(expected.labels, len(session.catalogue.classes))
        assert any(len(each) for each in runs)
        assert [each.tolist() for each in shown.runs[1]] == [each.tolist() for each in runs]
    finally:
        session.close()


def test_a_killed_process_is_one_line(trained):
    session, _ = open_sources([trained[0]], device='cpu')
    layer = session.catalogue.layers[1]
    session.start()
    try:
        os.kill(layer._process._process.pid, signal.SIGKILL)
        wait(lambda: session.board.done.all())
        (problem,) = session.catalogue.shown(0).problems
        assert problem.startswith(f'{layer.path}: the process that predicts was killed by SIGKILL')
    finally:
        session.close()
