"""The viewer answers its own page and nobody else, with the files of its data and no others."""

import html
import http.client
import json
import re
import shutil
import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from answering import answering
from made_squares import NAMES

from benchmarks.harness.chromium import chromium, opened
from handbone.viewer import server
from handbone.viewer.application import Application
from handbone.viewer.sources import open_sources

TROUBLE = 'x<img src=a onerror="document.title=1">.png'


def ask(address, path='/', method='GET', **headers):
    """Ask as no browser would: the headers are as given. Gives status, headers and content."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection('127.0.0.1', parts.port, timeout=10)
    headers = {name.replace('_', '-'): value for name, value in headers.items()}
    connection.putrequest(method, path, skip_host='Host' in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers, content


def test_the_page_asks_for_nothing_from_elsewhere(viewer):
    status, headers, _ = ask(viewer)
    assert status == 200
    policy = headers['content-security-policy']
    assert "default-src 'none'" in policy and 'unsafe' not in policy and '*' not in policy
    assert headers['x-content-type-options'] == 'nosniff'
    assert 'access-control-allow-origin' not in headers


@pytest.mark.parametrize(
    'name', ['evil.example', 'evil.example:8421', '10.0.0.1', '', 'localhost.x']
)
def test_a_name_that_resolves_here_is_not_enough(viewer, name):
    assert ask(viewer, Host=name)[0] == 421


@pytest.mark.parametrize('name', ['localhost', 'localhost:9000', '127.0.0.1:1', '[::1]:8421'])
def test_a_forwarded_port_of_this_machine_is_fine(viewer, name):
    assert ask(viewer, Host=name)[0] == 200


@pytest.mark.parametrize('path', ['/', '/names', '/masks/0', '/pictures/0'])
def test_pages_of_other_origins_are_refused(viewer, path):
    assert ask(viewer, path, Origin='http://evil.example')[0] == 403
    assert ask(viewer, path, Origin='null')[0] == 403
    assert ask(viewer, path, Sec_Fetch_Site='cross-site', Sec_Fetch_Mode='no-cors')[0] == 403
    assert ask(viewer, path, Sec_Fetch_Site='same-site', Sec_Fetch_Mode='cors')[0] == 403
    own = f'http://localhost:{urlsplit(viewer).port}'
    assert ask(viewer, path, Host=own[7:], Origin=own)[0] == 200


def test_a_link_on_another_page_may_open_the_page(viewer):
    assert ask(viewer, '/', Sec_Fetch_Site='cross-site', Sec_Fetch_Mode='navigate')[0] == 200
    asked = ask(viewer, '/names', Sec_Fetch_Site='cross-site', Sec_Fetch_Mode='navigate')
    assert asked[0] == 403


@pytest.mark.parametrize(
    'path',
    [
        '/assets/../application.py',
        '/assets/..%2fapplication.py',
        '/assets/%2e%2e/application.py',
        '/assets//etc/passwd',
        '/assets/%2fetc%2fpasswd',
        '/assets/messages_en.js%00.py',
        '/pictures/../../etc/passwd',
        '/pictures/-1',
        '/pictures/0.png',
        '/pictures/%2fetc%2fpasswd',
        '/pictures/3',
        '/masks/99999999999999999999',
    ],
)
def test_no_path_of_a_client_is_opened(viewer, path):
    status, _, content = ask(viewer, path)
    assert status in (404, 409)
    assert len(content) < 200 and b'root:' not in content and b'import' not in content


def test_other_machines_need_the_token(session):
    with answering(Application(session).app(), '0.0.0.0') as address:
        token = urlsplit(address).query.removeprefix('token=')
        assert len(token) >= 32
        for path in ('/', '/names', '/pictures/0', '/masks/0', '/assets/main.js'):
            assert ask(address, path)[0] == 401
        assert ask(address, '/?token=' + 'x' * len(token))[0] == 401
        assert ask(address, f'/names?token={token}')[0] == 401
        status, headers, _ = ask(address, f'/?token={token}')
        assert status == 303 and headers['location'] == '/'
        cookie = headers['set-cookie']
        # strict cookies are not sent on when a link of another site leads to the redirect
        assert 'HttpOnly' in cookie and 'SameSite=lax' in cookie
        known = cookie.partition(';')[0]
        assert json.loads(ask(address, '/names', Cookie=known)[2])['names'] == list(NAMES)
        others = 'prefs={"a":1}; a[b]=1; a/b=c; '
        assert ask(address, '/names', Cookie=others + known)[0] == 200
        assert ask(address, '/names', Cookie=others)[0] == 401
        assert ask(address, '/names', Cookie=known, Host='evil.example')[0] == 421
        assert ask(address, '/names', Cookie=known[:-1])[0] == 401


def test_who_comes_by_a_further_name_needs_the_token_too(session):
    with answering(Application(session).app(), names=('team.example',)) as address:
        assert ask(address, '/names', Host='team.example')[0] == 401
        token = urlsplit(address).query.removeprefix('token=')
        status, headers, _ = ask(address, f'/?token={token}', Host='team.example')
        assert status == 303
        known = headers['set-cookie'].partition(';')[0]
        assert ask(address, '/names', Host='team.example', Cookie=known)[0] == 200
        assert b'--name' in ask(address, '/names', Host='other.example', Cookie=known)[2]


def test_the_command_line_of_the_browser_does_not_hold_the_token(session, monkeypatch):
    commands = []
    monkeypatch.setattr(server, 'has_browser', lambda: True)
    monkeypatch.setattr(server.webbrowser, 'open', commands.append)
    with answering(Application(session).app(), '127.0.0.1', names=('team.example',)) as address:
        with server.opened_page(address):
            (command,) = commands
            assert urlsplit(address).query.removeprefix('token=') not in command
            file = Path(unquote(urlsplit(command).path))
            modes = [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent)]
            assert modes == [0o600, 0o700]
            (target,) = re.findall(r'content="0; url=([^"]*)"', file.read_text())
            assert html.unescape(target) == address
            # a browser calls a page that a file leads to one of another site
            path = urlsplit(address)._replace(scheme='', netloc='').geturl()
            opened = ask(address, path, Sec_Fetch_Site='cross-site', Sec_Fetch_Mode='navigate')
            assert opened[0] == 303
        assert not file.parent.exists()
    with server.opened_page('http://localhost:8421/'):
        assert commands[1:] == ['http://localhost:8421/']


@pytest.mark.parametrize(
    ('host', 'shown'), [('127.0.0.1', 'localhost'), ('127.0.0.2', '127.0.0.2')]
)
def test_the_printed_address_is_that_of_the_page(session, host, shown):
    with answering(Application(session).app(), host) as address:
        assert urlsplit(address).hostname == shown
        connection = http.client.HTTPConnection(shown, urlsplit(address).port, timeout=10)
        connection.request('GET', '/')
        assert connection.getresponse().status == 200
        connection.close()


@pytest.mark.skipif(chromium() is None, reason='Chromium is not installed')
def test_names_are_shown_and_never_run(data, tmp_path):
    shutil.move(data / 'DCM' / NAMES[0], data / 'DCM' / 'ID001' / TROUBLE)
    label = data / 'outputs_json' / NAMES[0]
    label.with_suffix('.json').rename(label.with_name(TROUBLE).with_suffix('.json'))
    session, _ = open_sources([data])
    session.title = '<b>title</b>'
    app = Application(session).app()
    names = session.catalogue.gallery.names
    number = next(i for i, name in enumerate(names) if TROUBLE in name)
    with answering(app) as address, opened(f'{address}#{number}', tmp_path / 'browser') as page:
        page.wait(f'document.body.dataset.shown === "{number}"')
        assert page.run('document.getElementById("name").textContent') == f'ID001/{TROUBLE}'
        assert page.run('document.title') == '<b>title</b>'
        assert page.run('document.querySelectorAll("#list img, #bar img, h1 b").length') == 0
