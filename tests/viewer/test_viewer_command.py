"""The command as a user runs it: it says where the page is, and ends with Ctrl+C."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def test_the_command_prints_its_address_answers_and_ends(data, csv_files):
    words = ['view', str(data), *map(str, csv_files), '--port', '0']
    environment = os.environ | {'PYTHONPATH': str(REPOSITORY), 'PYTHONUNBUFFERED': '1'}
    # a machine without a screen: the page is not opened, and that is no error
    for name in ('DISPLAY', 'WAYLAND_DISPLAY'):
        environment.pop(name, None)
    process = subprocess.Popen(
        [sys.executable, '-m', 'handbone_command', *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    line = process.stdout.readline()
    address = re.fullmatch(r'(http://localhost:\d+/) .*\n', line)
    assert address, line + process.stderr.read()
    with urllib.request.urlopen(f'{address.group(1)}masks/0', timeout=20) as answer:
        assert len(answer.read()) > 100
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert process.stderr.read() == ''
