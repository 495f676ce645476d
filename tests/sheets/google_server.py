"""A server that speaks the few calls of Google's Sheets API, on this machine."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

CELLS = re.compile(r"'((?:[^']|'')*)'(?:!(?:([A-Z]+)?(\d+)?(?::([A-Z]+)?(\d+)?)?))?$")


def number_of(letters):
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord('A') + 1
    return number - 1


class SheetsServer(ThreadingHTTPServer):
    """One spreadsheet, and faults on demand.

    ``answers`` are status codes that the next calls get instead of an answer; 'lost' does what was
    asked and closes the connection without saying so. A function is called after the answer is
    found, as somebody else who works on the sheet.
    """

    def __init__(self):
        self.tabs, self.calls, self.answers, self.tokens = {}, [], [], 0
        self.valid = set()
        super().__init__(('127.0.0.1', 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f'http://127.0.0.1:{self.server_port}'

    def handle_error(self, request, client_address):
        """Stay quiet about lost connections."""


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):  # noqa: N802
        self.answer('GET')

    def do_PUT(self):  # noqa: N802
        self.answer('PUT')

    def do_POST(self):  # noqa: N802
        self.answer('POST')

    def answer(self, method):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        url = urlsplit(self.path)
        if url.path == '/token':
            self.token(parse_qs(body.decode()))
            return
        content = json.loads(body) if body else {}
        self.server.calls.append((method, unquote(url.path), content))
        if self.headers.get('Authorization', '').removeprefix('Bearer ') not in self.server.valid:
            self.refuse(401, 'Request had invalid authentication credentials.')
            return
        fault = self.server.answers.pop(0) if self.server.answers else None
        if isinstance(fault, int):
            self.refuse(fault, 'The caller does not have permission\n(or so)')
            return
        result = self.sheet(method, unquote(url.path), content, parse_qs(url.query))
        if callable(fault):
            fault()
        if fault == 'lost':
            self.close_connection = True
            self.connection.close()
            return
        self.send(200, result)

    def token(self, form):
        assert form['grant_type'] == ['urn:ietf:params:oauth:grant-type:jwt-bearer']
        assert form['assertion'][0].count('.') == 2
        self.server.tokens += 1
        name = f'token{self.server.tokens}'
        self.server.valid = {name}
        self.send(200, dict(access_token=name, expires_in=3600, token_type='Bearer'))

    def sheet(self, method, path, content, query):
        assert path.startswith('/v4/spreadsheets/SHEET'), path
        rest = path.removeprefix('/v4/spreadsheets/SHEET')
        tabs = self.server.tabs
        if rest == '':
            return dict(sheets=[dict(properties=dict(title=title)) for title in tabs])
        if rest == ':batchUpdate':
            (request,) = content['requests']
            tabs[request['addSheet']['properties']['title']] = []
            return dict(replies=[{}])
        if rest == '/values:batchGet':
            places = [CELLS.match(place).groups() for place in query['ranges']]
            return dict(valueRanges=[self.get(tabs[tab], *cells) for tab, *cells in places])
        place = rest.removeprefix('/values/')
        if method == 'POST':
            place = place.removesuffix(':append')
        tab, first_column, first_row, last_column, last_row = CELLS.match(place).groups()
        rows = tabs[tab.replace("''", "'")]
        if method == 'GET':
            return self.get(rows, first_column, first_row, last_column, last_row)
        assert query['valueInputOption'] == ['RAW']
        (cells,) = content['values']
        if method == 'POST':
            rows.append([('' if cell is None else cell) for cell in cells])
            return dict(updates={})
        index = int(first_row) - 1
        rows.extend([] for _ in range(index + 1 - len(rows)))
        row = rows[index]
        row.extend([''] * (len(cells) - len(row)))
        for column, cell in enumerate(cells):
            if cell is not None:  # null leaves a cell as it is
                row[column] = cell
        return {}

    def get(self, rows, first_column, first_row, last_column, last_row):
        start = number_of(first_column) if first_column else 0
        end = number_of(last_column) + 1 if last_column else None
        chosen = rows[int(first_row) - 1 : int(last_row or first_row)] if first_row else rows
        values = [list(map(str, row[start:end])) for row in chosen]
        return dict(values=values) if any(values) else {}

    def refuse(self, status, message):
        self.send(status, dict(error=dict(code=status, message=message, status='X')))

    def send(self, status, content):
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)
