"""A page in Chromium, driven through its DevTools protocol on a pair of pipes: no driver needed."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ('chromium', 'chromium-browser', 'google-chrome', 'chrome')


def chromium() -> str | None:
    """Find the browser."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """A page.

    Args:
        receive: Where the browser writes.
        send: Where it reads.
        url: The page.
        width: Width of the window in CSS pixels.
        dark: Whether the user prefers dark pages.
    """

    def __init__(self, receive: Any, send: Any, url: str, width: int, dark: bool) -> None:
        self._receive, self._send = receive, send
        self._number, self._rest = 0, b''
        self._events: set[str] = set()
        self._session: dict[str, str] = {}
        targets = self.call('Target.getTargets')['targetInfos']
        target = next(each['targetId'] for each in targets if each['type'] == 'page')
        attached = self.call('Target.attachToTarget', targetId=target, flatten=True)
        self._session = {'sessionId': attached['sessionId']}
        size = {'width': width, 'height': 800, 'deviceScaleFactor': 1, 'mobile': width < 500}
        self.call('Emulation.setDeviceMetricsOverride', **size)
        scheme = {'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}
        self.call('Emulation.setEmulatedMedia', features=[scheme])
        self.call('Page.enable')
        self.call('Page.navigate', url=url)
        while 'Page.loadEventFired' not in self._events:
            self._events.add(self._read().get('method', ''))

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol."""
        self._number += 1
        message = {'id': self._number, 'method': method, 'params': params, **self._session}
        self._send.write(json.dumps(message).encode() + b'\0')
        self._send.flush()
        while True:
            answer = self._read()
            if answer.get('id') == self._number:
                assert 'error' not in answer, answer
                return answer['result']
            self._events.add(answer.get('method', ''))

    def run(self, script: str) -> Any:
        """Evaluate a script, and give its value."""
        answer = self.call(
            'Runtime.evaluate', expression=script, returnByValue=True, awaitPromise=True
        )
        assert 'exceptionDetails' not in answer, answer
        return answer['result'].get('value')

    def wait(self, script: str, seconds: float = 20) -> Any:
        """Evaluate a script until its value is true, and give it."""
        end = time.monotonic() + seconds
        while not (value := self.run(script)):
            assert time.monotonic() < end, f'{script} did not become true'
            time.sleep(0.02)
        return value

    def press(self, key: str) -> None:
        """Press a key."""
        text = {'text': key} if len(key) == 1 else {}
        self.call('Input.dispatchKeyEvent', type='keyDown', key=key, **text)
        self.call('Input.dispatchKeyEvent', type='keyUp', key=key)

    def screenshot(self, kind: str = 'png', **params: Any) -> bytes:
        """Take a picture of the window."""
        return base64.b64decode(self.call('Page.captureScreenshot', format=kind, **params)['data'])

    def _read(self) -> dict[str, Any]:
        while b'\0' not in self._rest:
            part = self._receive.read1()
            assert part, 'the browser has ended'
            self._rest += part
        message, _, self._rest = self._rest.partition(b'\0')
        return json.loads(message)


@contextmanager
def opened(
    address: Path | str, folder: Path, width: int = 1366, dark: bool = False
) -> Iterator[Page]:
    """Open a page in a browser of its own.

    Args:
        address: File or address of the page.
        folder: An empty folder for what the browser keeps.
        width: Width of the window.
        dark: Whether the user prefers dark pages.

    Yields:
        The page, loaded.
    """
    (their_in, our_out), (our_in, their_out) = os.pipe(), os.pipe()
    options = ['--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-pipe']
    # the browser reads from 3 and writes to 4; a shell moves the pipes there
    moves = 'exec "$@" 3<&"$IN" 4>&"$OUT"'
    process = subprocess.Popen(
        ['bash', '-c', moves, 'bash', str(chromium()), *options, f'--user-data-dir={folder}'],
        pass_fds=(their_in, their_out),
        env={**os.environ, 'IN': str(their_in), 'OUT': str(their_out)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(their_in)
    os.close(their_out)
    try:
        with os.fdopen(our_in, 'rb') as receive, os.fdopen(our_out, 'wb') as send:
            url = address if isinstance(address, str) else address.resolve().as_uri()
            yield Page(receive, send, url, width, dark)
    finally:
        process.terminate()
        process.wait()
