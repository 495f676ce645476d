"""What the server answers: the page and its files, the list, pictures and masks by number."""

from importlib.resources import files

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from handbone.errors import HandboneError

from .catalogue import Catalogue

#: The files of the page, and their types. Nothing else of the package is served.
MEDIA_TYPES = {
    '.html': 'text/html; charset=utf-8',
    '.css': 'text/css; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
}
CHANGING = {'cache-control': 'no-store'}


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
        catalogue: What there is to show.
        title: What the page calls it.
    """

    def __init__(self, catalogue: Catalogue, title: str) -> None:
        self._catalogue = catalogue
        self._title = title
        self._assets = read_assets()

    def app(self) -> Starlette:
        """Make the application, to be run by a server."""
        routes = [
            Route('/', self._page),
            Route('/assets/{name}', self._asset),
            Route('/session', self._session),
            Route('/names', self._names),
            Route('/pictures/{index:int}', self._picture),
            Route('/masks/{index:int}', self._masks),
        ]
        return Starlette(routes=routes, exception_handlers={HandboneError: _one_line})

    def _page(self, request: Request) -> Response:
        return self._file('index.html')

    def _asset(self, request: Request) -> Response:
        return self._file(request.path_params['name'])

    def _file(self, name: str) -> Response:
        if name not in self._assets:
            return Response('There is no such file.', 404, media_type='text/plain')
        content, media_type = self._assets[name]
        return Response(content, media_type=media_type, headers={'cache-control': 'no-cache'})

    def _session(self, request: Request) -> Response:
        catalogue = self._catalogue
        session = {
            'title': self._title,
            'images': len(catalogue.gallery),
            'classes': catalogue.classes,
            'palette': catalogue.palette,
            'layers': [{'name': each.name, 'kind': each.kind} for each in catalogue.layers],
        }
        return JSONResponse(session, headers=CHANGING)

    def _names(self, request: Request) -> Response:
        return JSONResponse({'names': self._catalogue.gallery.names}, headers=CHANGING)

    def _picture(self, request: Request) -> Response:
        content, media_type = self._catalogue.picture(self._index(request))
        return Response(content, media_type=media_type, headers=CHANGING)

    def _masks(self, request: Request) -> Response:
        packet = self._catalogue.packet(self._index(request))
        return Response(packet, media_type='application/octet-stream', headers=CHANGING)

    def _index(self, request: Request) -> int:
        index = int(request.path_params['index'])
        if index >= len(self._catalogue.gallery):
            raise HandboneError(f'There is no image {index}.')
        return index


def _one_line(request: Request, error: Exception) -> Response:
    return JSONResponse({'error': str(error)}, 409, headers=CHANGING)
