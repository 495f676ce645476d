"""Labels from CSV files: what is written, what is refused, and what a second call does."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from handbone.apis.pseudo_labelling import pseudo_label
from handbone.datasets import MultilabelDataset
from handbone.errors import HandboneError
from handbone.masks import pack
from handbone.submissions.rle_rows import HEADER, rle_rows

CLASSES = ('round', 'square', 'rare')
SIZE = (30, 40)


def masks(number, shift=0):
    """A disc, a square that may be moved, and a rare class that only image 0 has."""
    rows, columns = np.indices(SIZE)
    disc = (rows - 10) ** 2 + (columns - 12) ** 2 < 50
    square = (abs(rows - 20) < 6) & (abs(columns - 28 - shift) < 6)
    return np.stack([disc, square, (rows > 27) & (number == 0)])


def write_csv(path, images, shift=0, classes=CLASSES):
    rows = [rle_rows(name, classes, pack(masks(n, shift))) for n, name in enumerate(images)]
    path.write_bytes(HEADER + b''.join(rows))
    return path


def empty(path, start):
    """Empty the masks of the rows that start so."""
    lines = path.read_text().splitlines()
    emptied = [line[: line.rindex(',') + 1] if line.startswith(start) else line for line in lines]
    assert emptied != lines
    path.write_text('\n'.join(emptied) + '\n')


@pytest.fixture
def data(tmp_path):
    """Four images of two patients, and two CSV files that name them differently."""
    images = [f'ID{number // 2}/hand{number}.png' for number in range(4)]
    for name in images:
        path = tmp_path / 'images' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.zeros(SIZE, np.uint8))
    first = write_csv(tmp_path / 'a.csv', [Path(name).name for name in images])
    second = write_csv(tmp_path / 'b.csv', images, shift=6)
    return tmp_path / 'images', [first, second], tmp_path / 'out'


def table(out):
    with (out / 'pseudo_labels.csv').open(newline='') as file:
        return {(row['image_name'], row['class']): row for row in csv.DictReader(file)}


def contents(folder):
    files = [path for path in folder.rglob('*') if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_what_is_sure_is_a_label_and_the_rest_is_unknown(data):
    images, paths, out = data
    labels = pseudo_label(images, out, submissions=paths, gate=0.8)
    assert (labels.images, labels.left_out, labels.missing) == (4, (), ())
    rows = table(out)
    assert list(rows)[:3] == [('ID0/hand0.png', name) for name in CLASSES] and len(rows) == 12
    words = {name: [rows[key]['decision'] for key in rows if key[1] == name] for name in CLASSES}
    assert words['round'] == ['kept'] * 4 and words['square'] == ['unknown'] * 4
    assert words['rare'] == ['kept', *['unknown'] * 3]
    # squares of 11 columns that share 5
    assert float(rows['ID1/hand3.png', 'square']['confidence']) == pytest.approx(5 / 11, abs=1e-4)
    assert rows['ID1/hand3.png', 'round']['pixels'] == str(masks(3)[0].sum())
    # the first file decides; what is unknown shows what it would have been
    assert rows['ID1/hand3.png', 'square']['pixels'] == str(masks(3)[1].sum())
    assert rows['ID1/hand3.png', 'rare']['pixels'] == '0'
    assert labels.decisions == dict(kept=5, unknown=7)
    document = json.loads((out / 'outputs_json' / 'ID1' / 'hand2.json').read_text())
    assert document['attributes'] == dict(unknown_classes=['square', 'rare'])


def test_the_labels_train_as_they_are(data):
    images, paths, out = data
    pseudo_label(images, out, submissions=paths, gate=0.8)
    dataset = MultilabelDataset(
        metainfo=dict(classes=CLASSES),
        data_prefix=dict(img_path=str(images), ann_path=str(out / 'outputs_json')),
        ann_file=str(out / 'images.txt'),
        pipeline=[],
    )
    assert len(dataset) == 4
    info = dataset.get_data_info(3)
    assert info['unknown'].classes == (1, 2)
    drawn = info['polygons'].draw(*SIZE, 3)
    np.testing.assert_array_equal(drawn, pack(masks(3) & np.array([1, 0, 0], bool)[:, None, None]))


def test_absence_may_be_known(data):
    images, paths, out = data
    empty(paths[1], 'ID0/hand0.png,rare')
    pseudo_label(images, out, submissions=paths, absent='known')
    rows = table(out)
    assert rows['ID0/hand0.png', 'rare']['decision'] == 'unknown'  # one file has it
    assert rows['ID0/hand1.png', 'rare']['decision'] == 'kept'


def test_a_second_call_decides_anew_and_leaves_nothing_behind(data):
    images, paths, out = data
    call = dict(images=images, out_dir=out, submissions=paths, gate=0.8)
    pseudo_label(**call)
    before = contents(out)
    pseudo_label(**call)
    assert contents(out) == before
    empty(paths[1], 'ID1/hand3.png,round')
    labels = pseudo_label(**call)
    assert labels.left_out == ('ID1/hand3.png',) and labels.images == 3
    assert not (out / 'outputs_json' / 'ID1' / 'hand3.json').exists()
    listed = (out / 'images.txt').read_text().split()
    assert listed == ['ID0/hand0.png', 'ID0/hand1.png', 'ID1/hand2.png']
    words = {row['decision'] for key, row in table(out).items() if key[0] == 'ID1/hand3.png'}
    assert words == {'left out'}
    assert '1 image is left out, because no class is sure' in labels.text()


def test_an_interruption_leaves_no_list_of_images(data, monkeypatch):
    images, paths, out = data
    call = dict(images=images, out_dir=out, submissions=paths, gate=0.8)
    pseudo_label(**call)
    before = contents(out)

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr('handbone.pseudo_labels.folder.annotation_json', stop)
    with pytest.raises(KeyboardInterrupt):
        pseudo_label(**call)
    assert not (out / 'images.txt').exists() and not (out / 'pseudo_labels.csv').exists()
    monkeypatch.undo()
    pseudo_label(**call)
    assert contents(out) == before


def test_images_that_a_file_lacks_are_left_out_and_said(data):
    images, paths, out = data
    write_csv(paths[0], ['hand0.png', 'hand1.png', 'hand2.png'])
    labels = pseudo_label(images, out, submissions=paths, gate=0.8)
    assert labels.missing == ('ID1/hand3.png',) and labels.images == 3
    assert 'not all models have labels for them' in labels.text()
    row = table(out)['ID1/hand3.png', 'round']
    assert (row['decision'], row['confidence']) == ('left out', 'NA')


def test_one_file_alone_needs_an_open_gate(data):
    images, paths, out = data
    with pytest.raises(HandboneError, match='does not tell how sure it is'):
        pseudo_label(images, out, submissions=paths[:1])
    assert pseudo_label(images, out, submissions=paths[:1], gate=0).images == 4
    assert table(out)['ID0/hand0.png', 'square']['confidence'] == 'NA'


def test_files_that_do_not_fit(data):
    images, paths, out = data

    def refused(words, *names, **options):
        other = write_csv(paths[0].with_name('c.csv'), names, **options)
        with pytest.raises(HandboneError, match=words):
            pseudo_label(images, out, submissions=[*paths, other])
        assert not out.exists()

    refused(r"c.csv: 1 of its 2 images are not in .*'odd.png'", 'hand0.png', 'odd.png')
    refused(
        "c.csv, line 4.*it has 'odd'; it lacks 'rare'",
        'hand0.png',
        classes=('round', 'square', 'odd'),
    )
    refused("'hand0.png' and 'ID0/hand0.png' are the same image", 'hand0.png', 'ID0/hand0.png')


def test_rows_that_do_not_fit(data):
    images, paths, out = data
    other = write_csv(paths[0].with_name('c.csv'), ['hand0.png', 'hand1.png'])
    other.write_text('\n'.join(other.read_text().splitlines()[:-1]) + '\n')
    with pytest.raises(HandboneError, match="'hand1.png' has no row of class 'rare'"):
        pseudo_label(images, out, submissions=[*paths, other], gate=0.8)
    other.write_text('image_name,class,rle\nhand0.png,round,1190 20\n')
    with pytest.raises(HandboneError, match=r'c.csv, line 2.*bad RLE'):
        pseudo_label(images, out.with_name('new'), submissions=[other], gate=0)


def test_nothing_sure_is_an_error_that_leaves_the_table(data):
    images, paths, out = data
    for path in paths:
        empty(path, ('hand', 'ID'))
    with pytest.raises(HandboneError, match='no class of any image reaches the gate of 0.9'):
        pseudo_label(images, out, submissions=paths)
    assert {row['decision'] for row in table(out).values()} == {'left out'}
    assert not (out / 'images.txt').exists()


def test_folders_that_hold_something_else(data):
    images, paths, out = data
    out.mkdir()
    (out / 'notes.txt').write_text('mine')
    with pytest.raises(HandboneError, match=r"is not empty \('notes.txt'\)"):
        pseudo_label(images, out, submissions=paths, restart=True)
    (out / 'notes.txt').unlink()
    pseudo_label(images, out, submissions=paths)
    with pytest.raises(HandboneError, match='of other images or models .*--restart'):
        pseudo_label(images, out, submissions=paths[::-1])
    assert pseudo_label(images, out, submissions=paths[::-1], restart=True).images == 4
    with pytest.raises(HandboneError, match='whose images are predicted'):
        pseudo_label(images, images / 'labels', submissions=paths)
    with pytest.raises(FileNotFoundError, match='no such folder of images'):
        pseudo_label(images / 'none', out, submissions=paths)


def test_patients_of_the_training_are_refused(data):
    images, paths, out = data
    labelled = out.parent / 'labelled'
    for patient in ('ID1', 'ID7'):
        (labelled / 'train' / 'DCM' / patient).mkdir(parents=True)
        cv2.imwrite(str(labelled / 'train' / 'DCM' / patient / 'x.png'), np.zeros(SIZE, np.uint8))
    with pytest.raises(HandboneError, match=r"leak: 1 of its 2 patients is .*\('ID1'\)"):
        pseudo_label(images, out, submissions=paths, training=[labelled])
    with pytest.raises(HandboneError, match='leak: 2 of its 2 patients are also in the training'):
        pseudo_label(images, out, submissions=paths, training=[images])
    with pytest.raises(FileNotFoundError, match='no such folder of training data'):
        pseudo_label(images, out, submissions=paths, training=[labelled / 'none'])
    assert not out.exists()
    (labelled / 'train' / 'DCM' / 'ID1').rename(labelled / 'train' / 'DCM' / 'ID8')
    assert pseudo_label(images, out, submissions=paths, training=[labelled]).notes == ()
    assert 'Nobody has checked' in pseudo_label(images, out, submissions=paths).text()


def test_patients_in_names_are_those_of_the_training(data, tmp_path):
    """Where the training finds patients by a pattern, images in one folder are told apart by it."""
    _, paths, out = data
    settings = dict(
        type='FormatDataset',
        format='hand-bone',
        metainfo=dict(classes=CLASSES),
        patient_pattern='_(P[0-9]+)_',
        data_root=str(tmp_path / 'own'),
        data_prefix=dict(img_path='train/DCM', ann_path='train/outputs_json'),
    )
    config = tmp_path / 'own.py'
    config.write_text(f'train_dataloader = dict(dataset={settings!r})\n')
    document = dict(annotations=[], metadata={}, file_info={})
    for folder, name in (('own/train/DCM/a', 'x_P01_1'), ('flat', 'y_P01_2'), ('other', 'y_P02_2')):
        (tmp_path / folder).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / folder / f'{name}.png'), np.zeros(SIZE, np.uint8))
    labels = tmp_path / 'own/train/outputs_json/a'
    labels.mkdir(parents=True)
    (labels / 'x_P01_1.json').write_text(json.dumps(document))
    flat = dict(submissions=[write_csv(tmp_path / f'{n}.csv', ['y_P01_2.png']) for n in '12'])
    with pytest.raises(HandboneError, match=r"leak: 1 of its 1 patient is also .*\('P01'\)"):
        pseudo_label(tmp_path / 'flat', out, training=[config], **flat)
    other = dict(submissions=[write_csv(tmp_path / f'{n}.csv', ['y_P02_2.png']) for n in '34'])
    assert pseudo_label(tmp_path / 'other', out, training=[config], **other).images == 1
