"""A server on this machine that speaks what Slack, Discord, Telegram, Kakao and others speak."""

import contextlib
import json
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

KAKAO_CLIENT, KAKAO_SECRET = 'kakaoclient0123', 'kakaosecret4567'


class Services:
    """What the server took, and what it answers.

    ``faults`` are answers that come first, one per request to a path that begins with the key:
    a status, (status, headers), or seconds to be silent for.
    """

    def __init__(self):
        self.requests = []
        self.faults = {}
        self.refresh_tokens, self.access_tokens = {'refresh-one'}, {'access-one'}
        self.new_refresh_token = None
        self.expires_in = 21599

    def texts(self, path=''):
        """What was taken at a path, as one text per message."""
        return [body for where, body, status in self.requests if status == 200 and path in where]

    def wait_for(self, count, path='', seconds=20.0):
        """Wait until so many messages were taken."""
        limit = time.monotonic() + seconds
        while len(self.texts(path)) < count and time.monotonic() < limit:
            time.sleep(0.02)
        return self.texts(path)

    def answer(self, path, body, headers):
        """Status, headers and content of the answer."""
        for start, faults in self.faults.items():
            if path.startswith(start) and faults:
                fault = faults.pop(0)
                if isinstance(fault, float):
                    time.sleep(fault)
                    return 200, {}, b'ok'
                status, extra = fault if isinstance(fault, tuple) else (fault, {})
                return status, extra, b'{"ok": false, "error": "refused"}'
        if path == '/oauth/token':
            return self.answer_token(body)
        if path.startswith(('/v1/api/talk', '/v2/api/talk')):
            return self.answer_kakao(path, body, headers)
        if path.startswith('/services/'):
            return 200, {}, b'ok'
        if path.startswith('/api/webhooks/'):
            return 204, {}, b''
        if path.startswith('/bot'):
            return 200, {}, b'{"ok": true, "result": {"message_id": 1}}'
        return 200, {}, b'{}'

    def answer_token(self, body):
        form = {key: value for key, (value,) in parse_qs(body).items()}
        if form.get('client_id') != KAKAO_CLIENT or form.get('client_secret') != KAKAO_SECRET:
            return 401, {}, b'{"error": "invalid_client", "error_description": "Bad client"}'
        if form['grant_type'] == 'authorization_code':
            if form.get('code') != 'good-code' or form['redirect_uri'] != 'https://localhost':
                return 400, {}, b'{"error": "invalid_grant", "error_description": "code expired"}'
            more = dict(refresh_token='refresh-one', refresh_token_expires_in=5183999)
        elif form['refresh_token'] in self.refresh_tokens:
            more = {}
            if self.new_refresh_token:  # the old one stops working
                self.refresh_tokens = {self.new_refresh_token}
                more = dict(refresh_token=self.new_refresh_token, refresh_token_expires_in=5184000)
                self.new_refresh_token = None
        else:
            return 400, {}, b'{"error": "invalid_grant", "error_description": "token expired"}'
        token = f'access-{len(self.requests)}'
        self.access_tokens = {token}
        answer = dict(token_type='bearer', access_token=token, expires_in=self.expires_in)
        return 200, {}, json.dumps(answer | more).encode()

    def answer_kakao(self, path, body, headers):
        if headers.get('Authorization', '').removeprefix('Bearer ') not in self.access_tokens:
            return 401, {}, b'{"msg": "this access token is already expired", "code": -401}'
        if path == '/v1/api/talk/friends':
            friends = [dict(uuid='friend-uuid-1', profile_nickname='Kim')]
            return 200, {}, json.dumps(dict(elements=friends, total_count=1)).encode()
        form = {key: value for key, (value,) in parse_qs(body).items()}
        template = json.loads(form['template_object'])
        correct = template['object_type'] == 'text' and len(template['text']) <= 200
        correct = correct and template['link']['web_url'].startswith('https://')
        if 'friends' in path:
            uuids = json.loads(form['receiver_uuids'])
            correct = correct and isinstance(uuids, list) and 1 <= len(uuids) <= 5
            answer = dict(successful_receiver_uuids=uuids)
        else:
            answer = dict(result_code=0)
        if not correct:
            return 400, {}, b'{"msg": "template_object is not correct", "code": -2}'
        return 200, {}, json.dumps(answer).encode()


def handler_of(services):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get('Content-Length') or 0)).decode()
            status, headers, content = services.answer(self.path, body, self.headers)
            services.requests.append((self.path, body, 200 if status == 204 else status))
            with contextlib.suppress(ConnectionError):  # the client may not have waited
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header('Content-Length', str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_):
            pass

    return Handler


@contextlib.contextmanager
def local_services():
    """The server, at ``services.address``, while the block runs."""
    services = Services()
    server = ThreadingHTTPServer(('127.0.0.1', 0), handler_of(services))
    server.daemon_threads = True
    services.port = server.server_port
    services.address = f'http://127.0.0.1:{server.server_port}'
    thread = threading.Thread(target=server.serve_forever, kwargs=dict(poll_interval=0.02))
    thread.start()
    try:
        yield services
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class MailHandler(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs to send one mail."""

    def handle(self):
        self.answer('220 local')
        data = None
        for line in self.rfile:
            if data is not None:
                if line == b'.\r\n':
                    self.server.mails.append(b''.join(data).decode())
                    data = None
                    self.answer('250 taken')
                else:
                    data.append(line)
                continue
            word = line[:4].upper()
            if word == b'DATA':
                data = []
                self.answer('354 go on')
            elif word == b'QUIT':
                self.answer('221 bye')
                return
            else:
                self.answer('250 yes')

    def answer(self, text):
        self.wfile.write(f'{text}\r\n'.encode())


@contextlib.contextmanager
def local_mail():
    """A mail server with a list of its ``mails``, while the block runs."""
    with socketserver.ThreadingTCPServer(('127.0.0.1', 0), MailHandler) as server:
        server.daemon_threads = True
        server.mails = []
        thread = threading.Thread(target=server.serve_forever, kwargs=dict(poll_interval=0.02))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
