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
