"""Classes that images do not know are left out of the scores of a submission."""

import json

import numpy as np
import pytest

from handbone.cli import command
from handbone.errors import HandboneError
from handbone.masks import pack
from handbone.scoring import evaluate
from handbone.submissions.rle_rows import HEADER, rle_rows

CLASSES = ('left', 'right')
SIZE = (20, 24)


@pytest.fixture
def files(tmp_path):
    """A CSV of two images, and JSON files in which the first one does not know "right"."""
    rows = []
    for number in (1, 2):
        masks = np.zeros((2, *SIZE), bool)
        masks[0, 2:10, 2:8] = masks[1, 5:12, 10:20] = True
        rows.append(rle_rows(f'ID{number}/image.png', CLASSES, pack(masks)))
        annotations = [dict(label='left', points=[[2, 2], [7, 2], [7, 9], [2, 9]])]
        unknown = ['right'] if number == 1 else []
        if number == 2:
            annotations.append(dict(label='right', points=[[9, 5], [19, 5], [19, 11], [9, 11]]))
        file = tmp_path / f'outputs_json/ID{number}/image.json'
        file.parent.mkdir(parents=True)
        file.write_text(
            json.dumps(
                dict(
                    annotations=annotations,
                    attributes=dict(unknown_classes=unknown),
                    metadata=dict(height=SIZE[0], width=SIZE[1]),
                )
            )
        )
    submission = tmp_path / 'submission.csv'
    submission.write_bytes(HEADER + b''.join(rows))
    return submission, file.parents[1]


def without_attributes(folder):
    file = folder / 'ID1/image.json'
    file.write_text(json.dumps(json.loads(file.read_text()) | dict(attributes={})))


def test_what_json_files_call_unknown_is_not_scored(files):
    table = evaluate(*files, classes=CLASSES).scores
    for scores in table.scores.values():
        assert np.isnan(scores).tolist() == [[False, True], [False, False]]
    without_attributes(files[1])
    missing = evaluate(*files, classes=CLASSES).scores
    assert missing.scores['dice'][0, 1] < 1e-5
    np.testing.assert_allclose(table.mean('dice'), np.delete(missing.scores['dice'], 1).mean())


def test_a_csv_says_the_same(files, tmp_path, capsys):
    expected = evaluate(*files, classes=CLASSES).means
    without_attributes(files[1])
    table = tmp_path / 'unknown.csv'
    table.write_text('image_name,class\nID1/image.png,right\n')
    assert evaluate(*files, classes=CLASSES, unknown_file=table).means == expected
    arguments = ['evaluate', *map(str, files), '--classes', *CLASSES]
    assert command.main([*arguments, '--unknown-file', str(table)]) in (None, 0)
    assert f'{expected["dice"]:.4f}' in capsys.readouterr().out


def test_masks_of_an_unknown_class(files, tmp_path):
    table = tmp_path / 'unknown.csv'
    table.write_text('image_name,class\nID2/image,right\n')
    with pytest.raises(HandboneError, match="'right' is annotated in image .* unknown in it"):
        evaluate(*files, classes=CLASSES, unknown_file=table)
    with pytest.raises(FileNotFoundError, match='none.csv'):
        evaluate(*files, classes=CLASSES, unknown_file=tmp_path / 'none.csv')


def test_a_csv_about_other_images_is_refused_before_masks_are_read(files, tmp_path):
    table = tmp_path / 'unknown.csv'
    table.write_text('image_name,class\nID9/image,right\n')
    with files[0].open('ab') as submission:
        submission.write(b'ID2/image.png,left,1\n')
    with pytest.raises(HandboneError, match='none of its images is in the data'):
        evaluate(*files, classes=CLASSES, unknown_file=table)


@pytest.fixture
def with_places(files, tmp_path):
    """The files, in which a box of image ID2 says that nobody knows whether "right" is there."""
    submission, folder = files
    path = folder / 'ID2/image.json'
    document = json.loads(path.read_bytes())
    box = [[8, 3], [14, 3], [14, 8], [8, 8]]
    document['annotations'] += [dict(label='right?', points=box), dict(label='left', points=box)]
    path.write_text(json.dumps(document))
    return submission, folder


def drawn(*boxes):
    mask = np.zeros(SIZE, bool)
    for top, bottom, left, right in boxes:
        mask[top : bottom + 1, left : right + 1] = True
    return mask


def test_places_in_which_a_class_is_unknown_do_not_count(with_places, tmp_path, capsys):
    """Against planes; "left" counts in the place all the same."""
    place = drawn((3, 8, 8, 14))
    left, right = drawn((2, 9, 2, 7)) | place, drawn((5, 11, 9, 19)) & ~place
    predicted = drawn((2, 9, 2, 7)), drawn((5, 11, 10, 19)) & ~place
    expected = [
        (2 * (found & true).sum() + 1e-4) / (found.sum() + true.sum() + 1e-4)
        for found, true in zip(predicted, (left, right), strict=True)
    ]
    settings = dict(classes=CLASSES, unknown_labels={'right?': 'right'})
    for scores in (['dice'], ['dice', 'surface_dice']):
        table = evaluate(*with_places, scores=scores, **settings).scores
        np.testing.assert_allclose(table.scores['dice'][1], expected, rtol=1e-9)
    assert expected[1] < 1 and table.scores['surface_dice@2'][1, 1] == 1
    arguments = ['evaluate', *map(str, with_places), '--classes', *CLASSES, '--metrics', 'dice']
    command.main([*arguments, '--unknown-labels', 'right?=right', '--out', str(tmp_path / 'a.csv')])
    assert f'ID2/image.png,ID2,right,{expected[1]:.6f}' in (tmp_path / 'a.csv').read_text()


def test_overlaps_leave_unknown_places_out(with_places):
    settings = dict(classes=CLASSES, overlap='all')
    found = evaluate(*with_places, unknown_labels={'right?': 'right'}, **settings)
    assert found.overlaps is None
    skipped = evaluate(*with_places, skip_labels=['right?'], **settings)
    assert skipped.overlaps.classes == ('left+right',)


def test_a_place_as_large_as_the_image(with_places):
    path = with_places[1] / 'ID2/image.json'
    document = json.loads(path.read_bytes())
    document['annotations'][2]['points'] = [[0, 0], [23, 0], [23, 19], [0, 19]]
    path.write_text(json.dumps(document))
    table = evaluate(*with_places, classes=CLASSES, unknown_labels={'right?': 'right'}).scores
    assert np.isnan(table.scores['dice']).tolist() == [[False, True], [False, True]]


def test_unknown_labels_that_make_no_sense(with_places, files):
    with pytest.raises(HandboneError, match=r"'right\?'.*the label is not among the 2 classes"):
        evaluate(*with_places, classes=CLASSES)
    with pytest.raises(HandboneError, match="'top' is not among the classes"):
        evaluate(*with_places, classes=CLASSES, unknown_labels={'right?': 'top'})
    with pytest.raises(HandboneError, match='a CSV marks no places in which a class is unknown'):
        evaluate(files[0], files[0], classes=CLASSES, unknown_labels={'right?': 'right'})
    with pytest.raises(HandboneError, match='--unknown-labels needs masks and a REFERENCE'):
        evaluate(files[0], unknown_labels={'right?': 'right'})
