"""tools/predict.py as a user runs it."""

import csv
import json
import os
import shutil
import signal
import time

import cv2
import numpy as np
import pytest
from tool_process import Tool

from handbone.apis import MultilabelInferencer
from handbone.bones import CLASSES
from handbone.cli.command import main
from handbone.inference import open_predictor

pytestmark = pytest.mark.slow


@pytest.fixture(scope='session')
def test_images(phantom_root):
    return phantom_root / 'test' / 'DCM'


@pytest.fixture(scope='session')
def many(test_images, tmp_path_factory):
    """Forty copies of the test images, in two patients' folders, one of them cut off."""
    folder = tmp_path_factory.mktemp('many')
    files = sorted(test_images.rglob('*.png'))
    for index in range(40):
        target = folder / f'ID{index % 2}' / f'image{index:02}.png'
        target.parent.mkdir(exist_ok=True)
        shutil.copy(files[index % len(files)], target)
    cut = folder / 'ID1' / 'image07.png'
    cut.write_bytes(cut.read_bytes()[:5000])
    return folder


def outputs(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file() and path.name != 'journal.json'
    }


def test_csv_is_that_of_the_test(run_tool, tiny_config, checkpoint, test_images, tested, tmp_path):
    """Byte for byte, and overlays lie in the folders of the images."""
    out, _ = run_tool(
        'predict.py',
        *(tiny_config, checkpoint, test_images),
        *('--out', tmp_path, '--write', 'csv,overlays', '--device', 'cpu'),
    )
    assert f'3 of 3 images: {tmp_path}' in out
    expected = (tested[0] / 'masks.csv').read_bytes()
    assert (tmp_path / 'predictions.csv').read_bytes() == expected
    for path in test_images.rglob('*.png'):
        overlay = tmp_path / 'overlays' / path.relative_to(test_images).with_suffix('.jpg')
        assert cv2.imread(str(overlay)).shape == (320, 320, 3)


def recorded(folder):
    """Images that a running prediction has noted as done; it notes them about once a second."""
    journal = folder / 'journal.json'
    return json.loads(journal.read_text())['done'] if journal.is_file() else 0


def test_killed_and_started_again(run_tool, tiny_config, checkpoint, many, tmp_path):
    """kill -9 in the middle, then the same command: the bytes of an uninterrupted run."""
    command = ('predict.py', tiny_config, checkpoint, many, '--write', 'csv,overlays', '--out')
    run_tool(*command, tmp_path / 'whole')
    out_dir = tmp_path / 'killed'
    tool = Tool(*command, out_dir)
    deadline = time.monotonic() + 200
    while not recorded(out_dir) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(tool.process.pid, signal.SIGKILL)
    tool.finish(-signal.SIGKILL)
    assert not (out_dir / 'predictions.csv').exists()
    out, _ = run_tool(*command, out_dir)
    assert '39 of 40 images (' in out and 'in an earlier run)' in out
    assert '1 file could not be predicted' in out
    assert outputs(out_dir) == outputs(tmp_path / 'whole')
    (row,) = csv.DictReader(outputs(out_dir)['failures.csv'].decode().splitlines())
    assert row['file'] == str(many / 'ID1' / 'image07.png') and 'truncated' in row['error']


def test_from_python(tiny_config, checkpoint, test_images):
    """Published weights, arrays, files, batches and thresholds give the same labels."""
    inferencer = MultilabelInferencer(tiny_config, checkpoint, device='cpu')
    predictions = list(inferencer(test_images, batch_size=3))
    assert inferencer.predictor.classes == CLASSES
    assert [each.labels.shape for each in predictions] == [(320, 320)] * 3
    for prediction in predictions:
        (alone,) = inferencer(prediction.radiograph.image)
        assert (alone.labels != prediction.labels).mean() < 1e-3
        assert 0.05 < np.bitwise_count(prediction.labels).sum() / prediction.labels.size / 29 < 0.6
    (deep,) = inferencer(predictions[0].radiograph.image.astype(np.float32))
    # shrinking rounds 8-bit grey values
    assert (deep.labels != predictions[0].labels).mean() < 0.05
    strict = MultilabelInferencer(tiny_config, checkpoint, thresholds=[1 - 1e-9] * 28 + [0.02])
    (prediction,) = strict(predictions[0].radiograph.image)
    last = 1 << 28
    assert ((prediction.labels ^ predictions[0].labels) & last == 0).all()
    assert (prediction.labels & ~predictions[0].labels == 0).all()
    kept = np.bitwise_count(prediction.labels & ~last).sum()
    assert kept < np.bitwise_count(predictions[0].labels & ~last).sum()
    assert strict.predictor.model_hash != inferencer.predictor.model_hash
    same = MultilabelInferencer(tiny_config, checkpoint, thresholds=[0.02] * 29)
    assert same.predictor.model_hash == inferencer.predictor.model_hash


def test_a_predictor_that_only_tells_its_hash(tiny_config, checkpoint):
    """On machines that could not predict, such as the head of a cluster."""
    told = open_predictor(tiny_config, checkpoint, 'meta', 'fp16')
    other = open_predictor(tiny_config, checkpoint, 'meta', 'bf16')
    assert told.classes == CLASSES and told.model_hash != other.model_hash
    assert other.model_hash == open_predictor(tiny_config, checkpoint, 'cpu', 'bf16').model_hash


def test_a_name_that_is_no_text(tiny_config, checkpoint, test_images, tmp_path):
    """The bytes of the name come out as they are."""
    name = os.fsdecode(b'h\xe4nd.png')
    (tmp_path / 'scans').mkdir()
    shutil.copy(next(test_images.rglob('*.png')), tmp_path / 'scans' / name)
    command = [tiny_config, checkpoint, tmp_path / 'scans', '--write', 'csv,table', '--out']
    main(['predict', *map(str, (*command, tmp_path / 'out'))])
    for file in ('predictions.csv', 'table.csv'):
        assert b'\nh\xe4nd.png,finger-1,' in (tmp_path / 'out' / file).read_bytes()


def test_simplified_polygons(tiny_config, checkpoint, test_images, tmp_path, capsys):
    """Fewer points, and a run does not go on with another tolerance."""
    command = [str(each) for each in (tiny_config, checkpoint, test_images, '--device', 'cpu')]
    command += ['--write', 'polygons', '--out']
    for name, options in (('traced', []), ('simple', ['--polygon-tolerance', '2.5'])):
        main(['predict', *command, str(tmp_path / name), *options])
    sizes = {
        name: sum(path.stat().st_size for path in tmp_path.glob(f'{name}/outputs_json/*/*.json'))
        for name in ('traced', 'simple')
    }
    assert 0 < sizes['simple'] < 0.7 * sizes['traced']
    with pytest.raises(SystemExit):
        main(['predict', *command, str(tmp_path / 'simple'), '--polygon-tolerance', '1'])
    message = capsys.readouterr().err
    assert 'different formats (polygons (tolerance 2.5), now polygons (tolerance 1.0))' in message
    assert '--restart' in message


def test_views_are_those_of_the_test(run_tool, tiny_config, checkpoint, test_images, tmp_path):
    run_tool(
        'test.py',
        *(tiny_config, checkpoint, '--tta', '--format-only'),
        *('--out', tmp_path / 'tested.csv', '--work-dir', tmp_path / 'work'),
    )
    run_tool('predict.py', tiny_config, checkpoint, test_images, '--tta', '--out', tmp_path / 'out')
    expected = (tmp_path / 'tested.csv').read_bytes()
    assert (tmp_path / 'out' / 'predictions.csv').read_bytes() == expected


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(model='nowhere.py'), 'there is no config or model nowhere.py'),
        (dict(checkpoint='nowhere.pth'), 'there is no checkpoint nowhere.pth'),
        (dict(sources='nowhere'), 'there is no image or folder nowhere'),
        (dict(sources='.'), 'there is no image (PNG, JPEG, TIFF, BMP, GIF, '),
        (dict(more=['--write', 'csv,nifti']), 'unknown format nifti'),
        (dict(more=['--device', 'cuda:99']), 'device cuda:99: this machine has'),
        (dict(more=['--device', 'cpu', '--precision', 'fp16']), 'fp16 needs a GPU'),
    ],
)
def test_bad_arguments(
    tiny_config, checkpoint, test_images, tmp_path, monkeypatch, capsys, change, message
):
    """One line, and nothing written."""
    monkeypatch.chdir(tmp_path)
    model = change.get('model', tiny_config)
    weights, sources = change.get('checkpoint', checkpoint), change.get('sources', test_images)
    arguments = [model, weights, sources, '--out', tmp_path / 'out', *change.get('more', [])]
    with pytest.raises(SystemExit) as ended:
        main(['predict', *map(str, arguments)])
    (line,) = [line for line in capsys.readouterr().err.splitlines() if 'error: ' in line]
    assert ended.value.code == 1 and message in line
    assert not (tmp_path / 'out').exists()


def test_only_bad_files(tiny_config, checkpoint, tmp_path, capsys):
    (tmp_path / 'a.png').write_text('no image')
    (tmp_path / 'b.dcm').write_text('no image')
    files = [tmp_path / 'a.png', tmp_path / 'b.dcm']
    with pytest.raises(SystemExit):
        command = (tiny_config, checkpoint, *files, '--out-dir', tmp_path / 'out')
        main(['predict', *map(str, command)])
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith('error: none of the images could be predicted')
    rows = list(csv.DictReader((tmp_path / 'out' / 'failures.csv').open()))
    assert [row['file'] for row in rows] == [str(file) for file in files]
