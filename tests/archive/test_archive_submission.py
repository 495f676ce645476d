"""Submissions out of an archive."""

import pytest
from archive_content import csv_rows
from marking_predictor import CLASSES, OpenStub, StubPredictor, write_images

for package in ('ray.data', 'duckdb', 'pyarrow'):
    pytest.importorskip(package, reason='needs pip install "handbone[archive]"')

import inline_ray  # noqa: E402

from handbone.archive.folder import ArchiveFolder  # noqa: E402
from handbone.archive.prediction import Workforce, predict_archive  # noqa: E402
from handbone.archive.submission import write_submission  # noqa: E402
from handbone.radiographs import read_radiograph  # noqa: E402
from handbone.submissions.rle_rows import HEADER, rle_rows  # noqa: E402


@pytest.fixture
def archive(monkeypatch, tmp_path):
    """Seven images by one model, in several files."""
    inline_ray.use(monkeypatch)
    images = write_images(tmp_path / 'images', 7)
    run(images, tmp_path)
    return tmp_path / 'archive', images


def run(images, folder, **options):
    workforce = Workforce(images_per_file=2)
    archive = ArchiveFolder(folder / 'archive')
    return predict_archive(images, archive, OpenStub(**options), workforce=workforce)


def expected(images):
    rows = [HEADER]
    for path, name in images.items():
        labels = StubPredictor().predict([read_radiograph(path).image])[0]
        rows.append(rle_rows(name, CLASSES, labels))
    return b''.join(rows)


def test_all_images_in_the_order_of_the_sources(archive, tmp_path):
    root, images = archive
    assert write_submission(ArchiveFolder(root), tmp_path / 'all.csv') == (7, 0)
    assert (tmp_path / 'all.csv').read_bytes() == expected(images)
    assert {path.name for path in tmp_path.iterdir()} == {'all.csv', 'archive', 'images'}


def test_a_list_chooses_and_orders(archive, tmp_path):
    root, images = archive
    chosen = dict([list(images.items())[index] for index in (4, 1, 5)])
    # as tools/predict_archive.py reads the same list
    lines = [path.replace('/images/', '/./images/') for path in chosen]
    (tmp_path / 'list.txt').write_text('\n'.join(['# chosen', *lines]) + '\n\n')
    write_submission(ArchiveFolder(root), tmp_path / 'new' / 'some.csv', tmp_path / 'list.txt')
    assert (tmp_path / 'new' / 'some.csv').read_bytes() == expected(chosen)
    (tmp_path / 'list.txt').write_text('elsewhere.png\n')
    with pytest.raises(ValueError, match=r'1 image that .* does not have, such as elsewhere.png'):
        write_submission(ArchiveFolder(root), tmp_path / 'x.csv', tmp_path / 'list.txt')
    (tmp_path / 'list.txt').write_text('\n')
    with pytest.raises(ValueError, match='names no image'):
        write_submission(ArchiveFolder(root), tmp_path / 'x.csv', tmp_path / 'list.txt')


def test_images_with_the_same_bytes_have_the_same_rows(archive, tmp_path):
    root, images = archive
    copy = tmp_path / 'copy.png'
    copy.write_bytes((tmp_path / 'images' / 'image002.png').read_bytes())
    images = {str(copy): 'copy.png', **images}
    assert run(images, tmp_path).predicted == 0
    write_submission(ArchiveFolder(root), tmp_path / 'all.csv')
    assert (tmp_path / 'all.csv').read_bytes() == expected(images)


def test_images_without_prediction_are_counted(archive, tmp_path):
    root, images = archive
    (tmp_path / 'bad.png').write_bytes(b'bad')
    run(images | {str(tmp_path / 'bad.png'): 'bad.png'}, tmp_path)
    assert write_submission(ArchiveFolder(root), tmp_path / 'all.csv') == (7, 1)
    (tmp_path / 'list.txt').write_text(str(tmp_path / 'bad.png'))
    with pytest.raises(ValueError, match='has no prediction of these images'):
        write_submission(ArchiveFolder(root), tmp_path / 'x.csv', tmp_path / 'list.txt')


def test_the_model_is_asked_for(archive, tmp_path):
    root, images = archive
    run(dict(list(images.items())[:2]), tmp_path, model_hash='ab' * 32)
    with pytest.raises(ValueError, match=r'several models: give --model with one of aaaaa.*, abab'):
        write_submission(ArchiveFolder(root), tmp_path / 'x.csv')
    with pytest.raises(ValueError, match='0 models whose hash begins so'):
        write_submission(ArchiveFolder(root), tmp_path / 'x.csv', model='f')
    assert write_submission(ArchiveFolder(root), tmp_path / 'a.csv', model='aa').images == 7
    assert write_submission(ArchiveFolder(root), tmp_path / 'b.csv', model='ab') == (2, 5)
    assert len(csv_rows(tmp_path / 'b.csv')) == 1 + 2 * 3


def test_classes_of_two_models_are_compared_in_one_unicode_form(monkeypatch, tmp_path):
    inline_ray.use(monkeypatch)
    composed, decomposed = 'r\u00e1dio', 'ra\u0301dio'
    images = write_images(tmp_path / 'images', 3)
    for model_hash, name in (('aa' * 32, decomposed), ('bb' * 32, composed)):
        run(images, tmp_path, model_hash=model_hash, classes=(name, *CLASSES[1:]))
    written = []
    for model in 'ab':
        write_submission(ArchiveFolder(tmp_path / 'archive'), tmp_path / 'x.csv', model=model)
        written.append((tmp_path / 'x.csv').read_bytes())
    assert written[0] == written[1]
    assert written[0] == expected(images).replace(b'bright', decomposed.encode())
    with pytest.raises(ValueError, match='holds predictions of the classes'):
        run(images, tmp_path, model_hash='cc' * 32, classes=('radio', *CLASSES[1:]))


def test_names_of_two_images_are_refused(archive, tmp_path):
    root, _ = archive
    other = write_images(tmp_path / 'other', 1, first=20)
    run({next(iter(other)): 'image003.png'}, tmp_path)
    with pytest.raises(ValueError, match=r"would both be named 'image003.png'"):
        write_submission(ArchiveFolder(root), tmp_path / 'x.csv')
    assert not list(tmp_path.glob('*x.csv*'))


def test_an_empty_folder_is_no_archive(tmp_path):
    with pytest.raises(ValueError, match='not an archive of predictions'):
        write_submission(ArchiveFolder(tmp_path / 'nothing'), tmp_path / 'x.csv')
