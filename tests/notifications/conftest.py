"""Fixtures of the tests of notifications."""

import pytest
from local_services import KAKAO_CLIENT, KAKAO_SECRET, local_services

pytest.importorskip('apprise', reason='needs pip install "handbone[notify]"')


@pytest.fixture
def services():
    """A server that speaks the services' protocols."""
    with local_services() as server:
        yield server


@pytest.fixture
def slack_here(services, monkeypatch):
    """Slack, Discord and Telegram at the local server."""
    from apprise.plugins.discord import NotifyDiscord
    from apprise.plugins.slack import NotifySlack
    from apprise.plugins.telegram import NotifyTelegram

    monkeypatch.setattr(NotifySlack, 'webhook_url', f'{services.address}/services')
    monkeypatch.setattr(NotifySlack, 'request_rate_per_sec', 0)
    monkeypatch.setattr(NotifyDiscord, 'notify_url', f'{services.address}/api/webhooks')
    monkeypatch.setattr(NotifyTelegram, 'notify_url', f'{services.address}/bot')
    return services


@pytest.fixture
def kakao(services, tmp_path, monkeypatch):
    """The address of KakaoTalk at the local server, and its file of tokens."""
    from apprise.plugins.kakaotalk import NotifyKakaoTalk

    from handbone.notifications.kakao_service import write_tokens

    monkeypatch.setattr(NotifyKakaoTalk, 'request_rate_per_sec', 0)
    path = tmp_path / 'kakao.json'
    write_tokens(
        path,
        dict(
            client_id=KAKAO_CLIENT,
            client_secret=KAKAO_SECRET,
            refresh_token='refresh-one',
            access_token='access-one',
            expires_at=dict(access_token=4e9),
        ),
    )
    servers = f'auth={services.address}&api={services.address}'
    return f'kakaofile://me?tokens={path}&{servers}', path
