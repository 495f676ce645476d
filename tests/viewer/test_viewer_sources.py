"""What the viewer opens, and what it says about sources that do not fit."""

import json
import socket

import cv2
import numpy as np
import pytest
from made_squares import NAMES, RADIUS, ULNA, write_csv
from mmengine.registry import init_default_scope

from handbone.bones import CLASSES
from handbone.cli.command import main
from handbone.datasets.formats.conversion import convert
from handbone.errors import HandboneError
from handbone.viewer import many_labels
from handbone.viewer.server import listen
from handbone.viewer.sources import Extras, open_sources


def opened(*arguments, **settings):
    """Open sources; the session is closed again."""
    session, notes = open_sources(*arguments, **settings)
    session.close()
    return session, notes


def test_predictions_alone_show_the_images_that_they_have(data, csv_files, tmp_path):
    one = write_csv(tmp_path / 'one.csv', 4, NAMES[:1])
    session, notes = opened([one], images=data / 'DCM')
    assert session.catalogue.gallery.names == [NAMES[0]] and notes == []
    assert [each.kind for each in session.catalogue.layers] == ['prediction']
    assert session.catalogue.classes == CLASSES


def test_marks_lie_beside_the_data_under_its_whole_name(data, csv_files, tmp_path):
    data.rename(tmp_path / 'v1.1')
    session, _ = opened([tmp_path / 'v1.1'])
    assert session.marks.path == tmp_path / 'v1.1.marks.csv'
    session, _ = opened([csv_files[0], tmp_path / 'v1.1'])
    assert session.marks.path == csv_files[0].with_name('good.marks.csv')


def test_several_parts_carry_their_names(data, csv_files):
    copied = data.parent / 'train'
    convert(data, copied, 'hand-bone')
    session, _ = opened([data, copied, csv_files[0]])
    assert session.catalogue.gallery.names[:1] == [f'test/{NAMES[0]}']
    assert session.catalogue.gallery.names[-1] == f'train/{NAMES[-1]}'
    assert session.marks.path == data.with_name('test.marks.csv')


def test_a_csv_with_a_part_of_the_images_is_noted(data, tmp_path):
    _, notes = opened([data, write_csv(tmp_path / 'one.csv', 4, NAMES[:1])])
    assert notes == [f'{tmp_path / "one.csv"} has 1 of the 3 images']


def test_a_csv_without_its_last_rows_is_noted(data, csv_files):
    good, bad = csv_files
    lines = good.read_bytes().splitlines(keepends=True)
    good.write_bytes(b''.join(lines[:-2]))
    without = [line for line in bad.read_bytes().splitlines(keepends=True) if b',Ulna,' not in line]
    bad.write_bytes(b''.join(without))
    session, notes = opened([data, good, bad])
    assert notes == [
        f"{good} lacks rows of 1 of its images ('{NAMES[-1]}'): those masks are shown as empty",
        f"{bad} has no row of class 'Ulna': those masks are shown as empty",
    ]
    # without the data nobody knows the images, but rows of an image are missing all the same
    _, notes = opened([good], images=data / 'DCM')
    assert len(notes) == 1 and 'lacks rows of 1' in notes[0]


@pytest.mark.parametrize('to', ['labelme', 'cvat', 'coco'])
def test_corrected_labels_come_back_as_a_layer(data, tmp_path, to):
    convert(data, tmp_path / to, to)
    session, notes = opened([data], extras=Extras(corrected=tmp_path / to))
    assert notes == []
    (scores,) = session.catalogue.scores(session.catalogue.look_at(1))[1:]
    assert scores[RADIUS] > 0.9 and scores[ULNA] > 0.9


def test_many_label_files_are_not_all_read_first(data, monkeypatch):
    read, labels_of = [], many_labels.labels_of

    def noted(path):
        read.append(path.stem)
        return labels_of(path)

    monkeypatch.setattr(many_labels, 'labels_of', noted)
    monkeypatch.setattr(many_labels, 'MANY', 3)
    monkeypatch.setattr(many_labels, 'READ', 1)
    session, _ = opened([data])
    assert read == ['image1_R'] and session.catalogue.classes == CLASSES
    # what the files that were not read name beside the bones is said where it is
    label = (data / 'outputs_json' / NAMES[2]).with_suffix('.json')
    label.write_text(label.read_text().replace('Ulna', 'Ring'))
    session, _ = opened([data])
    assert session.catalogue.look_at(0).problems == []
    assert "'Ring'" in session.catalogue.look_at(2).problems[0]


def write_run(folder, csv_file, **dataset):
    """A work dir as a tested training leaves it."""
    config = folder / '20260101_000000' / 'vis_data' / 'config.py'
    config.parent.mkdir(parents=True)
    inner = dict(type='XRayHandBoneDataset', **dataset)
    loader = dict(dataset=dict(type='RepeatDataset', times=2, dataset=inner))
    config.write_text(f'test_dataloader = {loader!r}\n')
    (folder / 'submission.csv').write_bytes(csv_file.read_bytes())
    return folder


def test_work_dirs_show_their_test_data_and_predictions(data, csv_files, tmp_path):
    prefix = dict(img_path='test/DCM', ann_path='test/outputs_json')
    runs = [
        write_run(tmp_path / name, file, data_root=str(data.parent), data_prefix=prefix)
        for name, file in zip(('first', 'second'), csv_files, strict=True)
    ]
    session, notes = opened(runs)
    assert session.catalogue.gallery.names == list(NAMES) and notes == []
    layers = [each.name for each in session.catalogue.layers]
    assert layers == ['', 'first/submission', 'second/submission']


def test_work_dirs_of_folds_show_the_images_of_all_of_them(data, csv_files, tmp_path):
    prefix = dict(img_path='test/DCM', ann_path='test/outputs_json')
    fold = dict(num_folds=2, split='val', data_root=str(data.parent), data_prefix=prefix)
    runs = [write_run(tmp_path / str(n), csv_files[n], fold=n, **fold) for n in range(2)]
    of_each = [opened([run])[0].catalogue.gallery.names for run in runs]
    assert sorted(of_each[0] + of_each[1]) == list(NAMES) and of_each[0]
    # in a process that has trained something of another package
    init_default_scope('mmengine')
    assert opened(runs)[0].catalogue.gallery.names == list(NAMES)


def test_a_work_dir_whose_data_are_gone_is_one_line(data, csv_files, tmp_path):
    run = write_run(tmp_path / 'run', csv_files[0], data_root=str(tmp_path / 'nowhere'))
    with pytest.raises(HandboneError, match='nowhere') as caught:
        open_sources([run])
    assert '\n' not in str(caught.value)
    other = write_run(tmp_path / 'other', csv_files[0])
    config = next(other.glob('*/vis_data/config.py'))
    config.write_text(config.read_text().replace('XRayHandBoneDataset', 'SectionTiles'))
    with pytest.raises(HandboneError, match="data of the type 'SectionTiles' cannot be found"):
        open_sources([other])


def test_a_csv_of_other_images_is_one_line(data, tmp_path):
    other = write_csv(tmp_path / 'other.csv', 0, ['x.png'])
    with pytest.raises(HandboneError, match=r"none of its 1 images, such as 'x.png', is among"):
        open_sources([data, other])


def test_a_csv_without_images_is_one_line(csv_files):
    with pytest.raises(HandboneError, match='Predictions do not hold the images'):
        open_sources(csv_files)


def test_a_csv_of_other_classes_is_one_line(data, csv_files):
    text = csv_files[0].read_text()
    csv_files[0].write_text(text.replace('Ulna', 'Tibia'))
    with pytest.raises(HandboneError, match=r"good.csv, line 30: 'Tibia' is no class of the data"):
        open_sources([data, csv_files[0]])


def broken(path, row, content):
    lines = path.read_text().splitlines()
    lines[row - 1] = content(lines[row - 1])
    path.write_text('\n'.join(lines) + '\n')


def test_a_csv_that_is_cut_in_row_7_is_one_line(data, csv_files):
    broken(csv_files[0], 7, lambda line: line.partition(',')[0])
    with pytest.raises(HandboneError, match=r'good.csv, line 7: 1 field where the header has 3'):
        open_sources([data, *csv_files])


def test_bad_runs_in_row_7_leave_out_this_layer_of_this_image(data, csv_files):
    broken(csv_files[0], 7, lambda line: line + '5 x')
    session, _ = opened([data, *csv_files])
    # the files are closed; what is shown opens them again
    session, _ = open_sources([data, *csv_files])
    shown, whole = session.catalogue.look_at(0), session.catalogue.look_at(1)
    session.close()
    assert [runs is None for runs in shown.runs] == [False, True, False]
    (problem,) = shown.problems
    assert problem.startswith(f'{csv_files[0]}, line 7: bad RLE') and '\n' not in problem
    assert whole.problems == []


def test_an_image_that_is_gone_is_one_line(session, data):
    (data / 'DCM' / NAMES[1]).unlink()
    with pytest.raises(HandboneError, match='image2_L.png: the image cannot be read .No such file'):
        session.catalogue.picture(1)
    assert session.catalogue.picture(0)[1] == 'image/png'


def test_deep_images_become_grey_from_0_to_255(session, data):
    deep = np.linspace(0, 60000, 128 * 128).reshape(128, 128).astype(np.uint16)
    cv2.imwrite(str(data / 'DCM' / NAMES[0]), deep)
    content, kind = session.catalogue.picture(0)
    shown = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert kind == 'image/png' and shown.dtype == np.uint8
    assert shown[0, 0] == 0 and shown[-1, -1] == 255


def test_pictures_of_8_bits_go_as_they_are(session, data):
    assert session.catalogue.picture(2)[0] == (data / 'DCM' / NAMES[2]).read_bytes()


def test_a_port_that_is_taken_is_one_line(data, capsys):
    with socket.socket() as other:
        other.bind(('127.0.0.1', 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SystemExit, match='1'):
            main(['view', str(data), '--port', str(port), '--no-browser'])
    assert capsys.readouterr().err == (
        f'error: Port {port} is taken: choose another one, or --port 0 for any that is free.\n'
    )


@pytest.mark.parametrize(
    ('host', 'port', 'words'),
    [
        ('127.0.0.1', 70000, '--port is a number from 0 to 65535, not 70000'),
        ('203.0.113.9', 0, '--host 203.0.113.9 is no address of this machine'),
        ('no such host', 0, '--host no such host is no address of this machine'),
    ],
)
def test_an_address_that_cannot_be_is_one_line(host, port, words):
    with pytest.raises(HandboneError, match=words):
        listen(host, port)


def test_findings_of_other_images_are_one_line(data, tmp_path):
    finding = dict(check='specks', split='a', image='b', class_name='', reason='one', box=None)
    (tmp_path / 'findings.json').write_text(json.dumps({'findings': [finding]}))
    with pytest.raises(HandboneError, match="none of its images, such as 'b'"):
        open_sources([data], extras=Extras(findings=tmp_path))
    (tmp_path / 'findings.json').write_text('{"findings": [{"check": 1}]}')
    with pytest.raises(HandboneError, match=r'findings.json'):
        open_sources([data], extras=Extras(findings=tmp_path))
