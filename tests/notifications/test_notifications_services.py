"""Messages arrive at a server that speaks each service's protocol, or are tried again."""

import json
import time
from email import message_from_string
from email.policy import default

import pytest
from local_services import local_mail

from handbone.errors import HandboneError
from handbone.notifications.delivery import Delivery
from handbone.notifications.destinations import Destination
from handbone.notifications.message import Message
from handbone.notifications.service import Service

SLACK = 'slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ'
DISCORD = 'discord://417429632418316298/JHZ7lQml277CDHmQKMHI8qBe7bk2ZwO5UKjCiOAF7711o33MyqU344Qpgv7YTpadV_js'
TELEGRAM = 'tgram://123456789:abcdefg_hijklmnop/12315544/'
MESSAGE = Message('Training finished', 'mDice 0.9470', 'success')


def service(address):
    return Service(Destination(address, 'notify.txt, line 1'))


def test_slack(slack_here):
    assert service(SLACK).send(MESSAGE) == (True, '')
    (path, body, _) = slack_here.requests[0]
    assert path == '/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ'
    assert 'Training finished' in body and 'mDice 0.9470' in body
    assert 'attachments' in json.loads(body)


def test_discord(slack_here):
    assert service(DISCORD).send(MESSAGE).sent
    (path, body, _) = slack_here.requests[0]
    assert path.startswith('/api/webhooks/417429632418316298/JHZ7')
    assert 'mDice 0.9470' in json.dumps(json.loads(body))


def test_a_long_message_is_split_where_the_service_has_a_limit(slack_here):
    lines = '\n'.join(f'0.9{number:03}  class {number}' for number in range(300))
    assert service(DISCORD).send(Message('Training finished', lines)).sent
    bodies = slack_here.texts('/api/webhooks')
    assert len(bodies) > 2 and 'class 0\\n' in bodies[0] and 'class 299' in bodies[-1]


def test_telegram(slack_here):
    assert service(TELEGRAM).send(MESSAGE).sent
    (path, body, _) = slack_here.requests[0]
    assert path == '/bot123456789:abcdefg_hijklmnop/sendMessage'
    assert json.loads(body)['chat_id'] == 12315544 and 'mDice 0.9470' in body


def test_mail():
    with local_mail() as server:
        port = server.server_address[1]
        address = f'mailto://127.0.0.1:{port}/?mode=insecure&from=a@b.example&to=c@d.example'
        assert service(address).send(MESSAGE).sent
        (text,) = server.mails
    mail = message_from_string(text, policy=default)
    assert mail['Subject'] == 'Training finished' and mail['To'].endswith('c@d.example')
    assert 'mDice 0.9470' in mail.get_body().get_content()


def test_a_name_that_is_not_utf_8_holds_up_nothing():
    with local_mail() as server:
        port = server.server_address[1]
        address = f'mailto://127.0.0.1:{port}/?mode=insecure&from=a@b.example&to=c@d.example'
        message = Message('Training starts: \udcbc', 'Work dir: 손/\udcbc\udcd5')
        assert service(address).send(message).sent
        (text,) = server.mails
    mail = message_from_string(text, policy=default)
    assert mail['Subject'] == 'Training starts: \ufffd'
    assert 'Work dir: 손/\ufffd\ufffd' in mail.get_body().get_content()


@pytest.mark.parametrize('address', ['slack://bad', 'nosuchservice://x', 'tgram://token/'])
def test_an_address_that_apprise_does_not_accept(address):
    with pytest.raises(
        HandboneError, match=r'^notify\.txt, line 1: Apprise does not accept this'
    ) as e:
        service(address)
    assert 'bad' not in str(e.value) and 'token' not in str(e.value)


@pytest.mark.parametrize(
    ('fault', 'reason'),
    [
        (401, '401'),
        (403, '403'),
        (500, '500'),
        ((429, {'Retry-After': '1'}), '429'),
    ],
)
def test_a_refusal_has_its_reason_without_the_secret(slack_here, fault, reason):
    slack_here.faults['/services'] = [fault]
    sent, text = service(SLACK).send(MESSAGE)
    assert not sent and reason in text
    assert not any(secret in text for secret in SLACK.split('/')[2:])


def test_a_secret_is_hidden_as_written_and_as_meant(monkeypatch):
    sending = service('json://anna:p%40ss%2Bword@127.0.0.1:9/')

    def refuse(**_):
        raise OSError('no login as anna with p%40ss%2Bword, p@ss+word')

    monkeypatch.setattr(sending._sender, 'notify', refuse)
    assert sending.send(MESSAGE) == (False, 'OSError: no login as anna with …, …')


def test_a_time_out(services):
    services.faults['/slow'] = [3.0]
    slow = service(f'json://127.0.0.1:{services.port}/slow/secretword?rto=0.2')
    begun = time.monotonic()
    sent, text = slow.send(MESSAGE)
    assert not sent and 'secretword' not in text
    assert time.monotonic() - begun < 2.5


def test_nobody_listens():
    sent, text = service('json://127.0.0.1:9/secretword').send(MESSAGE)
    assert not sent and text and 'secretword' not in text


def deliveries(address, reports):
    return Delivery(service(address), reports.append, first_pause=0.05)


def test_messages_are_tried_until_they_arrive_each_once_and_in_order(slack_here):
    slack_here.faults['/services'] = [(429, {'Retry-After': '1'}), 500, 401]
    reports = []
    delivery = deliveries(SLACK, reports)
    begun = time.monotonic()
    for number in range(3):
        delivery.add(Message('Training', f'number {number}'))
    assert time.monotonic() - begun < 0.05
    assert delivery.wait(20)
    taken = slack_here.texts('/services')
    assert [f'number {number}' in body for number, body in enumerate(taken)] == [True] * 3
    # one line when it begins and one when it ends, not one per attempt
    assert len(reports) == 2
    assert reports[0].startswith('Slack (notify.txt, line 1) did not take a message: ')
    assert '429' in reports[0] and reports[1] == 'Slack takes messages again'


def test_a_dead_service_does_not_hold_up_another(services):
    reports = []
    dead = deliveries('json://127.0.0.1:9/', reports)
    alive = deliveries(f'json://127.0.0.1:{services.port}/alive', reports)
    for delivery in (dead, alive):
        delivery.add(MESSAGE)
    assert alive.wait(20) and not dead.wait(0)
    assert len(services.texts('/alive')) == 1


def test_a_dead_service_does_not_fill_the_memory(services, monkeypatch):
    services.faults['/'] = [500]
    delivery = Delivery(service(f'json://127.0.0.1:{services.port}/'), lambda _: None, 0.5)
    for number in range(1000):
        delivery.add(Message('title', f'<{number}>'))
    assert delivery.wait(60)
    texts = services.texts()
    assert len(texts) <= 202 and '<999>' in texts[-1]
