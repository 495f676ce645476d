"""Who may ask the viewer for anything: this page in this browser, and nobody else.

A page of another site can make a browser send requests to a server on this machine, and, by letting
its own name resolve to 127.0.0.1, even read the answers. Therefore the name in ``Host`` must be one
of this server, ``Origin`` must be the server itself, and requests that a browser marks as coming
from elsewhere are refused. A server that others can reach also wants a token.
"""

import hmac
import ipaddress
import secrets
import socket
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: The page takes what it needs from the server alone, and nobody else may frame it.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
}
TOKEN_BYTES = 24


def is_local(host: str) -> bool:
    """Tell whether an address that a server listens on is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == 'localhost'


def make_token() -> str:
    """Make a token that nobody can guess."""
    return secrets.token_urlsafe(TOKEN_BYTES)


class Guard:
    """Lets only those requests through that come from the viewer's own page.

    Args:
        app: The application behind it.
        host: The address that the server listens on.
        port: Its port, which tells the cookies of several viewers apart.
        token: What a browser must know; None asks for nothing.
        names: Further names under which this machine is reached.
    """

    def __init__(
        self,
        app: ASGIApp,
        host: str,
        port: int,
        token: str | None = None,
        names: tuple[str, ...] = (),
    ) -> None:
        self._app, self._token = app, token
        self._local = is_local(host)
        self._names = {'localhost', host.lower(), *(name.lower() for name in names)}
        if not self._local:
            self._names |= {socket.gethostname().lower(), socket.getfqdn().lower()}
        self._cookie = f'handbone-{port}'

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope['type'] != 'http':
            if scope['type'] == 'lifespan':
                await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message['type'] == 'http.response.start':
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        answer = self._refusal(Request(scope))
        await (answer or self._app)(scope, receive, send_with_headers)

    def _refusal(self, request: Request) -> Response | None:
        """Find out what is wrong with a request; None if nothing is."""
        headers = request.headers
        if not self._is_ours(headers.get('host', '')):
            return PlainTextResponse(
                'This is not an address of the viewer: open the one that `handbone view` printed, '
                'or start it with --name and the name of this address.',
                421,
            )
        if _is_foreign(headers, request.url.path):
            return PlainTextResponse('Requests from other pages are refused.', 403)
        if self._token is None:
            return None
        given = request.query_params.get('token')
        if request.url.path == '/' and given is not None and self._is_token(given):
            answer = RedirectResponse('/', 303)
            # 'strict' would keep it from the page that a link in a web mail leads to
            answer.set_cookie(self._cookie, given, httponly=True, samesite='lax')
            return answer
        if self._is_token(request.cookies.get(self._cookie, '')):
            return None
        return PlainTextResponse(
            'Open the address that `handbone view` printed: it ends in the token.', 401
        )

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), str(self._token).encode())

    def _is_ours(self, host: str) -> bool:
        """Tell whether a Host header names this server; an address cannot be rebound."""
        try:
            name = urlsplit(f'//{host}').hostname or ''
            address = ipaddress.ip_address(name)
        except ValueError:
            return bool(host) and name.lower().rstrip('.') in self._names
        return address.is_loopback or not self._local


def _is_foreign(headers: Headers, path: str) -> bool:
    """Tell whether a page of another origin has made a browser ask."""
    origin = headers.get('origin')
    if origin is not None and urlsplit(origin).netloc != headers.get('host'):
        return True
    site = headers.get('sec-fetch-site', 'none')
    opened = path == '/' and headers.get('sec-fetch-mode') == 'navigate'
    return site not in ('none', 'same-origin') and not opened
