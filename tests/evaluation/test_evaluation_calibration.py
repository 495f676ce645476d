"""Calibration from histograms against pixels, scikit-learn and a general optimiser."""

import csv
import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.optimize import minimize_scalar
from sklearn.calibration import calibration_curve

from handbone.evaluation import ThresholdMetric, read_temperatures, read_thresholds
from handbone.evaluation.calibration import BINS, ProbabilityHistogram, calibrate
from handbone.evaluation.threshold_choice import candidates
from handbone.evaluation.threshold_metric import dice_by_threshold
from handbone.masks import class_mask, ignore_mask, logits_to_packed, pack, planes_first

CLASSES = ('sure', 'right', 'shy', 'absent')
#: What the logits are multiplied by, so that the right temperature is known.
FACTORS = torch.tensor([2.0, 1.0, 0.5, 1.0])[:, None, None]


def image(seed, size=(60, 80), ignored=False):
    """Logits whose true temperatures are the factors: the truth is drawn by the probabilities."""
    generator = torch.Generator().manual_seed(seed)
    true = 5 * F.interpolate(torch.randn(1, 4, 7, 9, generator=generator), size, mode='bicubic')[0]
    truth = torch.rand(true.shape, generator=generator) < true.sigmoid()
    truth[3] = False
    ignore = np.random.default_rng(seed).random(size) < 0.2 if ignored else None
    return true * FACTORS, pack(truth.numpy(), ignore)


def pixels_of(images, index):
    """Probability and truth of the pixels that count, one by one."""
    logits, truths = [], []
    for values, truth in images:
        full = F.interpolate(values[None], truth.shape[:2], mode='bilinear')[0, index].double()
        counted = ~ignore_mask(truth)
        logits.append(full.numpy()[counted])
        truths.append(class_mask(truth, index)[counted])
    logits, truths = np.concatenate(logits), np.concatenate(truths)
    seen = 1 / (1 + np.exp(-logits)) > 1 / 256
    return logits[seen], truths[seen], truths[~seen].sum() / max(truths.sum(), 1)


def measured(images):
    kept = []
    for logits, truth in images:
        histogram = ProbabilityHistogram.empty(len(logits))
        dice_by_threshold(logits, truth, candidates(0.3, len(logits)), histogram=histogram)
        kept.append(histogram.compact())
    return calibrate(ProbabilityHistogram.total(np.stack(kept)))


@pytest.mark.parametrize('ignored', [False, True])
def test_against_pixels(ignored):
    images = [image(seed, ignored=ignored) for seed in range(4)]
    found = measured(images)
    for index in range(3):
        logits, truth, missed = pixels_of(images, index)
        probabilities = 1 / (1 + np.exp(-logits))
        frequency, confidence = calibration_curve(truth, probabilities, n_bins=BINS)
        there = found.shares[index] > 0
        np.testing.assert_allclose(found.frequency[index, there], frequency, atol=1e-6)
        np.testing.assert_allclose(found.confidence[index, there], confidence, atol=1e-6)
        # each pixel carries the distance of its bin
        bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
        error = sum(
            (bins == each).mean()
            * abs(probabilities[bins == each].mean() - truth[bins == each].mean())
            for each in np.unique(bins)
        )
        assert found.error[index] == pytest.approx(error, abs=1e-6)
        assert found.pixels[index] == len(truth)
        assert found.missed[index] == pytest.approx(missed, abs=1e-9)
        losses = np.logaddexp(0, np.where(truth, -logits, logits))
        assert found.likelihood[index] == pytest.approx(losses.mean(), abs=2e-4)


def test_temperature_against_an_optimiser_and_the_truth():
    images = [image(seed) for seed in range(4)]
    found = measured(images)
    for index in range(3):
        logits, truth, _ = pixels_of(images, index)
        signed = np.where(truth, -logits, logits)
        best = minimize_scalar(
            lambda log, signed=signed: np.logaddexp(0, signed / np.exp(log)).mean(), (-1, 1)
        )
        assert found.temperature[index] == pytest.approx(np.exp(best.x), rel=0.01)
        assert found.temperature[index] == pytest.approx(FACTORS[index].item(), rel=0.1)
        assert found.calibrated_likelihood[index] == pytest.approx(best.fun, abs=1e-3)
    assert found.calibrated_error[0] < 0.5 * found.error[0]
    assert found.calibrated_error[2] < 0.5 * found.error[2]
    assert 0.5 < found.common_temperature < 2 and found.temperature[3] == found.common_temperature


def test_temperature_moves_no_decision_at_one_half():
    logits, truth = image(7)
    warm = logits / torch.tensor([2.0, 0.3, 5.0, 1.0])[:, None, None]
    size = truth.shape[:2]
    np.testing.assert_array_equal(logits_to_packed(logits, size), logits_to_packed(warm, size))


def test_extreme_logits_and_no_pixels():
    histogram = ProbabilityHistogram.empty(2)
    histogram.add(0, np.array([np.inf, -np.inf, np.nan, 800.0, 0.0]), np.array([1, 1, 1, 1, 0]))
    histogram.finish(np.array([4, 0]))
    found = calibrate(histogram)
    assert found.pixels.tolist() == [3, 0] and found.missed[0] == pytest.approx(0.5)
    assert np.isfinite(found.temperature).all() and np.isnan(found.error[1])


def test_metric_writes_temperatures(tmp_path):
    """Repeats count once, and runs of other folds count as well."""
    first = tmp_path / 'first.npz'
    out = tmp_path / 'thresholds.json'
    images = [image(seed, (24, 30)) for seed in range(4)]
    for fold, pooled in ((0, []), (1, [first])):
        metric = ThresholdMetric(
            out_file=out if fold else None,
            scores_file=tmp_path / 'second.npz' if fold else first,
            pooled=pooled,
            calibration=tmp_path / 'pictures',
        )
        metric.dataset_meta = dict(classes=CLASSES)
        for index in (2 * fold, 2 * fold + 1, 2 * fold):
            logits, truth = images[index]
            sample = dict(
                img_path=f'{index}.png',
                seg_logits=dict(data=logits),
                gt_sem_seg=dict(data=planes_first(truth)),
            )
            metric.process({}, [sample])
        metric.evaluate(3)
        assert out.exists() == bool(fold)
    expected = measured(images)
    names = CLASSES[::-1]
    np.testing.assert_allclose(read_temperatures(out, names), expected.temperature[::-1], atol=1e-4)
    assert len(read_thresholds(out, names)) == 4
    content = json.loads(out.read_text())
    assert content['temperature'] == pytest.approx(expected.common_temperature, abs=1e-4)
    entry = content['classes']['sure']
    assert entry['calibration_error'] == pytest.approx(expected.error[0], abs=1e-6)
    assert content['classes']['absent']['temperature'] > 0
    with (tmp_path / 'pictures' / 'calibration.csv').open(newline='') as file:
        rows = [row for row in csv.DictReader(file) if row['class'] == 'sure']
    assert sum(int(row['pixels']) for row in rows) == expected.pixels[0]
    assert (tmp_path / 'pictures' / 'calibration.png').read_bytes()[:4] == b'\x89PNG'


def test_files_without_and_with_bad_temperatures(tmp_path):
    path = tmp_path / 'thresholds.json'
    path.write_text('{"a": 0.25, "b": 0.5}')
    assert read_temperatures(path, 'ab') == (1.0, 1.0)
    entries = dict(a=dict(threshold=0.5, temperature=2), b=dict(threshold=0.5))
    path.write_text(json.dumps(dict(format='handbone thresholds 1', classes=entries)))
    assert read_temperatures(path, 'ba') == (1.0, 2.0)
    for wrong in (0, -1, 'warm', True, None):
        entries['a']['temperature'] = wrong
        path.write_text(json.dumps(dict(format='handbone thresholds 1', classes=entries)))
        with pytest.raises(ValueError, match='the temperature of a is'):
            read_temperatures(path, 'ab')
