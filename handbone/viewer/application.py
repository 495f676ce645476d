"""What the server answers: the page and its files, the list, pictures and masks by number."""

import json
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from handbone.errors import HandboneError, shown

from .export import TARGETS, export_marked
from .marks import KINDS
from .selection import Wish, select
from .sentences import Sentence, for_page, sentence_of
from .session import Session

#: The files of the page, and their types. Nothing else of the package is served.
MEDIA_TYPES = {
    '.html': 'text/html; charset=utf-8',
    '.css': 'text/css; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
}
CHANGING = {'cache-control': 'no-store'}
#: Bytes of what the page sends.
LONGEST_CONTENT = 2**14
#: Values of a column that the page offers to choose from.
MOST_VALUES = 30


class AsciiJson(JSONResponse):
    """JSON in ASCII, which also holds names of files that are not valid Unicode."""

    def render(self, content: Any) -> bytes:
        """Write the answer."""
        return json.dumps(content, allow_nan=False, separators=(',', ':')).encode()


def read_assets() -> dict[str, tuple[bytes, str]]:
    """Read the files of the page.

    Returns:
        Content and media type by name.
    """
    found = {}
    for file in (
        *files('handbone.viewer').joinpath('assets').iterdir(),
        *files('handbone.pages').iterdir(),
    ):
        suffix = '.' + file.name.rpartition('.')[2]
        if suffix in MEDIA_TYPES:
            found[file.name] = file.read_bytes(), MEDIA_TYPES[suffix]
    return found


class Application:
    """The answers of the viewer.

    Args:
        session: What there is to show.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._catalogue = session.catalogue
        self._assets = read_assets()

    def app(self) -> Starlette:
        """Make the application, to be run by a server."""
        routes = [
            Route('/', self._page),
            Route('/assets/{name}', self._asset),
            Route('/session', self._describe),
            Route('/names', self._names),
            Route('/order', self._order),
            Route('/pictures/{index:int}', self._picture),
            Route('/masks/{index:int}', self._masks),
            Route('/marks', self._mark, methods=['POST']),
            Route('/export', self._export, methods=['POST']),
        ]
        handlers: Any = {HandboneError: _one_line, OSError: _one_line}
        return Starlette(routes=routes, exception_handlers=handlers)

    def _page(self, request: Request) -> Response:
        return self._file('index.html')

    def _asset(self, request: Request) -> Response:
        return self._file(request.path_params['name'])

    def _file(self, name: str) -> Response:
        if name not in self._assets:
            return Response('There is no such file.', 404, media_type='text/plain')
        content, media_type = self._assets[name]
        return Response(content, media_type=media_type, headers={'cache-control': 'no-cache'})

    def _describe(self, request: Request) -> Response:
        session, catalogue = self._session, self._catalogue
        description = {
            'title': session.title,
            'classes': catalogue.classes,
            'palette': catalogue.palette,
            'layers': [{'name': each.name, 'kind': each.kind} for each in catalogue.layers],
            'columns': {name: _common(values) for name, values in session.columns.items()},
            'checks': session.findings.checks if session.findings else {},
            'patients': len(set(catalogue.gallery.patients)),
            'marks': KINDS,
            'targets': TARGETS,
        }
        return AsciiJson(description, headers=CHANGING)

    def _names(self, request: Request) -> Response:
        gallery = self._catalogue.gallery
        marks = self._session.marks
        names = {
            'names': gallery.names,
            'patients': gallery.patients,
            'marks': {index: mark for index, mark in enumerate(marks.all()) if mark},
            'notes': {index: note for index, note in enumerate(marks.notes()) if note},
        }
        return AsciiJson(names, headers=CHANGING)

    def _order(self, request: Request) -> Response:
        session = self._session
        order, values = select(
            _wish(dict(request.query_params)),
            self._catalogue.gallery,
            session.board,
            session.marks,
            session.columns,
            session.findings,
        )
        several = len(self._catalogue.layers) > 1
        answer = {
            'order': order,
            'values': values,
            'scored': int(session.board.done.sum()) if several else None,
            'predicted': int(session.predicting.done.sum()),
        }
        return AsciiJson(answer, headers=CHANGING)

    def _picture(self, request: Request) -> Response:
        with self._session.board.waiting():
            content, media_type = self._catalogue.picture(self._index(request.path_params['index']))
        return Response(content, media_type=media_type, headers=CHANGING)

    def _masks(self, request: Request) -> Response:
        index = self._index(request.path_params['index'])
        session = self._session
        if 'ahead' not in request.query_params:
            session.predicting.want(index)
        with session.board.waiting():
            head = {
                'findings': session.findings.of_image[index] if session.findings else (),
                'values': {name: values[index] for name, values in session.columns.items()},
            }
            packet = self._catalogue.packet(index, head)
        return Response(packet, media_type='application/octet-stream', headers=CHANGING)

    async def _mark(self, request: Request) -> Response:
        asked = await _content(request, {'index': int, 'mark': str, 'note': str})
        index = self._index(asked['index'])
        await run_in_threadpool(self._session.marks.set, index, asked['mark'], asked['note'])
        return AsciiJson({}, headers=CHANGING)

    async def _export(self, request: Request) -> Response:
        asked = await _content(request, {'mark': str, 'target': str, 'layer': int})
        written = await run_in_threadpool(
            export_marked,
            self._catalogue,
            self._session.marks,
            asked['mark'],
            asked['target'],
            asked['layer'],
            self._session.export_folder,
        )
        return AsciiJson(for_page(written), headers=CHANGING)

    def _index(self, index: int) -> int:
        if not 0 <= index < len(self._catalogue.gallery):
            raise HandboneError(
                Sentence('said_no_image', 'There is no image {number}.', number=index)
            )
        return index


def _wish(asked: dict[str, str]) -> Wish:
    """Read what the page asks for; words that are unknown are an error of the page."""
    values: dict[str, Any] = {}
    for name, default in Wish()._asdict().items():
        text = asked.get(name)
        if text is None:
            continue
        try:
            values[name] = text if isinstance(default, str) else type(default)(int(text))
        except ValueError as error:
            raise HandboneError(f'{name} is a number, not {shown(text)}.') from error
    return Wish(**values)


async def _content(request: Request, kinds: dict[str, type]) -> dict[str, Any]:
    """Read what the page sends: JSON of a few known values, which no form of another page makes."""
    if request.headers.get('content-type') != 'application/json':
        raise HandboneError('Changes are sent as JSON.')
    data = b''
    async for piece in request.stream():
        data += piece
        if len(data) > LONGEST_CONTENT:
            raise HandboneError('That is too long.')
    try:
        asked = json.loads(data)
    except ValueError as error:
        raise HandboneError('That is no JSON.') from error
    if not isinstance(asked, dict) or any(
        type(asked.get(name)) is not kind for name, kind in kinds.items()
    ):
        raise HandboneError(f'{", ".join(kinds)} are needed.')
    return asked


def _common(values: Any) -> list[str]:
    """List the values of a column to choose from, if they are few."""
    found = sorted({value for value in values if value})
    return found if len(found) <= MOST_VALUES else []


def _one_line(request: Request, error: Exception) -> Response:
    return AsciiJson({'error': for_page(sentence_of(error))}, 409, headers=CHANGING)
