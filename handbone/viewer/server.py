"""The server of the viewer."""

import contextlib
import errno
import html
import os
import socket
import tempfile
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import uvicorn
from starlette.types import ASGIApp

from handbone.errors import HandboneError
from handbone.files import write_atomically

from .security import Guard, is_local, make_token

#: A page that leads to another one.
REDIRECTION = (
    '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={address}">'
    '<title>handbone</title><a href="{address}">handbone view</a>'
)


class ViewerServer(NamedTuple):
    """A server that is about to answer.

    Attributes:
        server: The server; ``server.should_exit = True`` ends it.
        listening: Its open port.
        address: Where a browser finds the page, with the token if there is one.
    """

    server: uvicorn.Server
    listening: socket.socket
    address: str

    def run(self) -> None:
        """Answer until the server is told to end, or the user interrupts."""
        self.server.run(sockets=[self.listening])


def prepare(
    app: ASGIApp, host: str = '127.0.0.1', port: int = 8421, names: tuple[str, ...] = ()
) -> ViewerServer:
    """Open the port for an application, behind the guard.

    Args:
        app: The application.
        host: The address to listen on. A token is asked for where others can reach the page: at an
            address that is not of this machine alone, or under further names.
        port: The port; 0 takes a free one.
        names: Further names under which this machine is reached.

    Returns:
        The server, not yet answering.

    Raises:
        HandboneError: The port is taken, or the address is none of this machine.
    """
    listening = listen(host, port)
    port = listening.getsockname()[1]
    # a further name is that of a proxy or a tunnel, which lets others in at a local address
    token = None if is_local(host) and not names else make_token()
    address = f'http://{_reachable(host)}:{port}/' + (f'?token={token}' if token else '')
    config = uvicorn.Config(
        Guard(app, host, port, token, names),
        log_level='error',
        access_log=False,
        lifespan='off',
        server_header=False,
    )
    return ViewerServer(uvicorn.Server(config), listening, address)


@contextlib.contextmanager
def opened_page(address: str) -> Iterator[None]:
    """Open the page in a browser, where there is one.

    Whoever is logged in on the machine can read the command lines of all processes. A browser that
    needs the token is therefore sent to a file that leads to the page, and that only its owner can
    read; it is there while the block runs.

    Args:
        address: Where the page is, with the token if there is one.

    Yields:
        Nothing.

    Raises:
        OSError: If the file cannot be written.
    """
    if not has_browser():
        yield
    elif not urlsplit(address).query:
        webbrowser.open(address)
        yield
    else:
        with tempfile.TemporaryDirectory(prefix='handbone-') as folder:
            path = Path(folder) / 'viewer.html'
            content = REDIRECTION.format(address=html.escape(address))
            write_atomically(path, content.encode(), owner_only=True)
            webbrowser.open(path.as_uri())
            yield


def listen(host: str, port: int) -> socket.socket:
    """Open the port.

    Args:
        host: The address to listen on.
        port: The port; 0 takes a free one.

    Returns:
        The socket.

    Raises:
        HandboneError: That is not possible; says why.
    """
    if not 0 <= port < 2**16:
        raise HandboneError(f'--port is a number from 0 to 65535, not {port}.')
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen()
    except OSError as error:
        raise HandboneError(_why(error, host, port)) from error
    return listening


def has_browser() -> bool:
    """Tell whether a browser can show a page here: on a server without a screen none can."""
    if not (os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY')):
        return os.name != 'posix' or os.uname().sysname == 'Darwin'
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def _why(error: OSError, host: str, port: int) -> str:
    number = error.errno
    if number == errno.EADDRINUSE:
        return f'Port {port} is taken: choose another one, or --port 0 for any that is free.'
    if number == errno.EACCES:
        return f'Port {port} is not for every user: choose one from 1024 on.'
    if isinstance(error, socket.gaierror) or number == errno.EADDRNOTAVAIL:
        return f'--host {host} is no address of this machine.'
    return f'The server cannot listen on {host}, port {port}: {error}.'


def _reachable(host: str) -> str:
    """Name the machine in an address that can be opened."""
    if host == '127.0.0.1':
        return 'localhost'
    if host in ('0.0.0.0', '::'):
        return socket.gethostname()
    return f'[{host}]' if ':' in host else host
