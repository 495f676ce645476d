"""Addresses of clusters, and what they have."""

import socket
import time

import pytest

ray = pytest.importorskip('ray', reason='needs pip install "handbone[archive]"')

from handbone.archive.cluster import check_address, processes_for, ray_session  # noqa: E402


@pytest.fixture
def free_port():
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


@pytest.mark.parametrize('pattern', ['127.0.0.1:{}', 'ray://127.0.0.1:{}', 'ray://localhost:{}'])
def test_no_cluster_is_found_out_in_seconds(pattern, free_port):
    begin = time.monotonic()
    with pytest.raises(ValueError, match='no Ray cluster answers at .*ray start --head'):
        check_address(pattern.format(free_port))
    assert time.monotonic() - begin < 10


@pytest.mark.parametrize('address', ['here', 'http://x:1', 'ray://x', '', 'x:999999', 'x:70000'])
def test_no_address(address):
    with pytest.raises(ValueError, match='address|no Ray cluster'):
        check_address(address)


def test_auto_without_a_cluster(monkeypatch, tmp_path):
    monkeypatch.delenv('RAY_ADDRESS', raising=False)
    monkeypatch.setenv('RAY_TMPDIR', str(tmp_path))

    def refuse(**options):
        raise ConnectionError('Could not find any running Ray instance.\nMore.')

    monkeypatch.setattr(ray, 'is_initialized', lambda: False)
    monkeypatch.setattr(ray, 'init', refuse)
    with pytest.raises(ValueError, match='no Ray cluster answers at auto'), ray_session('auto'):
        pass


@pytest.mark.parametrize(
    ('has', 'device', 'wanted', 'expected'),
    [
        ({'CPU': 4.0}, None, None, ('cpu', 4)),
        ({'CPU': 4.0, 'GPU': 2.0}, None, None, ('cuda', 2)),
        ({'CPU': 4.0, 'GPU': 2.0}, 'cpu', 3, ('cpu', 3)),
        ({'CPU': 4.0, 'GPU': 2.0}, None, 1, ('cuda', 1)),
        ({'CPU': 4.0, 'GPU': 2.0}, None, 3, 'lower --actors'),
        ({'CPU': 4.0}, 'cuda', None, 'no GPUs: give --device cpu'),
    ],
)
def test_processes(monkeypatch, has, device, wanted, expected):
    monkeypatch.setattr(ray, 'cluster_resources', lambda: has)
    if isinstance(expected, tuple):
        assert processes_for(device, wanted) == expected
    else:
        with pytest.raises(ValueError, match=expected):
            processes_for(device, wanted)
