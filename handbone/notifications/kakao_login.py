"""The first tokens of KakaoTalk, for which its owner must agree once in a browser."""

import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from handbone.errors import HandboneError, shown
from handbone.extras import import_extra
from handbone.structure import Fields, check_structure

from .kakao_service import EXTRA, write_tokens

AUTHORIZATION = 'https://kauth.kakao.com/oauth/authorize'
TOKENS = 'https://kauth.kakao.com/oauth/token'
FRIENDS = 'https://kapi.kakao.com/v1/api/talk/friends'
#: Where the browser goes after the agreement; nothing needs to answer there.
REDIRECT = 'https://localhost'
#: Seconds to wait for an answer.
SECONDS = 10.0
TOKEN_ANSWER = Fields(
    dict(access_token=str, refresh_token=str, expires_in=int), dict(refresh_token_expires_in=int)
)
FRIENDS_ANSWER = Fields(dict(elements=[Fields(dict(uuid=str), dict(profile_nickname=str))]))


def authorization_address(client_id: str, friends: bool = False) -> str:
    """Make the address at which the owner of the account agrees.

    Args:
        client_id: The REST API key of the application.
        friends: Whether messages will go to friends as well.

    Returns:
        The address, for a browser.
    """
    query = dict(
        response_type='code',
        client_id=client_id,
        redirect_uri=REDIRECT,
        scope='talk_message,friends' if friends else 'talk_message',
    )
    return f'{AUTHORIZATION}?{urlencode(query)}'


def code_of(address: str) -> str:
    """Find the code in the address to which the browser was sent.

    Args:
        address: The address, or the code alone.

    Returns:
        The code.

    Raises:
        HandboneError: If it has none.
    """
    address = address.strip()
    if '://' not in address and '=' not in address and address:
        return address
    found = parse_qs(urlsplit(address).query)
    if 'code' not in found:
        reason = ''.join(found.get('error_description', found.get('error', [])))
        raise HandboneError(
            f'there is no code=… in the address{f" ({shown(reason)})" if reason else ""}: copy all '
            'of it from the address bar, after you have agreed'
        )
    return found['code'][0]


def fetch_first_tokens(
    client_id: str, client_secret: str | None, code: str, path: Path, server: str | None = None
) -> None:
    """Exchange a code for tokens and write them into a file that only its owner can read.

    Args:
        client_id: The REST API key of the application.
        client_secret: Its client secret, if it has one.
        code: The code, valid for a few minutes and once.
        path: The file.
        server: Address of the exchange; Kakao's by default.

    Raises:
        HandboneError: If Kakao refuses or cannot be reached.
        OSError: If the file cannot be written.
    """
    form = dict(
        grant_type='authorization_code', client_id=client_id, redirect_uri=REDIRECT, code=code
    )
    if client_secret:
        form['client_secret'] = client_secret
    answer = _ask('POST', server or TOKENS, data=form)
    check_structure(answer, TOKEN_ANSWER, 'the answer of Kakao')
    now = round(time.time())
    expires_at = dict(access_token=now + answer['expires_in'])
    if 'refresh_token_expires_in' in answer:
        expires_at['refresh_token'] = now + answer['refresh_token_expires_in']
    content = dict(
        client_id=client_id,
        client_secret=client_secret,
        access_token=answer['access_token'],
        refresh_token=answer['refresh_token'],
        expires_at=expires_at,
    )
    write_tokens(path, content)


def list_friends(access_token: str, server: str | None = None) -> list[tuple[str, str]]:
    """List the friends to whom the application may send messages.

    Args:
        access_token: A valid one.
        server: Address of the list; Kakao's by default.

    Returns:
        UUID and name of each.

    Raises:
        HandboneError: If Kakao refuses or cannot be reached.
    """
    headers = dict(Authorization=f'Bearer {access_token}')
    answer = _ask('GET', server or FRIENDS, headers=headers)
    check_structure(answer, FRIENDS_ANSWER, 'the answer of Kakao')
    return [(each['uuid'], each.get('profile_nickname', '')) for each in answer['elements']]


def _ask(method: str, address: str, **given: Any) -> Any:
    """Ask Kakao; errors show its explanation, but nothing that was sent."""
    requests = import_extra('requests', EXTRA)
    try:
        response = requests.request(method, address, timeout=SECONDS, **given)
        answer = response.json()
    except requests.RequestException as error:
        raise HandboneError(
            f'{urlsplit(address).netloc} does not answer as it should '
            f'({type(error).__name__}): try again, or look at the network'
        ) from error
    if response.status_code != 200:
        reason = ''
        if isinstance(answer, dict):
            reason = str(answer.get('error_description') or answer.get('msg') or '')
        raise HandboneError(
            f'Kakao refused with status {response.status_code} ({shown(reason)}): look at the keys '
            'and at the redirect address of the application (docs/notifications.md)'
        )
    return answer
