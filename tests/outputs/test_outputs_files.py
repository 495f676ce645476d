"""Files of the writers: whole or not at all, taken up again, and full disks."""

import resource

import numpy as np
import pytest
from made_predictions import CLASSES, PALETTE, draw_labels, make_prediction

from handbone.appended_file import AppendedFile
from handbone.masks import pack
from handbone.outputs import WRITERS

FILES = {
    'polygons': 'outputs_json/hand.json',
    'label-png': 'label_png/hand.png',
    'coco': 'coco.json',
    'table': 'table.csv',
}


def noise(seed):
    masks = np.random.default_rng(seed).random((len(CLASSES), 150, 150)) < 0.4
    return make_prediction('hand', pack(masks))


def write_until_full(writer):
    for seed in range(600):
        writer.write(noise(seed % 2))
    writer.finish()


@pytest.mark.parametrize('form', FILES)
def test_full_disk(small_disk, form):
    writer = WRITERS[form](small_disk, CLASSES, PALETTE)
    target = small_disk / FILES[form]
    filler = small_disk / 'filler'
    if form in ('polygons', 'label-png'):
        writer.write(make_prediction('hand', np.zeros((8, 8), np.int32)))
        old = target.read_bytes()
    filler.write_bytes(bytes(44 * 1024))
    with pytest.raises(OSError, match='No space left on device') as caught:
        write_until_full(writer)
    assert target.name in str(caught.value) or 'coco.jsonl' in str(caught.value)
    writer.close()
    if form in ('polygons', 'label-png'):
        assert target.read_bytes() == old
        assert list(target.parent.iterdir()) == [target]
    else:
        assert not target.exists()


@pytest.mark.parametrize('form', FILES)
def test_file_size_limit(tmp_path, form):
    writer = WRITERS[form](tmp_path, CLASSES, PALETTE)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError, match='File too large, so it was not written'):
            write_until_full(writer)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not (tmp_path / FILES[form]).exists()


def test_space_runs_out_while_coco_is_put_in_order(small_disk):
    writer = WRITERS['coco'](small_disk, CLASSES, PALETTE)
    target = small_disk / 'coco.json'
    target.write_text('the old one')
    for seed in range(12):
        writer.write(make_prediction(f'hand{seed}', draw_labels(seed)))
    position = writer.position()
    filler = small_disk / 'filler'
    filler.write_bytes(bytes(max(0, 64 * 1024 - 3 * 4096 - position // 4096 * 4096)))
    with pytest.raises(OSError, match='No space left') as caught:
        writer.finish()
    assert str(target) in str(caught.value)
    assert target.read_text() == 'the old one'
    filler.unlink()
    writer.close()
    again = WRITERS['coco'](small_disk, CLASSES, PALETTE)
    again.resume(position)
    again.finish()
    assert target.read_bytes().count(b'"file_name"') == 12
    assert list(small_disk.iterdir()) == [target]


def test_an_interrupted_table_goes_on(tmp_path):
    predictions = [make_prediction(f'hand{seed}', draw_labels(seed)) for seed in range(4)]
    for folder, stop in (('whole', None), ('parts', 2)):
        writer = WRITERS['table'](tmp_path / folder, CLASSES, PALETTE)
        for prediction in predictions[:stop]:
            writer.write(prediction)
        if stop:
            position = writer.position()
            writer.write(predictions[stop])
            writer.close()
            writer = WRITERS['table'](tmp_path / folder, CLASSES, PALETTE)
            writer.resume(position)
            for prediction in predictions[stop:]:
                writer.write(prediction)
        writer.finish()
    expected = (tmp_path / 'whole' / 'table.csv').read_bytes()
    assert (tmp_path / 'parts' / 'table.csv').read_bytes() == expected


class TestAppendedFile:
    def test_appears_when_it_is_finished(self, tmp_path):
        target = tmp_path / 'new' / 'rows.csv'
        file = AppendedFile(target, b'head\n')
        file.append(b'one\n')
        assert file.position() == 9
        assert not target.exists()
        assert list(file.lines()) == [b'head\n', b'one\n']
        file.finish(b'end\n')
        assert target.read_bytes() == b'head\none\nend\n'
        assert list(target.parent.iterdir()) == [target]

    def test_finished_without_a_piece(self, tmp_path):
        AppendedFile(tmp_path / 'rows.csv', b'head\n').finish()
        assert (tmp_path / 'rows.csv').read_bytes() == b'head\n'

    def test_begins_anew_without_going_on(self, tmp_path):
        first = AppendedFile(tmp_path / 'rows.csv', b'head\n')
        first.append(b'old\n')
        first.close()
        second = AppendedFile(tmp_path / 'rows.csv', b'head\n')
        second.resume(0)
        second.append(b'new\n')
        second.finish()
        assert (tmp_path / 'rows.csv').read_bytes() == b'head\nnew\n'

    def test_unfinished_file_is_missing_or_shorter(self, tmp_path):
        file = AppendedFile(tmp_path / 'rows.csv')
        with pytest.raises(ValueError, match=r'\.rows\.csv\.unfinished is missing, but 3 bytes'):
            file.resume(3)
        file.append(b'one')
        file.close()
        with pytest.raises(ValueError, match='has 3 bytes, but 4 bytes.*Start over'):
            file.resume(4)

    def test_a_piece_that_does_not_fit_leaves_nothing(self, small_disk):
        file = AppendedFile(small_disk / 'rows.csv')
        file.append(b'x' * 40000)
        with pytest.raises(OSError, match='No space left on device, so it was not written'):
            file.append(b'y' * 40000)
        assert file.position() == 40000
        file.append(b'z')
        file.finish()
        assert (small_disk / 'rows.csv').read_bytes() == b'x' * 40000 + b'z'

    def test_target_is_a_folder(self, tmp_path):
        with pytest.raises(OSError, match='It is a folder'):
            AppendedFile(tmp_path).append(b'x')
