"""The process beside a training tells of a kill and a hang, and outlives the training a little."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from handbone.notifications.message import Message
from handbone.notifications.messenger_process import MessengerProcess

#: A process that is watched: it starts the messenger, says how far it is, and does what is told.
WATCHED = """
import sys, time, json, handbone_command
handbone_command.running = True
from handbone.notifications.message import Message
from handbone.notifications.messenger_process import MessengerProcess
messenger = MessengerProcess(json.loads(sys.argv[1]), print)
messenger.send(Message('Training starts', 'x'))
messenger.beat('iteration 120 of 500')
print('ready', flush=True)
{}
"""


@pytest.fixture
def settings(services, monkeypatch):
    monkeypatch.setenv('HANDBONE_NOTIFY', f'json://127.0.0.1:{services.port}/team')
    return dict(to=None, label='demo on here', hang_seconds=60, first_pause=0.1, patience=20)


def watched(settings, ending):
    command = [sys.executable, '-c', WATCHED.format(ending), json.dumps(settings)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == 'ready\n'
    return process


def titles(services, count):
    return [json.loads(text)['title'] for text in services.wait_for(count)]


@pytest.mark.parametrize('ending', ['time.sleep(60)', 'import os; os.fork(); time.sleep(60)'])
def test_a_kill(services, settings, ending):
    """Also where a forked child, like a worker of the data loader, keeps the pipe open."""
    process = watched(settings, ending)
    time.sleep(0.2)
    children = subprocess.run(['pgrep', '-P', str(process.pid)], capture_output=True, text=True)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert titles(services, 2) == ['Training starts', 'Training was killed: demo on here']
    assert 'at iteration 120 of 500.' in services.texts()[1]
    process.stdout.close()
    for child in map(int, children.stdout.split()):
        try:
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            continue


def test_an_end(services, settings):
    process = watched(settings, "messenger.send(Message('The end', 'x')); messenger.end(0.01)")
    assert process.wait() == 0
    process.stdout.close()
    assert titles(services, 2) == ['Training starts', 'The end']
    time.sleep(0.7)  # as long as it takes to miss the training
    assert len(services.texts()) == 2


def test_a_hang_and_its_end(services, settings):
    lines = []
    messenger = MessengerProcess(settings | dict(hang_seconds=0.4), lines.append)
    messenger.beat('iteration 3 of 10')
    assert titles(services, 1) == ['Training hangs: demo on here']
    messenger.beat('iteration 4 of 10')
    assert titles(services, 2)[1] == 'Training continues: demo on here'
    assert messenger.end(10) and lines == []
    assert 'it is at iteration 3 of 10' in services.texts()[0]


def test_what_a_dead_service_missed_arrives_after_the_end(services, settings):
    services.faults['/team'] = [500, 500, 500]
    lines = []
    messenger = MessengerProcess(settings, lines.append)
    messenger.send(Message('The end', 'x'))
    assert messenger.end(20)
    assert titles(services, 1) == ['The end']
    assert len(lines) == 2 and 'did not take a message' in lines[0]


def test_settings_that_are_wrong_by_now_are_told(monkeypatch, settings):
    monkeypatch.delenv('HANDBONE_NOTIFY')
    monkeypatch.setenv('XDG_CONFIG_HOME', '/nowhere')
    lines = []
    messenger = MessengerProcess(settings, lines.append)
    assert not messenger.end(20)
    assert 'no address to send messages to' in lines[0]
