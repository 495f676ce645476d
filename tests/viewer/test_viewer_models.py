"""Models that predict while the viewer runs, and what is shown until they have."""

import json
import struct
import time
import urllib.request

import numpy as np
import pytest
from answering import answering
from made_squares import NAMES, RADIUS

from handbone.errors import HandboneError
from handbone.scoring import evaluate
from handbone.viewer.application import Application
from handbone.viewer.export import export_marked
from handbone.viewer.model_process import Answer, ModelEndedError, named_model


def wait(condition):
    """Wait until something in the background has happened."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def head(session, index):
    """What the page is told about an image."""
    packet = session.catalogue.packet(index)
    return json.loads(packet[4 : 4 + struct.unpack('<I', packet[:4])[0]])


def test_images_are_shown_before_they_are_predicted(predicted, csv_files, data):
    session, process = predicted
    session.start()
    wait(lambda: process.asked)
    before = head(session, 0)
    assert before['pending'] == [1] and before['dice'] == [None, None]
    assert [size is None for size in before['sizes']] == [False, True] and not before['problems']
    process.let()
    wait(lambda: session.predicting.done[0])
    after = head(session, 0)
    assert after['pending'] == [] and after['dice'][1][RADIUS] == 0.75
    # everything is scored in the end, as evaluate scores the same masks
    process.let(2)
    wait(lambda: session.board.done.all())
    table = evaluate(csv_files[1], data, scores=['dice'], common=True).scores
    np.testing.assert_allclose(session.board.dice[1], table.scores['dice'], atol=1e-6)


def test_what_is_looked_at_is_predicted_first(predicted):
    session, process = predicted
    session.start()
    wait(lambda: process.asked)
    session.predicting.want(2)
    process.let(3)
    wait(lambda: session.predicting.done.all())
    assert process.asked == [NAMES[0], NAMES[2], NAMES[1]]


def test_the_page_asks_ahead_without_changing_the_order(predicted):
    session, process = predicted
    with answering(Application(session).app()) as address:

        def get(path):
            with urllib.request.urlopen(f'{address}{path}', timeout=20) as answer:
                return answer.read()

        get('masks/2')
        get('masks/1?ahead=1')
        session.start()
        wait(lambda: process.asked)
        assert process.asked == [NAMES[2]]
        assert json.loads(get('order'))['predicted'] == 0
        process.let()
        wait(lambda: json.loads(get('order'))['predicted'] == 1)


def test_an_image_that_cannot_be_predicted_is_one_line(predicted, data):
    session, process = predicted
    process.answers = {NAMES[0]: Answer([], error='too dark'), NAMES[1]: Answer([], (5, 5))}
    process.answers[NAMES[1]] = Answer([np.zeros((0, 2), np.uint32)] * 29, (64, 128))
    (data / 'DCM' / NAMES[2]).unlink()
    session.start()
    process.let(3)
    wait(lambda: session.board.done.all())
    assert head(session, 0)['problems'] == [{'text': 'too dark'}]
    (problem,) = head(session, 1)['problems']
    assert (
        'sees ID001/image2_L.png with 128 x 64 pixels, the labels are for 128 x 128'
        in problem['text']
    )
    with pytest.raises(HandboneError, match='No such file or directory|gone'):
        head(session, 2)
    assert process.asked == [*NAMES[:2]]


def test_a_disk_that_fails_is_a_note_on_its_images(predicted, monkeypatch):
    """What runs in the background goes on with the others."""
    session, process = predicted
    truth, reader = session.catalogue.layers[0], session.catalogue.gallery._places[0].part.reader
    runs, attempt = truth.runs, reader.attempt

    def failing_attempt(entry):
        if 'image1_R' in entry.name:
            raise OSError(5, 'Input/output error')
        return attempt(entry)

    def failing_runs(index, image):
        if index == 1:
            raise OSError(5, 'Input/output error')
        return runs(index, image)

    monkeypatch.setattr(reader, 'attempt', failing_attempt)
    monkeypatch.setattr(truth, 'runs', failing_runs)
    session.start()
    process.let(2)
    wait(lambda: session.board.done.all() and session.predicting.done.all())
    with pytest.raises(HandboneError, match=f'{NAMES[0]} cannot be read: .* Input/output error'):
        head(session, 0)
    (problem,) = head(session, 1)['problems']
    assert 'Input/output error' in problem['text']
    assert head(session, 2)['problems'] == [] and process.asked == [*NAMES[1:]]


def test_a_model_that_ends_leaves_what_it_has_said(predicted):
    session, process = predicted
    process.answers[NAMES[1]] = ModelEndedError('best.pth: the process was killed')
    session.start()
    process.let(2)
    wait(lambda: session.board.done.all())
    assert head(session, 0)['dice'][1][RADIUS] == 0.75
    for index in (1, 2):
        assert head(session, index)['problems'] == [{'text': 'best.pth: the process was killed'}]
        assert head(session, index)['pending'] == []


def test_masks_that_are_not_there_yet_are_not_exported(predicted):
    session, process = predicted
    session.start()
    wait(lambda: process.asked)
    for index in (0, 1):
        session.marks.set(index, 'correct', '')
    process.let()
    wait(lambda: session.predicting.done[0])
    settings = (session.catalogue, session.marks, 'correct', 'labelme')
    with pytest.raises(HandboneError, match='1 of the 2 images are still being predicted by best'):
        export_marked(*settings, 1, session.export_folder)
    assert export_marked(*settings, 0, session.export_folder).startswith('2 of 2 images')


def test_a_model_that_is_not_there_is_one_line(tmp_path):
    config = tmp_path / 'config.py'
    config.write_text('')
    for words, message in (
        ([str(config)], 'takes a config and its checkpoint'),
        ([str(tmp_path / 'none.py'), 'x.pth'], 'there is no config or model'),
        ([str(config), str(tmp_path / 'none.pth')], 'there is no checkpoint'),
        (['model.onnx', 'x.pth'], 'takes a config and its checkpoint'),
    ):
        with pytest.raises((HandboneError, FileNotFoundError), match=message) as caught:
            named_model(words)
        assert '\n' not in str(caught.value)
