"""KakaoTalk with its tokens in a file, which is renewed as the tokens are."""

import contextlib
import fcntl
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from handbone.errors import HandboneError
from handbone.extras import import_extra
from handbone.files import write_atomically
from handbone.owner_only_file import read_owner_only
from handbone.structure import Fields, check_structure, parse_json

from .destinations import settings_folder

#: handbone's extra that brings Apprise.
EXTRA = 'notify'
SCHEME = 'kakaofile'
#: What the file of tokens holds; times are seconds since 1970.
TOKENS = Fields(
    dict(client_id=str, refresh_token=str),
    dict(client_secret=(str, None), access_token=str, expires_at=dict),
)
SET_UP = 'handbone notify --kakao-login'


def default_token_file() -> Path:
    """Name the file of tokens that is read if the address names none.

    Returns:
        ``kakao.json`` in the folder of settings.
    """
    return settings_folder() / 'kakao.json'


class KakaoTokens:
    """The tokens of a Kakao account, in a JSON file that only its owner can read.

    It has the methods that Apprise's plugin needs of its store. Several trainings share the file.

    Args:
        path: The file.

    Raises:
        HandboneError: If there is none, others can read it, or it does not hold tokens.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._locked = False
        content = self._read()
        self.client_id: str = content['client_id']
        self.client_secret: str | None = content.get('client_secret')
        self.refresh_token: str = content['refresh_token']

    def get(self, key: str, default: Any = None) -> Any:
        """Get a token that is still valid.

        Args:
            key: ``access_token`` or ``refresh_token``.
            default: What to return if there is none.

        Returns:
            The token.
        """
        content = self._read()
        expires_at = content.get('expires_at', {}).get(key)
        if key not in content or (expires_at is not None and time.time() >= expires_at):
            return default
        return content[key]

    def set(self, key: str, value: str, expires: float | None = None) -> None:
        """Write a token.

        Args:
            key: ``access_token`` or ``refresh_token``.
            value: The token.
            expires: Seconds for which it is valid; ``None`` if that is not known.
        """
        with self.locked():
            content = self._read()
            content[key] = value
            expiries = content.setdefault('expires_at', {})
            expiries.pop(key, None)
            if expires is not None:
                expiries[key] = int(time.time() + expires)
            write_tokens(self.path, content)

    def clear(self, key: str) -> None:
        """Forget a token.

        Args:
            key: ``access_token``; a refresh token is only replaced.
        """
        with self.locked():
            content = self._read()
            if content.pop(key, None) is not None:
                content.get('expires_at', {}).pop(key, None)
                write_tokens(self.path, content)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other trainings from changing the file at the same time.

        Yields:
            Nothing.
        """
        if self._locked:
            yield
            return
        with self.path.with_name(f'.{self.path.name}.lock').open('a') as file:
            with contextlib.suppress(OSError):  # a network disk without locks
                fcntl.flock(file, fcntl.LOCK_EX)
            self._locked = True
            try:
                yield
            finally:
                self._locked = False

    def _read(self) -> dict[str, Any]:
        if not self.path.is_file():
            raise HandboneError(f'{self.path}: there is no such file; `{SET_UP}` writes it')
        content = parse_json(read_owner_only(self.path), str(self.path))
        check_structure(content, TOKENS, str(self.path))
        return content


def write_tokens(path: Path, content: dict[str, Any]) -> None:
    """Write a file of tokens.

    Args:
        path: The file.
        content: ``client_id``, ``refresh_token`` and so on.

    Raises:
        OSError: If it cannot be written; what was there before is kept.
    """
    text = json.dumps(content, indent=2, sort_keys=True) + '\n'
    write_atomically(path, text.encode(), owner_only=True)


def register_kakao_file() -> None:
    """Teach Apprise the addresses ``kakaofile://me`` and ``kakaofile://me/UUID?tokens=FILE``.

    Apprise's own plugin for KakaoTalk takes the tokens from the address and keeps renewed ones in
    memory. This one is the same with a file of tokens. ``auth`` and ``api`` in the address name
    servers other than Kakao's, such as a proxy.
    """
    from apprise.common import OverflowMode
    from apprise.manager_plugins import NotificationManager
    from apprise.plugins.base import NotifyBase
    from apprise.plugins.kakaotalk import NotifyKakaoTalk

    class NotifyKakaoFile(NotifyKakaoTalk):
        """KakaoTalk with a file of tokens."""

        secure_protocol = (SCHEME,)  # type: ignore[assignment]  # the parent has two names
        # a table of Dice would become a dozen messages of 200 characters
        overflow_mode = OverflowMode.TRUNCATE

        def __init__(
            self, tokens: str, auth: str | None = None, api: str | None = None, **kwargs: Any
        ) -> None:
            self._tokens = KakaoTokens(Path(tokens).expanduser())
            super().__init__(
                client_id=self._tokens.client_id,
                client_secret=self._tokens.client_secret,
                refresh_token=self._tokens.refresh_token,
                **kwargs,
            )
            self.token_url = _on_server(self.token_url, auth)
            self.notify_me_url = _on_server(self.notify_me_url, api)
            self.notify_friend_url = _on_server(self.notify_friend_url, api)

        @property
        def store(self) -> Any:
            """The tokens, in place of Apprise's own store."""
            return self._tokens

        def login(self) -> str | None:
            """Renew the access token, unless a different training has just done so."""
            with self._tokens.locked():
                return self._tokens.get('access_token') or super().login()

        def url(self, privacy: bool = False, *args: Any, **kwargs: Any) -> str:
            """The address, which holds no secrets."""
            return f'{SCHEME}://{"/".join(self.targets)}?tokens={self._tokens.path}'

        @staticmethod
        def parse_url(  # type: ignore[override]  # as in Apprise's own plugins
            url: str, verify_host: bool = False, plus_to_space: bool = False
        ) -> dict[str, Any] | None:
            """Take an address apart."""
            # not the plugin's own parser, which looks for tokens
            results = NotifyBase.parse_url(url, verify_host, plus_to_space)
            if not results:
                return None
            entries = NotifyKakaoTalk.split_path(results['fullpath'])
            results['targets'] = [results['host'], *entries]
            given = results['qsd']
            results['tokens'] = given.get('tokens') or str(default_token_file())
            results |= {key: given[key] for key in ('auth', 'api', 'link') if given.get(key)}
            return results

    manager = NotificationManager()
    if SCHEME not in manager:
        manager.add(NotifyKakaoFile)


def fresh_access_token(path: Path) -> str:
    """Get an access token, renewed if it has ended.

    Args:
        path: The file of tokens.

    Returns:
        The token.

    Raises:
        HandboneError: If Kakao does not renew it.
    """
    apprise = import_extra('apprise', EXTRA)
    register_kakao_file()
    address = f'{SCHEME}://me?tokens={quote(str(path), safe="")}'
    plugin = apprise.Apprise.instantiate(address, suppress_exceptions=False)
    token = plugin.store.get('access_token') or plugin.login()
    if not token:
        raise HandboneError(f'{path}: Kakao does not renew the access token: `{SET_UP}` once more')
    return str(token)


def _on_server(address: str, server: str | None) -> str:
    """Replace the server in an address of Kakao's, if a different one is named."""
    if not server:
        return address
    return server.rstrip('/') + '/' + address.partition('://')[2].partition('/')[2]
