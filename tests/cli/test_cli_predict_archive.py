"""`handbone predict-archive` and `handbone archive-to-csv` on a trained network."""

import socket

import pytest

for package in ('ray.data', 'duckdb', 'pyarrow'):
    pytest.importorskip(package, reason='needs pip install "handbone[archive]"')

from handbone.cli.command import main  # noqa: E402


@pytest.mark.slow
def test_archive_and_back(run_tool, tiny_config, checkpoint, tested, phantom_root, tmp_path):
    images = phantom_root / 'test' / 'DCM'
    command = (tiny_config, checkpoint, images, '--out-dir', tmp_path / 'archive')
    out, _ = run_tool('predict_archive.py', *command, '--actors', 1, '--device', 'cpu')
    assert '3 images: 3 predicted, 0 known before, 0 failed' in out
    main(['archive-to-csv', str(tmp_path / 'archive'), '--out', str(tmp_path / 'archive.csv')])
    assert (tmp_path / 'archive.csv').read_bytes() == (tested[0] / 'masks.csv').read_bytes()


@pytest.fixture
def refused(capsys):
    """Run a program that ends in one line on standard error; returns the line."""

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        assert ended.value.code == 1
        (line,) = capsys.readouterr().err.strip().splitlines()
        return line

    return run


def test_bad_input(refused, tiny_config, phantom_root, tmp_path):
    images = phantom_root / 'test' / 'DCM'
    model = (tiny_config, tmp_path)
    out = ('--out-dir', tmp_path / 'archive')
    (tmp_path / 'empty').mkdir()
    assert 'there is no image' in refused('predict-archive', *model, tmp_path / 'empty', *out)
    with socket.socket() as unheard:
        unheard.bind(('127.0.0.1', 0))
        address = f'ray://127.0.0.1:{unheard.getsockname()[1]}'
        line = refused('predict-archive', *model, images, *out, '--address', address)
    assert 'no Ray cluster answers' in line
    line = refused('predict-archive', *model, images, '--out-dir', phantom_root)
    assert 'not an archive of predictions' in line
    assert 'no model' not in line
    line = refused('archive-to-csv', phantom_root, '--out', tmp_path / 'x.csv')
    assert 'not an archive of predictions' in line
    assert not (tmp_path / 'archive').exists()
