"""Every fault of the data is found, and its message names file, annotation and remedy."""

import json
import re

import numpy as np
import pytest
from small_dataset import annotation, circle, shapes, write_json

from handbone.datasets import DatasetError

LOAD = [dict(type='LoadRadiograph'), dict(type='LoadPolygonAnnotations')]


def spoil(folder, text):
    folder.json('ID002', 'image2_R').write_text(text)


def annotations_with(points, label='round'):
    return [*shapes()[:2], annotation(label, points, 'b7')]


def expect(folder, build, message, file=None, **options):
    """Stop names the fault; report leaves the image out and writes the same message."""
    file = file or folder.json('ID002', 'image2_R')
    with pytest.raises(DatasetError, match=message) as caught:
        build(folder.config(**options))
    assert str(caught.value).startswith(f'{file}: ')
    assert caught.value.path == str(file)
    report = folder.root / 'reports/bad.txt'
    dataset = build(folder.config(bad_files='report', report_file=str(report), **options))
    assert len(dataset) == 11
    text = report.read_text()
    assert '11 of 12 images stay in the dataset' in text
    assert re.search(message, text)
    assert str(file) in text
    assert [path.name for path in report.parent.iterdir()] == ['bad.txt']


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'the file is not JSON'),
        ('{"annotations": [', 'the file is not JSON'),
        ('[' * 100_000, 'the JSON is nested too deeply'),
        ('[]', 'the key "annotations" is missing'),
        ('{"labels": []}', 'the key "annotations" is missing'),
        ('{"annotations": {}}', '"annotations" is not a list'),
        ('{"annotations": [3]}', 'annotation 0: it is not an object'),
        ('{"annotations": [{"points": []}]}', r"annotation 0 \(id 'none'.*\): the key \"label\""),
        ('{"annotations": [{"label": "long", "id": "q"}]}', r"\(id 'q', label 'long'\): the key"),
    ],
)
def test_unusable_documents(folder, build, text, message):
    spoil(folder, text)
    expect(folder, build, message)


def test_json_that_is_not_text(folder, build):
    folder.json('ID002', 'image2_R').write_bytes(b'\x89PNG\r\n\xff\xfe\x00')
    expect(folder, build, 'the file is not JSON')


@pytest.mark.parametrize(
    ('points', 'message'),
    [
        ([], 'it has 0 points, but a polygon needs at least 3'),
        ([[1, 1], [9, 9]], 'it has 2 points'),
        ('1,1 9,9 1,9', 'it has str as points'),
        (None, 'it has NoneType as points'),
        (
            [[1, 1], [9, float('nan')], [1, 9]],
            r'point 1 \(\[9, nan\]\) is not a pair of finite',
        ),
        (
            [[1, 1], [9, 9], [float('inf'), 9]],
            r'point 2 \(\[inf, 9\]\) is not a pair of finite',
        ),
        ([[1, 1], ['9', '9'], [1, 9]], r"point 1 \(\['9', '9'\]\) is not a pair of finite numbers"),
        ([['1', '1'], ['9', '9'], ['1', '9']], 'point 0 .* is not a pair of finite numbers'),
        ([[1, 1], [9, None], [1, 9]], r'point 1 \(\[9, None\]\) is not a pair'),
        ([[1, 1], [9], [1, 9]], r'point 1 \(\[9\]\) is not a pair'),
        ([[1, 1, 1], [9, 9, 9], [1, 9, 9]], 'point 0 .* is not a pair'),
        ([1, 2, 3, 4], r'point 0 \(1\) is not a pair'),
        ([[1, 1], [10**400, 9], [1, 9]], 'point 1 .* is not'),
        ([[1, 1], [1e39, 9], [1, 9]], 'point 1 .* within 1000000 pixels'),
        ([[1, 1], [-(2**63), 9], [1, 9]], 'point 1 .* is not a pair'),
        ([{'x': 1, 'y': 2}] * 3, 'point 0 .* is not a pair'),
        (['ab', 'cd', 'ef'], r"point 0 \('ab'\) is not a pair"),
        (circle(-30, 20, 9), r'is completely outside the image \(x -39 to -21, y'),
        (circle(20, 90, 9), 'is completely outside the image'),
    ],
)
def test_unusable_points(folder, build, points, message):
    write_json(folder.json('ID002', 'image2_R'), annotations_with(points))
    expect(folder, build, r"annotation 2 \(id 'b7', label 'round'\): .*" + message)


def test_points_partly_outside_are_fine(folder, build):
    write_json(folder.json('ID002', 'image2_R'), annotations_with(circle(0, 0, 9)))
    assert len(build(folder.config())) == 12


@pytest.mark.parametrize(
    ('label', 'message'),
    [
        ('Round', r'the label is not among the 3 classes \(round, square, long\)'),
        ('', 'the label is not among the 3 classes'),
        (7, 'the label is not a name'),
        (None, 'the label is not a name'),
        (['round'], 'the label is not a name'),
    ],
)
def test_unknown_label(folder, build, label, message):
    write_json(folder.json('ID002', 'image2_R'), annotations_with([[1, 1], [9, 9], [1, 9]], label))
    expect(folder, build, rf"annotation 2 \(id 'b7', label {re.escape(repr(label))}\): {message}")


def test_image_and_frame_disagree(folder, build):
    write_json(folder.json('ID002', 'image2_R'), shapes(), size=(64, 48))
    expect(folder, build, 'width 48 and height 64 .* the image has width 64 and height 48')


def test_metadata_is_optional(folder, build):
    spoil(folder, json.dumps(dict(annotations=shapes())))
    assert len(build(folder.config())) == 12
    spoil(folder, json.dumps(dict(annotations=shapes(), metadata=dict(height=48))))
    assert len(build(folder.config())) == 12


def test_image_without_annotation(folder, build):
    folder.json('ID002', 'image2_R').unlink()
    image = folder.png('ID002', 'image2_R')
    expect(folder, build, r'no annotation file \(expected .*image2_R\.json\)', image)


def test_annotation_without_image(folder, build):
    folder.png('ID002', 'image2_R').unlink()
    message = 'image2_R.json: there is no image with the name of this annotation file'
    with pytest.raises(DatasetError, match=message):
        build(folder.config())
    report = folder.root / 'bad.txt'
    dataset = build(folder.config(bad_files='report', report_file=str(report)))
    assert len(dataset) == 11
    assert re.search(message, report.read_text())
    # Only annotations of listed patients matter to a list file.
    (folder.root / 'mine.txt').write_text('ID001\n')
    assert len(build(folder.config(ann_file='mine.txt'))) == 2
    (folder.root / 'mine.txt').write_text('ID002\n')
    with pytest.raises(DatasetError, match=message):
        build(folder.config(ann_file='mine.txt'))


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda data: b'', 'the file is not an image'),
        (lambda data: b'GIF', 'the file is not an image'),
        (lambda data: data[:20], 'the PNG is truncated'),
        (lambda data: data[: len(data) // 2], 'the PNG is truncated'),
        (lambda data: data[:-12], 'the PNG is truncated'),
    ],
)
def test_unreadable_images(folder, build, change, message):
    image = folder.png('ID002', 'image2_R')
    image.write_bytes(change(image.read_bytes()))
    expect(folder, build, message, image)


def test_image_that_is_no_file(folder, build):
    image = folder.png('ID002', 'image2_R')
    image.unlink()
    image.symlink_to(folder.root / 'gone.png')
    expect(folder, build, 'the image cannot be read', image)


def damage(path):
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 40] = bytes(40)
    path.write_bytes(bytes(data))


@pytest.mark.parametrize('change', [damage, lambda path: path.unlink()])
def test_damage_that_only_decoding_finds(folder, build, change):
    noise = np.random.default_rng(0).integers(0, 256, (48, 64), dtype=np.uint8)
    folder.add('ID002', 'image2_R', image=noise)
    dataset = build(folder.config(pipeline=LOAD))
    lenient = build(folder.config(pipeline=LOAD, bad_files='report'))
    scored = build(folder.config(pipeline=LOAD, bad_files='report', test_mode=True))
    change(folder.png('ID002', 'image2_R'))
    for strict in (dataset, scored):
        with pytest.raises(DatasetError, match=r'image2_R\.png: the image cannot be'):
            strict[5]
    assert lenient[5]['image_name'] != 'image2_R.png'


def test_truncation_after_the_start(folder, build):
    dataset = build(folder.config(pipeline=LOAD))
    image = folder.png('ID002', 'image2_R')
    image.write_bytes(image.read_bytes()[:-20])
    with pytest.raises(DatasetError, match='the PNG is truncated'):
        dataset[5]


def test_all_problems_of_a_file_are_reported(folder, build):
    write_json(
        folder.json('ID002', 'image2_R'),
        [annotation('round', [], 'p'), shapes()[0], annotation('flat', circle(9, 9, 3), 'q')],
    )
    folder.json('ID004', 'image4_L').write_text('{')
    with pytest.raises(DatasetError) as caught:
        build(folder.config())
    assert caught.value.__notes__ == ['The same file has 1 more problems.']
    report = folder.root / 'bad.txt'
    assert len(build(folder.config(bad_files='report', report_file=str(report)))) == 10
    lines = report.read_text().splitlines()
    assert lines[0].startswith('3 problems in 2 files; 10 of 12')
    assert "id 'p'" in lines[1] and "id 'q'" in lines[2] and 'image4_L.json' in lines[3]


def test_no_report_for_sound_data(folder, build):
    report = folder.root / 'bad.txt'
    build(folder.config(bad_files='report', report_file=str(report)))
    assert not report.exists()


def test_only_bad_files(folder, build):
    for path in folder.root.rglob('*.json'):
        path.write_text('{')
    with pytest.raises(DatasetError, match='all images of the dataset are bad'):
        build(folder.config(bad_files='report'))


def test_empty_folders_and_folds(folder, build, tmp_path):
    with pytest.raises(DatasetError, match='the folder does not exist'):
        build(folder.config(data_root=str(tmp_path / 'nowhere')))
    with pytest.raises(DatasetError, match=r'the folder has no \.tif image'):
        build(folder.config(img_suffix='.tif'))
    with pytest.raises(DatasetError, match='6 patients cannot be divided into 7 folds'):
        build(folder.config(fold=0, num_folds=7))
    with pytest.raises(DatasetError, match='fold 5 of 5 does not exist'):
        build(folder.config(fold=5))
    with pytest.raises(DatasetError, match='fold 0 of 1 does not exist'):
        build(folder.config(fold=0, num_folds=1))
    (folder.root / 'mine.txt').write_text('# nobody\n')
    with pytest.raises(DatasetError, match='the list file names no image'):
        build(folder.config(ann_file='mine.txt'))
    with pytest.raises(DatasetError, match='the list file cannot be read'):
        build(folder.config(ann_file='missing.txt'))
    with pytest.raises(DatasetError, match='ann_path is missing'):
        build(folder.config(data_prefix=dict(img_path='train/DCM')))
    with pytest.raises(DatasetError, match='the folder does not exist'):
        build(folder.config(data_prefix=dict(img_path='train/DCM', ann_path='nowhere')))


def test_a_report_that_cannot_be_written_leaves_the_old_one(folder, build, full_disk):
    report = folder.root / 'bad.txt'
    report.write_text('the last report')
    spoil(folder, '{')
    with pytest.raises(OSError, match='No space left'):
        build(folder.config(bad_files='report', report_file=str(report)))
    assert report.read_text() == 'the last report'
    assert sorted(path.name for path in folder.root.iterdir()) == ['bad.txt', 'train']
