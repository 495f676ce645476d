"""KakaoTalk: tokens in a file of their owner, renewed as Kakao wants it."""

import json
import os
import stat
import time
from urllib.parse import parse_qs

import pytest
from local_services import KAKAO_CLIENT, KAKAO_SECRET

from handbone.errors import HandboneError
from handbone.notifications.destinations import Destination
from handbone.notifications.kakao_login import (
    authorization_address,
    code_of,
    fetch_first_tokens,
    list_friends,
)
from handbone.notifications.kakao_service import KakaoTokens, write_tokens
from handbone.notifications.message import Message
from handbone.notifications.service import Service

MESSAGE = Message('Training finished', 'mDice 0.9470')


def service(address):
    return Service(Destination(address, '$HANDBONE_NOTIFY'))


def change(path, **values):
    content = json.loads(path.read_text())
    write_tokens(path, content | values)


def sent_texts(services, path='/v2/api/talk/memo/default/send'):
    forms = [parse_qs(body) for body in services.texts(path)]
    return [json.loads(form['template_object'][0])['text'] for form in forms]


def test_to_me(services, kakao):
    address, _ = kakao
    assert service(address).send(MESSAGE).sent
    (text,) = sent_texts(services)
    assert 'Training finished' in text and 'mDice 0.9470' in text
    assert services.texts('/oauth/token') == []  # the token is valid for long


def test_a_long_message_is_cut_to_the_200_characters_that_kakao_takes(services, kakao):
    assert service(kakao[0]).send(Message('Training finished', 'mDice 0.9470\n' * 50)).sent
    (text,) = sent_texts(services)
    assert len(text) <= 200 and text.startswith('Training finished')


def test_to_friends(services, kakao):
    address, _ = kakao
    friends = address.replace('kakaofile://me', 'kakaofile://friend-uuid-1/friend-uuid-2/me')
    assert service(friends).send(MESSAGE).sent
    bodies = services.texts('/v1/api/talk/friends/message/default/send')
    uuids = [json.loads(parse_qs(body)['receiver_uuids'][0]) for body in bodies]
    assert sum(uuids, []) == ['friend-uuid-1', 'friend-uuid-2']
    assert len(sent_texts(services)) == 1


def test_a_token_is_renewed_before_it_ends(services, kakao):
    address, path = kakao
    change(path, expires_at=dict(access_token=time.time() - 1))
    services.access_tokens = set()
    services.expires_in = 100
    assert service(address).send(MESSAGE).sent
    (form,) = map(parse_qs, services.texts('/oauth/token'))
    assert form['grant_type'] == ['refresh_token'] and form['refresh_token'] == ['refresh-one']
    content = json.loads(path.read_text())
    assert content['access_token'] in services.access_tokens
    # a minute before its end, the next message renews it
    left = content['expires_at']['access_token'] - time.time()
    assert 0 < left <= 60
    assert content['refresh_token'] == 'refresh-one'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_new_refresh_token_replaces_the_old_one_for_all_trainings(services, kakao):
    address, path = kakao
    other = service(address)  # of a training that has read the old one
    change(path, expires_at=dict(access_token=0))
    services.new_refresh_token, services.access_tokens = 'refresh-two', set()
    assert service(address).send(MESSAGE).sent
    assert json.loads(path.read_text())['refresh_token'] == 'refresh-two'
    change(path, expires_at=dict(access_token=0))
    assert other.send(MESSAGE).sent
    forms = [parse_qs(body) for body in services.texts('/oauth/token')]
    assert [form['refresh_token'][0] for form in forms] == ['refresh-one', 'refresh-two']


def test_a_refused_token_is_renewed_at_the_next_attempt(services, kakao):
    address, _ = kakao
    services.access_tokens = set()
    messenger = service(address)
    first = messenger.send(MESSAGE)
    assert not first.sent and 'already expired' in first.reason
    assert messenger.send(MESSAGE).sent


def test_a_refresh_token_that_has_ended(services, kakao):
    address, path = kakao
    services.refresh_tokens, services.access_tokens = set(), set()
    change(path, access_token='', expires_at=dict(access_token=0))
    sent, reason = service(address).send(MESSAGE)
    assert not sent and 'token expired' in reason
    assert 'refresh-one' not in reason and KAKAO_SECRET not in reason


def test_a_token_file_that_others_can_read(kakao):
    address, path = kakao
    path.chmod(0o640)
    with pytest.raises(HandboneError, match='others can read it .mode 640.: chmod 600'):
        service(address)


@pytest.mark.parametrize(
    ('content', 'fault'),
    [
        (b'', 'not JSON'),
        (b'{"client_id": "a"}', 'refresh_token'),
        (b'{"client_id": 3, "refresh_token": "b"}', 'client_id'),
        (b'\xff', 'UTF-8'),
        (None, 'there is no such file; `handbone notify --kakao-login` writes it'),
    ],
)
def test_a_token_file_that_is_none(kakao, content, fault):
    address, path = kakao
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(HandboneError, match=fault) as caught:
        service(address)
    assert str(path) in str(caught.value)


def test_tokens_of_a_full_disk_stay(kakao, full_disk):
    _, path = kakao
    before = path.read_bytes()
    with pytest.raises(OSError, match='No space left'):
        KakaoTokens(path).set('access_token', 'new', 100)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir() if each.suffix == '.part'] == []


def test_nobody_can_read_the_file_while_it_is_written(tmp_path, monkeypatch):
    modes = []
    flush = os.fsync
    monkeypatch.setattr(
        os, 'fsync', lambda number: modes.append(os.fstat(number).st_mode) or flush(number)
    )
    unfinished = tmp_path / '.kakao.json.part'
    unfinished.write_bytes(b'left over')  # which others could have opened
    write_tokens(tmp_path / 'kakao.json', dict(client_id='a', refresh_token='b'))
    assert stat.S_IMODE(modes[0]) == 0o600


def test_the_first_tokens(services, tmp_path):
    address = authorization_address(KAKAO_CLIENT, friends=True)
    assert 'redirect_uri=https%3A%2F%2Flocalhost' in address and 'talk_message%2Cfriends' in address
    code = code_of('https://localhost/?code=good-code')
    path = tmp_path / 'settings' / 'kakao.json'
    server = f'{services.address}/oauth/token'
    fetch_first_tokens(KAKAO_CLIENT, KAKAO_SECRET, code, path, server)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    tokens = KakaoTokens(path)
    assert tokens.refresh_token == 'refresh-one'
    friends = list_friends(tokens.get('access_token'), f'{services.address}/v1/api/talk/friends')
    assert friends == [('friend-uuid-1', 'Kim')]


def test_kakao_refuses_the_code(services, tmp_path):
    server = f'{services.address}/oauth/token'
    with pytest.raises(HandboneError, match='status 400 .*code expired') as caught:
        fetch_first_tokens(KAKAO_CLIENT, KAKAO_SECRET, 'old', tmp_path / 'a.json', server)
    assert KAKAO_SECRET not in str(caught.value) and not (tmp_path / 'a.json').exists()
    with pytest.raises(HandboneError, match=r'127\.0\.0\.1:9 does not answer'):
        fetch_first_tokens('a', 'b', 'c', tmp_path / 'a.json', 'http://127.0.0.1:9/oauth/token')


@pytest.mark.parametrize(
    'text', ['https://localhost/?error=access_denied', '', 'https://localhost']
)
def test_an_address_without_a_code(text):
    with pytest.raises(HandboneError, match='no code='):
        code_of(text)
