"""A Google Sheet on this machine, and a service account that it accepts."""

import json

import pytest
from google_server import SheetsServer


@pytest.fixture
def server():
    server = SheetsServer()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope='session')
def private_key():
    pytest.importorskip('cryptography')
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.fixture
def account(server, private_key, tmp_path):
    """The key file of a service account."""
    content = dict(
        type='service_account',
        client_email='robot@project.iam.example.com',
        private_key=private_key,
        token_uri=f'{server.address}/token',
    )
    path = tmp_path / 'account.json'
    path.touch(0o600)
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def google(server, account, monkeypatch):
    """Open a tab of the sheet; no waiting between attempts."""
    pytest.importorskip('google.auth')
    from urllib3.util import retry

    from handbone.sheets.google_sheet import GoogleSheet

    monkeypatch.setattr(retry.time, 'sleep', lambda seconds: None)

    def open_tab(tab='results'):
        return GoogleSheet('SHEET', tab, account, server.address)

    return open_tab
