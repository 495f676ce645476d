"""Tuned thresholds against repeated prediction and counting."""

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from handbone.evaluation import ThresholdMetric, read_thresholds, write_thresholds
from handbone.evaluation.threshold_choice import candidates, choose_thresholds
from handbone.evaluation.threshold_metric import dice_by_threshold
from handbone.masks import (
    dice,
    logits_to_packed,
    overlap_counts,
    pack,
    planes_first,
    planes_last,
    upsampled_blocks,
)


def smooth(classes, size, seed, scale=6.0):
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(1, classes, 4, 5, generator=generator)
    return scale * F.interpolate(coarse, size, mode='bicubic')[0]


def image(classes=5, seed=0, ignored=False):
    """Logits of (24, 30), and a truth of (90, 120) that agrees with them in part."""
    logits = smooth(classes, (24, 30), seed)
    noise = smooth(classes, (90, 120), seed + 100, 3.0)
    full = F.interpolate(logits[None], (90, 120), mode='bilinear')[0] + noise
    ignore = np.random.default_rng(seed).random((90, 120)) < 0.2 if ignored else None
    return logits, pack((full > 1).numpy(), ignore)


def repeated(logits, truth, thresholds, content=None):
    """Dice of predictions made anew for each threshold: (C, K)."""
    scores = []
    for column in np.asarray(thresholds).T:
        found = planes_last(logits_to_packed(logits, truth.shape[:2], column, content))
        scores.append(dice(overlap_counts(found, truth, len(logits))))
    return np.stack(scores, axis=1)


@pytest.mark.parametrize('classes', [5, 40])
@pytest.mark.parametrize('ignored', [False, True])
@pytest.mark.parametrize('content', [None, (22.5, 29.3)])
def test_dice_at_every_threshold(classes, ignored, content):
    logits, truth = image(classes, ignored=ignored)
    logits[2, 4:9, 5:20] = torch.nan
    logits[3] = -50
    tried = candidates([0.123] * classes, classes)
    found = dice_by_threshold(logits, truth, tried, content)
    assert found.shape == (classes, 256)
    some = [0, 1, 31, 32, 128, 200, 255]
    np.testing.assert_allclose(
        found[:, some], repeated(logits, truth, tried[:, some], content), rtol=1e-12
    )
    assert (np.ptp(found, axis=1) > 0.05).sum() >= classes - 2


def test_blocks_are_the_upsampled_logits():
    logits = smooth(3, (24, 30), 5)
    logits[0, :, 12:] = -9  # far below its threshold: these columns are left out
    full = F.interpolate(logits[None], (700, 900), mode='bilinear')[0].numpy()
    covered = np.zeros(full.shape, bool)
    for index, rows, columns, values in upsampled_blocks(logits, (700, 900), [0.9, 0.5, 0.01]):
        assert values.size <= 2**16
        assert not covered[index, rows, columns].any()
        covered[index, rows, columns] = True
        np.testing.assert_allclose(values, full[index, rows, columns], atol=1e-4)
    limits = np.log(np.divide([0.9, 0.5, 0.01], [0.1, 0.5, 0.99])).reshape(3, 1, 1)
    assert covered[full > limits + 1e-4].all() and not covered.all()


def test_candidates():
    tried = candidates([0.5, 0.3], 2)
    assert tried.shape == (2, 256) and (np.diff(tried, axis=1) >= 0).all()
    assert 0.3 in tried[1] and tried[0].min() == 1 / 256 and tried[0].max() == 255 / 256


def test_choice():
    """The best mean Dice; the nearest of equals; nothing where held out images lose."""
    tried = np.tile([0.2, 0.4, 0.5, 0.6, 0.8], (4, 1))
    clear = [0.1, 0.9, 0.5, 0.4, 0.1]
    level = [0.7, 0.8, 0.5, 0.8, 0.7]
    equal = [1.0] * 5
    # one image alone makes 0.8 look better
    lucky = [[0.5, 0.5, 0.6, 0.5, 0.55]] * 4 + [[0.5, 0.5, 0.5, 0.5, 0.9]]
    scores = np.array([[clear, level, equal, row] for row in lucky])
    choice = choose_thresholds(scores, tried, 0.5)
    assert choice.thresholds.tolist() == [0.4, 0.4, 0.5, 0.5] and choice.images == 5
    np.testing.assert_allclose(choice.before, [0.5, 0.5, 1.0, 0.58])
    np.testing.assert_allclose(choice.after, [0.9, 0.8, 1.0, 0.58])
    np.testing.assert_allclose(choice.held_out, choice.after)
    assert scores[:, 3, 4].mean() > 0.58


def test_one_image_says_nothing():
    tried = np.array([[0.2, 0.5]])
    choice = choose_thresholds(np.array([[[0.9, 0.1]]]), tried, 0.5)
    assert choice.thresholds.tolist() == [0.5]


def sample(logits, truth, path):
    return dict(
        img_path=path,
        seg_logits=dict(data=logits),
        gt_sem_seg=dict(data=planes_first(truth)),
    )


def test_metric(tmp_path):
    """Against the best of predictions repeated for every threshold; repeats count once."""
    classes = ('a', 'b', 'c', 'd', 'e')
    path = tmp_path / 'new' / 'thresholds.json'
    metric = ThresholdMetric(thresholds=0.45, out_file=path, made_of=dict(config='demo.py'))
    metric.dataset_meta = dict(classes=classes)
    images = [image(seed=seed) for seed in range(6)]
    for index in (0, 1, 2, 3, 4, 5, 0):
        metric.process({}, [sample(*images[index], f'{index}.png')])
    result = metric.evaluate(7)
    tried = candidates(0.45, 5)
    scores = np.mean([repeated(*one, tried) for one in images], axis=0)
    thresholds = read_thresholds(path, classes)
    before = scores[:, tried[0].tolist().index(0.45)]
    changed = 0
    for index, threshold in enumerate(thresholds):
        reached = scores[index, tried[index].tolist().index(threshold)]
        if threshold == 0.45:
            assert reached == pytest.approx(before[index])
        else:
            assert reached == pytest.approx(scores[index].max()) and reached > before[index]
            changed += 1
    assert changed >= 2
    assert result['mDice'] == pytest.approx(before.mean())
    assert result['mDice'] < result['mDice/held_out'] <= result['mDice/tuned']
    content = json.loads(path.read_text())
    assert content['images'] == 6 and content['config'] == 'demo.py'
    assert content['dice_after'] == pytest.approx(result['mDice/tuned'], abs=1e-6)
    assert list(path.parent.iterdir()) == [path]


def test_metric_without_truth():
    metric = ThresholdMetric()
    with pytest.raises(ValueError, match='a.png: thresholds are tuned on images with labels'):
        metric.process({}, [dict(img_path='a.png')])
    with pytest.raises(ValueError, match='no image to tune'):
        metric.compute_metrics([])


@pytest.fixture
def written(tmp_path):
    tried = np.tile([0.25, 0.5], (3, 1))
    scores = np.tile([0.9, 0.1], (4, 3, 1))
    scores[:, 1] = 1
    path = tmp_path / 'thresholds.json'
    write_thresholds(path, ('a', 'b', 'c'), choose_thresholds(scores, tried, 0.5), {})
    return path


def test_file(written):
    assert read_thresholds(written, ('a', 'b', 'c')) == (0.25, 0.5, 0.25)
    assert read_thresholds(str(written), ['b', 'c', 'a']) == (0.5, 0.25, 0.25)
    entry = json.loads(written.read_text())['classes']['a']
    assert entry == dict(
        threshold=0.25, former=0.5, dice_before=0.1, dice_after=0.9, dice_held_out=0.9
    )


@pytest.mark.parametrize(
    ('classes', 'message'),
    [
        (('a', 'b', 'c', 'd'), 'a different class list: it lacks d; tune them'),
        (('a', 'b'), 'a different class list: it has in addition c'),
        (tuple('uvwxyz'), 'it lacks u, v, w, x, y …; it has in addition a, b, c'),
    ],
)
def test_other_classes(written, classes, message):
    with pytest.raises(ValueError, match=message) as caught:
        read_thresholds(written, classes)
    assert str(caught.value).startswith(str(written))


@pytest.mark.parametrize(
    'text',
    ['', '[1]', '{}', '{"format": "x", "classes": {}}', '"handbone thresholds 1"', '\x00'],
)
def test_other_files(written, text):
    written.write_text(text)
    with pytest.raises(ValueError, match='is not a file of thresholds'):
        read_thresholds(written, ('a', 'b', 'c'))


def test_written_by_hand(tmp_path):
    path = tmp_path / 'mine.json'
    path.write_text('{"b": 0.25, "a": 0.5}')
    assert read_thresholds(path, ('a', 'b')) == (0.5, 0.25)
    path.write_text('{"b": 0.25, "a": 1.5}')
    with pytest.raises(ValueError, match='the threshold of a is 1.5'):
        read_thresholds(path, ('a', 'b'))


def test_names_are_compared_in_one_unicode_form(written):
    composed, decomposed = 'r\u00e1dio', 'ra\u0301dio'
    text = written.read_text()
    for form in (composed, decomposed):
        written.write_text(text.replace('"b"', f'"{form}"'), encoding='utf-8')
        for name in (composed, decomposed):
            assert read_thresholds(written, ('a', name, 'c')) == (0.25, 0.5, 0.25)
    written.write_text(f'{{"{composed}": 0.5, "{decomposed}": 0.5}}', encoding='utf-8')
    with pytest.raises(ValueError, match='thresholds.json: .* two Unicode forms'):
        read_thresholds(written, (composed,))


@pytest.mark.parametrize('value', ['0', '1.0', '"0.5"', 'null', '[0.5]', 'NaN', 'true'])
def test_no_probabilities(written, value):
    written.write_text(written.read_text().replace('"threshold": 0.25', f'"threshold": {value}'))
    with pytest.raises(ValueError, match='the threshold of a is'):
        read_thresholds(written, ('a', 'b', 'c'))


def test_missing_file_and_full_disk(written, full_disk, tmp_path):
    with pytest.raises(FileNotFoundError):
        read_thresholds(tmp_path / 'none.json', ('a',))
    before = written.read_bytes()
    choice = choose_thresholds(np.ones((2, 1, 1)), np.array([[0.5]]), 0.5)
    with pytest.raises(OSError, match='No space left'):
        write_thresholds(written, ('a',), choice, {})
    assert written.read_bytes() == before and list(tmp_path.iterdir()) == [written]
