"""A table in a Google Sheet: Google's own authentication, and the few calls of its Sheets API.

Not Google's client of the API: its transport repeats a request whose answer was lost, so that a row
would be appended twice.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from handbone.errors import HandboneError
from handbone.extras import import_extra
from handbone.owner_only_file import read_owner_only
from handbone.structure import Fields, check_structure, one_line, parse_json

from .keyed_table import Cell, KeyedTable, joined_columns, text_of

EXTRA = 'sheets'
VARIABLE = 'GOOGLE_APPLICATION_CREDENTIALS'
SCOPE = 'https://www.googleapis.com/auth/spreadsheets'
ACCOUNT = Fields(dict(client_email=str, private_key=str, token_uri=str))
ENDPOINT = 'https://sheets.googleapis.com'
#: Attempts where the quota is used up; the pauses double, from two seconds on.
ATTEMPTS = 6
#: Seconds to wait for an answer.
PATIENCE = 60
#: What to do, by the status of an answer.
REMEDIES = {
    400: 'is it the address of a Google Sheet?',
    401: 'is the key of the service account still valid?',
    403: 'share the sheet with {email}, which may edit it',
    404: 'is the address right, and is the sheet shared with {email}?',
    429: 'the quota of requests is used up; what is not written is written with the next row',
}


class GoogleSheet(KeyedTable):
    """A table in a Google Sheet: one tab, whose first row names the columns.

    Rows are found by their key, each right before it is written, so one that was written before a
    crash is not written twice, and rows that people insert meanwhile stay. Cells are stored as they
    are, never as formulas.

    Args:
        sheet: Id of the spreadsheet, from its address.
        tab: The tab, which is made where it is missing.
        account: Key file of the service account, readable for its owner alone.
        endpoint: Where the API is; by default Google's.

    Raises:
        HandboneError: If there is no key file, others can read it, or it is something else.
        MissingExtraError: If google-auth is not installed.
    """

    def __init__(
        self, sheet: str, tab: str, account: Path | None = None, endpoint: str | None = None
    ) -> None:
        self.sheet, self.tab = sheet, tab
        named = account or os.environ.get(VARIABLE)
        if not named:
            raise HandboneError(
                f'a Google Sheet needs the key file of a service account: set {VARIABLE}'
            )
        path = Path(named)
        key = parse_json(read_owner_only(path), str(path))
        check_structure(key, ACCOUNT, str(path))
        self._email = one_line(key['client_email'])
        from requests.adapters import HTTPAdapter
        from urllib3.util import Retry

        requests = import_extra('google.auth.transport.requests', EXTRA)
        accounts = import_extra('google.oauth2.service_account', EXTRA)
        try:
            credentials = accounts.Credentials.from_service_account_info(key, scopes=[SCOPE])
        except ValueError as error:
            raise HandboneError(f'{path} is not the key of a service account: {error}') from error
        self._session = requests.AuthorizedSession(credentials)
        # what was refused is sent again, what may have arrived is not
        retry = Retry(
            total=ATTEMPTS,
            read=0,
            status_forcelist=(429,),
            allowed_methods=None,
            backoff_factor=1,
            raise_on_status=False,
        )
        for scheme in ('https://', 'http://'):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))
        self._url = f'{endpoint or ENDPOINT}/v4/spreadsheets/{quote(sheet, safe="")}'

    def _put(self, rows: Sequence[Mapping[str, Cell]]) -> None:
        with self._errors():
            header = self._header(rows)
            for row in rows:
                header = self._put_row(row, header)

    def _put_row(self, row: Mapping[str, Cell], header: list[str]) -> list[str]:
        """Add or replace a row where it is now: people insert rows and columns meanwhile.

        Args:
            row: Its cells, with the key first.
            header: The first row of the tab, as it was a moment ago.

        Returns:
            The first row of the tab, as it is now.
        """
        key = next(iter(row))
        for _ in range(ATTEMPTS):
            column = header.index(key)
            letters = _letters(column)
            # both as they are at one moment, right before the row is written
            first, keys = self._get_several('1:1', f'{letters}:{letters}')
            header = joined_columns(next(iter(first), []), [row])
            if header == next(iter(first), []) and header.index(key) == column:
                break
            header = self._header([row])
        else:
            raise HandboneError(f'{self._place}: the header changes all the time')
        # null leaves a cell of a column that is not ours as it is
        cells = [text_or_number(row[name]) if name in row else None for name in header]
        there = [each[0] if each else '' for each in keys]
        wanted = text_of(row[key])
        if wanted in there:
            self._update(there.index(wanted) + 1, cells)
        else:
            self._append(cells)
        return header

    def rows(self) -> list[dict[str, str]]:
        """Read all rows; see :class:`KeyedTable`.

        Returns:
            Cells by column.

        Raises:
            HandboneError: If the sheet cannot be read; the message says what to do.
        """
        with self._errors():
            if self.tab not in self._tabs():
                return []
            header, *lines = self._get() or [[]]
            return [
                dict(zip(header, [*map(str, line), *[''] * len(header)], strict=False))
                for line in lines
            ]

    def _header(self, rows: Sequence[Mapping[str, Cell]]) -> list[str]:
        """Make sure that there are a tab and all columns."""
        if self.tab not in self._tabs():
            self._add_tab()
        there = next(iter(self._get('1:1')), [])
        # another machine may add its columns at the same time, so it is read again
        for _ in range(ATTEMPTS):
            wanted = joined_columns(there, rows)
            if wanted == there:
                return wanted
            self._update(1, wanted)
            there = next(iter(self._get('1:1')), [])
        raise HandboneError(f'{self._place}: the header changes all the time')

    def _tabs(self) -> list[str]:
        answer = self._call('GET', '?fields=sheets.properties.title')
        return [each['properties']['title'] for each in answer.get('sheets', [])]

    def _add_tab(self) -> None:
        body = dict(requests=[dict(addSheet=dict(properties=dict(title=self.tab)))])
        self._call('POST', ':batchUpdate', body)

    def _get(self, cells: str = '') -> list[list[str]]:
        values: list[list[str]] = self._call('GET', self._values(cells)).get('values', [])
        return values

    def _get_several(self, *cells: str) -> list[list[list[str]]]:
        """Read several ranges at one moment."""
        names = '&'.join(f'ranges={quote(self._range(each), safe="")}' for each in cells)
        found = self._call('GET', f'/values:batchGet?{names}').get('valueRanges', [])
        return [each.get('values', []) for each in found]

    def _update(self, line: int, cells: Sequence[Any]) -> None:
        place = self._values(f'A{line}:{_letters(len(cells) - 1)}{line}')
        self._call('PUT', f'{place}?valueInputOption=RAW', dict(values=[list(cells)]))

    def _append(self, cells: Sequence[Any]) -> None:
        options = 'valueInputOption=RAW&insertDataOption=INSERT_ROWS'
        self._call('POST', f'{self._values("A1")}:append?{options}', dict(values=[list(cells)]))

    def _call(self, method: str, path: str, body: dict | None = None) -> dict[str, Any]:
        response = self._session.request(method, self._url + path, json=body, timeout=PATIENCE)
        try:
            answer = response.json()
        except ValueError:
            answer = {}
        if response.ok and isinstance(answer, dict):
            return answer
        error = answer.get('error') if isinstance(answer, dict) else None
        reason = error.get('message') if isinstance(error, dict) else response.reason
        remedy = REMEDIES.get(response.status_code, 'try again later').format(email=self._email)
        raise HandboneError(f'{self._place}: {one_line(reason)} ({response.status_code}); {remedy}')

    def _values(self, cells: str) -> str:
        """Name a range in a path."""
        return f'/values/{quote(self._range(cells), safe="")}'

    def _range(self, cells: str) -> str:
        quoted = self.tab.replace("'", "''")
        return f"'{quoted}'!{cells}" if cells else f"'{quoted}'"

    @property
    def _place(self) -> str:
        return f'Google Sheet {self.sheet}, tab {self.tab}'

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn errors of the connection into one line without anything secret."""
        from google.auth.exceptions import GoogleAuthError
        from requests import RequestException

        try:
            yield
        except GoogleAuthError as error:
            raise HandboneError(
                f'{self._place}: the service account {self._email} is not accepted '
                f'({one_line(error.args[0] if error.args else error)})'
            ) from error
        except RequestException as error:
            raise HandboneError(f'{self._place} is not reachable: {one_line(error)}') from error


def text_or_number(value: Cell) -> str | int | float:
    """Write a cell as the API takes it: JSON has no NaN."""
    return value if isinstance(value, int) or (value is not None and value == value) else ''


def _letters(column: int) -> str:
    """Name a column, counted from 0.

    >>> _letters(0), _letters(25), _letters(26), _letters(701), _letters(702)
    ('A', 'Z', 'AA', 'ZZ', 'AAA')
    """
    letters = ''
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord('A') + rest) + letters
    return letters
