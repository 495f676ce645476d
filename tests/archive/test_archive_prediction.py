"""What an archive takes in, run by run."""

import hashlib
import shutil
from pathlib import Path

import pytest
from archive_content import check_once_each, parquets
from marking_predictor import OpenStub, write_images

for package in ('ray.data', 'duckdb', 'pyarrow'):
    pytest.importorskip(package, reason='needs pip install "handbone[archive]"')

import cv2  # noqa: E402
import inline_ray  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from handbone.archive.folder import ArchiveFolder  # noqa: E402
from handbone.archive.prediction import Workforce, predict_archive  # noqa: E402
from handbone.errors import HandboneError  # noqa: E402


@pytest.fixture
def predict(monkeypatch, tmp_path):
    """Predict into an archive, in this process."""
    inline_ray.use(monkeypatch)

    def run(images, retry_failures=False, **options):
        workforce = Workforce(images_per_file=3, batch_size=2)
        return predict_archive(
            images,
            ArchiveFolder(tmp_path / 'archive'),
            OpenStub(**options),
            workforce=workforce,
            retry_failures=retry_failures,
        )

    return run


def test_table_reads_in_one_line(predict, tmp_path):
    images = write_images(tmp_path / 'images', 8)
    predict(images)
    check_once_each(tmp_path / 'archive', images)
    table = pd.read_parquet(tmp_path / 'archive' / 'runs')
    assert len(table) == 24
    assert set(table['model_hash']) == {'a' * 64}
    row = table[table['image'] == str(tmp_path / 'images' / 'image003.png')].iloc[0]
    assert row.image_hash == hashlib.sha256(Path(row.image).read_bytes()).hexdigest()
    assert row.image_hash.startswith(str(row.image_prefix))
    counts = table.groupby(['model_hash', 'image_prefix'], observed=True)['image_hash'].nunique()
    assert len(parquets(tmp_path / 'archive')) == sum(-(-count // 3) for count in counts)


def test_a_name_that_is_not_unicode_is_one_error(predict, tmp_path):
    """As an archive packed on Windows in Korea leaves it when Linux unpacks it."""
    images = write_images(tmp_path / 'images', 1)
    name = '\udcbc\udcd5.png'
    with pytest.raises(HandboneError, match='not valid UTF-8.*Rename the file'):
        predict(images | {str(tmp_path / 'images' / name): name})
    assert not parquets(tmp_path / 'archive')


def test_new_and_changed_images_are_added(predict, tmp_path):
    images = write_images(tmp_path / 'images', 4)
    predict(images)
    before = parquets(tmp_path / 'archive')
    images |= write_images(tmp_path / 'images', 2, first=4)
    shutil.copy(tmp_path / 'images' / 'image005.png', tmp_path / 'images' / 'image000.png')
    shutil.copy(tmp_path / 'images' / 'image004.png', tmp_path / 'copy.png')
    summary = predict(images | {str(tmp_path / 'copy.png'): 'copy.png'})
    assert (summary.images, summary.predicted, summary.known) == (7, 2, 5)
    after = parquets(tmp_path / 'archive')
    assert before.items() <= after.items()
    assert len(pd.read_parquet(tmp_path / 'archive' / 'runs')) == 18


def failed(root):
    """Errors by the name of the file."""
    table = pd.read_parquet(root / 'archive' / 'failures.parquet')
    return {Path(row.image).name: row.error for row in table.itertuples()}


def test_failures_are_kept_and_retried(predict, tmp_path):
    folder = tmp_path / 'images'
    images = write_images(folder, 3)
    images |= {str(folder / name): name for name in ('wrong.png', 'broken.png', 'gone.png')}
    cv2.imwrite(str(folder / 'wrong.png'), np.full((20, 20), 17, np.uint8))
    (folder / 'broken.png').write_bytes(b'\x89PNG\r\n\x1a\n')
    first = predict(images)
    assert (first.predicted, len(first.failures)) == (3, 3)
    errors = failed(tmp_path)
    assert 'wrong look' in errors['wrong.png']
    assert 'broken.png' in errors['broken.png']
    assert 'No such file' in errors['gone.png']

    second = predict(images)
    assert (second.predicted, len(second.failures), second.earlier_failures) == (0, 0, 3)
    assert failed(tmp_path) == errors

    (good,) = write_images(tmp_path / 'more', 1, first=50)
    shutil.copy(good, folder / 'gone.png')  # a new file needs no option
    third = predict(images)
    assert (third.predicted, third.earlier_failures) == (1, 2)
    fourth = predict(images, retry_failures=True)
    assert (fourth.predicted, len(fourth.failures), fourth.earlier_failures) == (0, 2, 0)
    assert set(failed(tmp_path)) == {'wrong.png', 'broken.png'}


def test_models_stand_beside_each_other(predict, tmp_path):
    images = write_images(tmp_path / 'images', 2)
    predict(images)
    assert predict(images, model_hash='b' * 64).predicted == 2
    assert ArchiveFolder(tmp_path / 'archive').models == ('a' * 64, 'b' * 64)
    assert len(pd.read_parquet(tmp_path / 'archive' / 'runs')) == 12


def test_other_classes_are_refused(predict, tmp_path):
    images = write_images(tmp_path / 'images', 1)
    predict(images)
    with pytest.raises(ValueError, match='holds predictions of the classes bright, left, nothing'):
        predict(images, classes=('lung',), thresholds=(0.5,), model_hash='c' * 64)
    assert ArchiveFolder(tmp_path / 'archive').models == ('a' * 64,)


def test_folders_of_something_else_are_refused(tmp_path):
    (tmp_path / 'letter.txt').write_text('dear')
    with pytest.raises(ValueError, match=r"not an archive.*'letter.txt'"):
        ArchiveFolder(tmp_path)
    with pytest.raises(ValueError, match='is a file'):
        ArchiveFolder(tmp_path / 'letter.txt')
    (tmp_path / 'archive.json').write_text('{}')
    with pytest.raises(ValueError, match='not the description'):
        ArchiveFolder(tmp_path)


HEAD = '{"format": "handbone archive 1"'
SOUND = f'{HEAD}, "classes": ["a", "b"]'


@pytest.mark.parametrize(
    'text',
    [
        '{',
        '[' * 100_000,
        '[]',
        HEAD + '}',
        HEAD + ', "classes": 3, "models": {}}',
        HEAD + ', "classes": ["a", "a"], "models": {}}',
        HEAD + ', "classes": [true], "models": {}}',
        HEAD + ', "classes": ["\\ud800"], "models": {}}',
        SOUND + '}',
        SOUND + ', "models": []}',
        SOUND + ', "models": {"aa": 1}}',
        SOUND + ', "models": {"aa": {"thresholds": [0.5]}}}',
        SOUND + ', "models": {"aa": {"thresholds": [0.5, true]}}}',
        SOUND + ', "models": {"../aa": {"thresholds": [0.5, 0.5]}}}',
    ],
)
def test_damaged_descriptions_are_refused(tmp_path, text):
    (tmp_path / 'archive.json').write_text(text)
    with pytest.raises(HandboneError) as caught:
        ArchiveFolder(tmp_path)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / 'archive.json'))
    assert message.endswith('restore it, or give a different --out-dir')
    assert '\n' not in message and len(message) < 1000


def test_only_one_run_at_a_time(predict, tmp_path):
    images = write_images(tmp_path / 'images', 1)
    with (
        ArchiveFolder(tmp_path / 'archive').writing(),
        pytest.raises(ValueError, match='another run is writing into it'),
    ):
        predict(images)
    assert predict(images).predicted == 1


def test_a_damaged_file_is_named(predict, tmp_path):
    images = write_images(tmp_path / 'images', 1)
    predict(images)
    (file,) = parquets(tmp_path / 'archive')
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(ValueError, match=f'{file.name}.*remove the damaged file'):
        predict(images)
    file.unlink()
    assert predict(images).predicted == 1
