"""Files of an older version, made by ``make_data.py``, do what they did.

They were made by commit 307019f; ``stock`` is a work dir with mmengine's own checkpoint hook.
"""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from handbone.apis.inferencer import make_writers
from handbone.apis.publishing import publish
from handbone.apis.testing import test as run_test
from handbone.apis.training import train
from handbone.checkpoints import find_checkpoint, load_checkpoint_file, newest_checkpoint
from handbone.evaluation import read_thresholds
from handbone.inference import ImageSources, TorchPredictor, open_predictor
from handbone.inference.run import predict_to_files
from handbone.runs.run_comparison import comparison_tables
from handbone.runs.run_record import read_run
from handbone.scoring import evaluate
from handbone.submissions import read_submission, vote_submissions
from tests.compatibility.tiny_training import CLASSES, write_data

FILES = Path(__file__).parent / 'data'


@pytest.fixture
def old(tmp_path, monkeypatch):
    """A copy of the old folder with the images that it was made of, as the current folder."""
    folder = tmp_path / 'old'
    shutil.copytree(FILES, folder)
    write_data(folder / 'data')
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def config(old):
    return Config.fromfile('config.py')


def test_no_file_needs_anything_but_plain_values(old):
    """Neither our checkpoints nor mmengine's, which hold numbers and arrays of NumPy."""
    for path in ('work/iter_6.pth', 'stock/iter_6.pth'):
        content = load_checkpoint_file(path)
        assert content['meta']['iter'] == 6
        history = content['message_hub']['log_scalars']['train/loss']
        assert len(history.data[0]) == 6
    stock = torch.serialization.get_unsafe_globals_in_checkpoint('stock/iter_6.pth')
    assert any('numpy' in name for name in stock) or any('HistoryBuffer' in name for name in stock)


@pytest.mark.parametrize('checkpoint', ['work/iter_6.pth', 'published.safetensors', 'work'])
def test_test(config, checkpoint):
    """The scores are those of then, to the rounding of other processors."""
    config.load_from = find_checkpoint(checkpoint)
    config.work_dir, config.launcher = 'tested', 'none'
    scores = run_test(config)
    assert scores['mDice'] > 0
    if checkpoint != 'work':
        assert scores['mDice'] == pytest.approx(_old_score(), abs=1e-3)


def _old_score():
    rows = (FILES / 'scores.csv').read_text().splitlines()
    header = rows[0].split(',')
    return float(np.mean([float(row.split(',')[header.index('dice')]) for row in rows[1:]]))


def test_predict(old):
    """A finished run of then is finished, and made again it gives the masks of then."""
    predictor = open_predictor('config.py', 'work/iter_6.pth', 'cpu')
    path = Path('predicted/journal.json')
    journal = json.loads(path.read_text())
    assert predictor.model_hash == journal['model']
    sources = ImageSources(['data/test/DCM'])
    # the journal knows the images by their absolute paths
    path.write_text(json.dumps(journal | dict(sources=sources.survey.digest)))
    before = Path('predicted/predictions.csv').read_bytes()
    for restart in (False, True):
        writers = make_writers(['csv'], 'predicted', predictor)
        summary = predict_to_files(
            predictor, sources, writers, Path('predicted'), restart=restart, progress=False
        )
        assert summary.images == 2 and summary.failed == 0
        assert summary.done_before == (0 if restart else 2)
        assert restart or Path('predicted/predictions.csv').read_bytes() == before
    assert _different_pixels('predicted/predictions.csv', 'masks.csv') <= 4


def _different_pixels(one, other):
    """Count pixels, in run lengths decoded here."""
    masks = []
    for path in (one, other):
        rows = [line.split(',') for line in Path(path).read_text().splitlines()[1:]]
        decoded = {}
        for name, label, runs in rows:
            flat = np.zeros(64 * 64, bool)
            numbers = list(map(int, runs.split()))
            for start, length in zip(numbers[::2], numbers[1::2], strict=True):
                flat[start - 1 : start - 1 + length] = True
            decoded[name, label] = flat
        masks.append(decoded)
    assert masks[0].keys() == masks[1].keys()
    return sum(int((masks[0][key] != masks[1][key]).sum()) for key in masks[0])


def test_resume(config):
    """Of our work dir and of one of mmengine's own hook."""
    for work_dir in ('work', 'stock'):
        cfg = Config.fromfile(f'{work_dir}/config.py')
        cfg.work_dir, cfg.launcher, cfg.resume = work_dir, 'none', True
        cfg.train_cfg.max_iters = 8
        train(cfg)
        content = load_checkpoint_file(newest_checkpoint(work_dir))
        assert content['meta']['iter'] == 8
        assert len(content['message_hub']['log_scalars']['train/loss'].data[0]) == 8


def test_publish(old):
    """The same weights and texts have the hash of then; mmengine's files can be published too."""
    again = load_checkpoint_file(publish('work/iter_6.pth', 'again.safetensors'))
    then = load_checkpoint_file('published.safetensors')
    assert again['meta'] == then['meta']
    assert publish('stock/iter_6.pth', 'stock.safetensors').exists()


def test_thresholds(old):
    predictor = open_predictor('config.py', 'work/iter_6.pth', 'cpu', thresholds='thresholds.json')
    assert predictor.thresholds == read_thresholds('thresholds.json', CLASSES)
    entries = json.loads(Path('thresholds.json').read_text())['classes']
    assert predictor.thresholds == tuple(entries[name]['threshold'] for name in CLASSES)


def test_exported(old, config):
    pytest.importorskip('onnxruntime')
    predictor = open_predictor('tiny.onnx')
    assert predictor.classes == CLASSES and predictor.thresholds == (0.4,) * len(CLASSES)
    image = cv2.imread('data/test/DCM/ID008/image8.png', 0)
    wanted = TorchPredictor(config, 'work/iter_6.pth', 'cpu').predict([image])[0]
    assert (predictor.predict([image])[0] != wanted).mean() < 2e-3


def test_submission(old):
    masks = read_submission('masks.csv', CLASSES)
    assert list(masks) == ['image8.png', 'image9.png']
    evaluate('masks.csv', 'data/test/outputs_json', out='again.csv')
    assert Path('again.csv').read_text() == Path('scores.csv').read_text()
    assert evaluate('scores.csv').scores is not None
    vote_submissions(['masks.csv', 'predicted/predictions.csv'], 'voted.csv', min_votes=1)
    assert _different_pixels('voted.csv', 'masks.csv') <= 4


def test_record_of_the_run(old):
    record = read_run(Path('work'))
    assert record is not None and record.best_step in (3, 6)
    assert comparison_tables([record])
    assert record.config['model']['decode_head']['num_classes'] == len(CLASSES)


def test_archive(old):
    """Its predictions become the submission of then."""
    pytest.importorskip('duckdb')
    pytest.importorskip('pyarrow')
    from handbone.archive.folder import ArchiveFolder
    from handbone.archive.submission import write_submission

    write_submission(ArchiveFolder('archive'), Path('archive.csv'), None, None)
    assert _different_pixels('archive.csv', 'masks.csv') == 0
