"""evaluate() as a function: its scores by their definition, its result, its settings."""

import csv
import unicodedata

import cv2
import numpy as np
import pytest

from handbone import apis
from handbone.csv_files import csv_bytes
from handbone.evaluation.score_files import dice_rows, read_score_file
from handbone.evaluation.score_table import ScoreTable
from handbone.evaluation.surface_distance import hausdorff_distance, surface_distances
from handbone.masks import pack
from handbone.scoring import Evaluation, evaluate
from handbone.submissions.rle_rows import HEADER, rle_rows

CLASSES = ('left', 'right')
SIZE = (20, 24)


def make_masks(seed):
    random = np.random.default_rng(seed)
    masks = np.zeros((2, *SIZE), bool)
    for mask in masks:
        top, left, height, width = random.integers(2, 10, 4)
        mask[top : top + height, left : left + width] = True
    return masks


IMAGES = tuple(f'ID{number // 2}/{number}.png' for number in range(5))
REFERENCE = dict(zip(IMAGES, map(make_masks, range(5)), strict=True))
FIRST = dict(zip(IMAGES, map(make_masks, range(10, 15)), strict=True))
SECOND = dict(zip(IMAGES, map(make_masks, range(20, 25)), strict=True))


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """CSVs of reference masks and of two predictions."""
    folder = tmp_path_factory.mktemp('masks')
    paths = []
    for name, images in (('reference', REFERENCE), ('first', FIRST), ('second', SECOND)):
        rows = [rle_rows(image, CLASSES, pack(masks)) for image, masks in images.items()]
        paths.append(folder / f'{name}.csv')
        paths[-1].write_bytes(HEADER + b''.join(rows))
    return paths


def naive_dice(images):
    """(N, C) by the definition."""
    pairs = [(masks, REFERENCE[image]) for image, masks in images.items()]
    return np.array(
        [
            [
                (2 * (a & b).sum() + 1e-4) / (a.sum() + b.sum() + 1e-4)
                for a, b in zip(*pair, strict=True)
            ]
            for pair in pairs
        ]
    )


def test_scores_by_the_definition(files):
    reference, first, _ = files
    found = evaluate(first, str(reference), scores=['dice', 'hd95'], size=SIZE)
    assert isinstance(found, Evaluation) and found.scores.images == IMAGES
    np.testing.assert_allclose(found.scores.scores['dice'], naive_dice(FIRST), rtol=1e-12)
    distances = [
        [hausdorff_distance(each) for each in surface_distances(pack(masks), pack(truth), 2)]
        for masks, truth in zip(FIRST.values(), REFERENCE.values(), strict=True)
    ]
    np.testing.assert_allclose(found.scores.scores['hd95'], distances)
    assert found.means == {
        'dice': pytest.approx(naive_dice(FIRST).mean()),
        'hd95': pytest.approx(np.mean(distances)),
    }
    assert found.others is found.difference is None and found.comparison() == ''
    assert f'{naive_dice(FIRST).mean():.4f}' in found.text(worst=1)
    assert f'  {IMAGES[int(naive_dice(FIRST).mean(axis=1).argmin())]}: Dice' in found.text(worst=1)


def test_spacing_and_what_cannot_be_scored(files):
    reference, first, _ = files
    pixels, mm = (
        evaluate(first, reference, scores=['hd95'], size=SIZE, spacing=spacing)
        for spacing in (None, 0.2)
    )
    assert mm.means['hd95'] == pytest.approx(0.2 * pixels.means['hd95'])
    assert (pixels.scores.unit, mm.scores.unit) == ('px', 'mm')
    without = evaluate(first, reference)
    assert list(without.means) == ['dice', 'iou', 'precision', 'recall']
    assert 'add --size HEIGHT WIDTH' in without.notes[0] and without.notes[0] in without.text()


def test_two_predictions(files, tmp_path):
    reference, first, second = files
    found = evaluate(first, reference, against=second, scores=['dice'], out=tmp_path / 'a.csv')
    gain = (naive_dice(FIRST) - naive_dice(SECOND)).mean()
    assert found.difference.mean == pytest.approx(gain) and found.difference.groups == 3
    assert f'Dice: {gain:+.4f}, 95 % interval' in found.comparison()
    evaluate(second, reference, scores=['dice'], out=tmp_path / 'b.csv')
    again = evaluate(tmp_path / 'a.csv', against=tmp_path / 'b.csv')
    assert again.difference.mean == pytest.approx(gain, abs=1e-6)
    with (tmp_path / 'a.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['image'] for row in rows[::2]] == list(IMAGES)
    assert {row['patient'] for row in rows} == {'ID0', 'ID1', 'ID2'}


def test_tables_pair_names_in_either_unicode_form(files, tmp_path):
    reference, first, second = files
    for name, masks, form in (('a.csv', first, 'NFC'), ('b.csv', second, 'NFD')):
        evaluate(masks, reference, scores=['dice'], out=tmp_path / name)
        text = (tmp_path / name).read_text(encoding='utf-8').replace('ID0/', 'Zo\u00eb/')
        (tmp_path / name).write_text(unicodedata.normalize(form, text), encoding='utf-8')
    found = evaluate(tmp_path / 'a.csv', against=tmp_path / 'b.csv')
    gain = (naive_dice(FIRST) - naive_dice(SECOND)).mean()
    assert found.difference.mean == pytest.approx(gain, abs=1e-6)


def test_class_names_are_compared_in_one_unicode_form(files, tmp_path):
    composed, decomposed = 'r\u00e1dio', 'ra\u0301dio'
    paths = []
    for path, form in zip(files, (composed, decomposed, composed), strict=True):
        paths.append(tmp_path / path.name)
        text = path.read_text().replace(',left,', f',{form},')
        paths[-1].write_text(text, encoding='utf-8')
    reference, first, second = paths
    expected = pytest.approx(naive_dice(FIRST).mean())
    for classes in (None, [composed, 'right'], [decomposed, 'right']):
        found = evaluate(first, reference, scores=['dice'], classes=classes)
        assert found.means['dice'] == expected and found.scores.classes == (composed, 'right')
    with pytest.raises(ValueError, match='--classes names .* twice'):
        evaluate(first, reference, classes=[composed, decomposed])

    evaluate(first, reference, scores=['dice'], out=tmp_path / 'a.csv')
    per_image = ScoreTable(IMAGES, IMAGES, (composed, 'right'), {'dice': naive_dice(SECOND)})
    (tmp_path / 'dice_per_image.csv').write_bytes(csv_bytes(dice_rows(per_image)))
    for name in ('a.csv', 'dice_per_image.csv'):
        text = (tmp_path / name).read_text(encoding='utf-8').replace(composed, decomposed)
        (tmp_path / name).write_text(text, encoding='utf-8')
    evaluate(second, reference, scores=['dice'], out=tmp_path / 'b.csv')
    gain = pytest.approx((naive_dice(FIRST) - naive_dice(SECOND)).mean(), abs=1e-6)
    for other in ('b.csv', 'dice_per_image.csv'):
        found = evaluate(tmp_path / 'a.csv', against=tmp_path / other)
        assert found.difference.mean == gain
    read = read_score_file(tmp_path / 'a.csv', {'one': (decomposed,)})
    assert read.groups == {'one': (composed,)}


def test_pictures_of_the_worst(files, tmp_path):
    reference, first, _ = files
    for image in IMAGES:
        path = tmp_path / 'images' / image
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.zeros(SIZE, np.uint8))
    settings = dict(images=tmp_path / 'images', show_dir=tmp_path / 'shown', worst=2)
    found = evaluate(first, reference, scores=['dice'], **settings)
    assert [path.name for path in found.pictures][-1] == 'worst.jpg' and len(found.pictures) == 3
    assert all(path.is_file() for path in found.pictures)


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(scores=['dise']), 'unknown scores dise'),
        (dict(spacing=(1, 2, 3)), 'spacing is one or two lengths'),
        (dict(spacing=float('nan')), 'spacing is one or two lengths'),
        (dict(size=(0, 3)), '--size is height and width'),
        (dict(worst=-1), '--worst is a number of images'),
        (dict(classes=['left', 'left']), "--classes names 'left' twice"),
        (dict(show_dir='x'), 'add --images FOLDER'),
        (dict(size=(4, 4)), 'ends outside the map of 16 pixels'),
    ],
)
def test_settings_that_make_no_sense(files, settings, message):
    with pytest.raises(ValueError, match=message):
        evaluate(files[1], files[0], **settings)


def test_other_classes_and_no_files(files, tmp_path):
    other = tmp_path / 'other.csv'
    other.write_bytes(files[1].read_bytes().replace(b'right', b'middle'))
    with pytest.raises(ValueError, match=r"and .* different classes: .*'middle', 'right'"):
        evaluate(other, files[0])
    with pytest.raises(ValueError, match="line 3: unknown class 'middle'"):
        evaluate(files[1], files[0], against=other)
    with pytest.raises(FileNotFoundError, match='none: no such file'):
        evaluate(files[1], tmp_path / 'none')
    with pytest.raises(ValueError, match='is not a table of scores. Give a REFERENCE'):
        evaluate(files[1])


def test_a_single_class(tmp_path):
    path = tmp_path / 'one.csv'
    path.write_bytes(HEADER + b'a,lung,1 4\n')
    assert evaluate(path, path, scores=['dice']).means == {'dice': 1.0}


def test_notebooks_find_the_functions():
    assert (
        apis.evaluate is evaluate and apis.vote and apis.read_run and apis.Evaluation is Evaluation
    )


def test_overlaps_of_pairs(files, tmp_path):
    reference, first, second = files
    out = tmp_path / 'pairs.csv'
    found = evaluate(first, reference, against=second, size=SIZE, overlap='all', overlap_out=out)
    shared = {image: masks.all(axis=0) for image, masks in REFERENCE.items()}
    rows = [row for row, image in enumerate(IMAGES) if shared[image].any()]
    assert 0 < len(rows) < len(IMAGES)
    for predictions, table in ((FIRST, found.overlaps), (SECOND, found.other_overlaps)):
        assert table.images == IMAGES and table.classes == ('left+right',)
        for row, image in enumerate(IMAGES):
            predicted, true = predictions[image].all(axis=0), shared[image]
            dice = (2 * (predicted & true).sum() + 1e-4) / (predicted.sum() + true.sum() + 1e-4)
            expected = dice if row in rows else np.nan
            np.testing.assert_allclose(table.scores['dice'][row, 0], expected, rtol=1e-12)
    assert '| left+right |' in found.text()
    assert 'Within the overlap of pairs:' in found.comparison()
    assert 'without a distance' not in found.comparison()
    again = evaluate(out, against=out)
    assert again.means['dice'] == pytest.approx(found.overlaps.mean('dice'), abs=1e-6)
    assert out.read_text().count('NA') == 2 * (len(IMAGES) - len(rows))
    named = evaluate(first, reference, size=SIZE, overlap=['right+left'])
    assert named.overlaps.classes == ('right+left',)


def test_overlaps_that_cannot_be_scored(files, tmp_path):
    reference, first, _ = files
    with pytest.raises(ValueError, match=r'does not tell the size.*for overlaps\.'):
        evaluate(first, reference, scores=['dice'], overlap='all')
    with pytest.raises(ValueError, match='--overlap-out writes what --overlap scores'):
        evaluate(first, reference, size=SIZE, overlap_out=tmp_path / 'pairs.csv')
    with pytest.raises(ValueError, match="there is no class 'Radius'"):
        evaluate(first, reference, size=SIZE, overlap='adjacent-bones')
    apart = tmp_path / 'apart.csv'
    rows = [
        rle_rows(image, CLASSES, pack(masks & np.array([[[True]], [[False]]])))
        for image, masks in REFERENCE.items()
    ]
    apart.write_bytes(HEADER + b''.join(rows))
    found = evaluate(first, apart, size=SIZE, overlap='all')
    assert found.overlaps is None and 'No pair of classes overlaps' in found.text()
