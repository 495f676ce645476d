"""When a service that is busy wants to be asked again.

Services answer 429 or 503 with the header ``Retry-After`` (RFC 9110, section 10.2.3). Apprise sends
through requests and shows nobody the headers of an answer, so the sessions of requests note them.
"""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from handbone.extras import import_extra

from .kakao_service import EXTRA

#: Answers of a service that takes nothing for the moment.
BUSY = (429, 503)

_heard: ContextVar[list[float] | None] = ContextVar('retry_after', default=None)


@contextlib.contextmanager
def pauses_heard() -> Iterator[list[float]]:
    """Note what busy services ask for while the block runs, in its threads too.

    Yields:
        Seconds, one number per answer that names them; filled while the block runs.
    """
    _listen()
    heard: list[float] = []
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)


def _listen() -> None:
    """Make the sessions that requests opens from now on note the header."""
    sessions = import_extra('requests.sessions', EXTRA)
    plain = sessions.Session
    if not issubclass(plain, _Listening):
        listening = type('ListeningSession', (_Listening, plain), {})
        sessions.Session = listening  # type: ignore[attr-defined]


class _Listening:
    """A session of requests that notes for how long a busy service wants to be left alone."""

    def send(self, request: Any, **settings: Any) -> Any:
        """Send a request, and look at its answer."""
        from urllib3.exceptions import InvalidHeader
        from urllib3.util import Retry

        answer = super().send(request, **settings)  # type: ignore[misc]
        heard, asked = _heard.get(), answer.headers.get('Retry-After')
        if heard is not None and answer.status_code in BUSY and asked:
            with contextlib.suppress(InvalidHeader):
                heard.append(Retry().parse_retry_after(asked))
        return answer
