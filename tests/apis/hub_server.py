"""A server that speaks as much of the Hugging Face Hub's protocol as downloads need."""

import hashlib
import json
import re
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = '0' * 39 + '1'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def log_message(self, *arguments):
        pass

    def _answer(self, body):
        hub = self.server.hub
        file = re.fullmatch(r'/datasets/[^/]+/[^/]+/resolve/[^/]+/(.+)', self.path.split('?')[0])
        if file is None:
            self._send(json.dumps(self._about(hub)).encode(), body, 'application/json')
            return
        if file[1] not in hub.files:
            self.send_error(404)
            return
        self._send_file(hub, file[1], body)

    def _about(self, hub):
        if '/tree/' in self.path:
            return [
                dict(type='file', path=name, size=len(data), oid=hashlib.sha1(data).hexdigest())
                for name, data in hub.files.items()
            ]
        siblings = [dict(rfilename=name) for name in hub.files]
        return dict(id='any/data', sha=COMMIT, siblings=siblings, private=False, downloads=0)

    def _send_file(self, hub, name, body):
        data = hub.files[name]
        wanted = re.fullmatch(r'bytes=(\d+)-(\d*)', self.headers.get('Range', ''))
        start = int(wanted[1]) if wanted else 0
        if body:
            hub.requests.append((name, start))
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header('Content-Range', f'bytes {start}-{len(data) - 1}/{len(data)}')
        self.send_header('ETag', f'"{hashlib.sha256(data).hexdigest()}"')
        self.send_header('X-Repo-Commit', COMMIT)
        self.send_header('Accept-Ranges', 'bytes')
        self.send_header('Content-Length', str(len(data) - start))
        self.end_headers()
        if not body:
            return
        first = data[start : start + hub.at_first]
        self.wfile.write(first)
        self.wfile.flush()
        if hub.at_first < len(data) - start:
            hub.stopped.set()
            hub.goes_on.wait(60)
        with suppress(ConnectionError):  # the client was killed
            self.wfile.write(data[start + len(first) :])

    def _send(self, data, body, kind):
        self.send_response(200)
        self.send_header('Content-Type', kind)
        self.send_header('X-Repo-Commit', COMMIT)
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data)


class Hub:
    """Files, and how they are served.

    Attributes:
        files: Content by name.
        at_first: Bytes of an answer that are sent before the server waits.
        stopped: Set when an answer waits.
        goes_on: To be set for it to go on.
        requests: Name and first byte of every file that was asked for.
    """

    def __init__(self, files, at_first=2**30):
        self.files, self.at_first = files, at_first
        self.stopped, self.goes_on = threading.Event(), threading.Event()
        self.requests = []


@contextmanager
def served(hub):
    """Serve files; gives the address."""
    server = ThreadingHTTPServer(('127.0.0.1', 0), _Handler)
    server.daemon_threads, server.hub = True, hub
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f'http://127.0.0.1:{server.server_port}'
    finally:
        hub.goes_on.set()
        server.shutdown()
        server.server_close()
