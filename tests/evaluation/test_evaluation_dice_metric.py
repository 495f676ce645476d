"""DiceMetric against the definition and MONAI; its table, its files, its errors."""

import csv
import logging

import monai.metrics
import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from handbone.evaluation import DiceMetric
from handbone.masks import pack, planes_first

CLASSES = ('left', 'right', 'rare')
GROUPS = {'pair': ('left', 'right')}
EPS = 1e-4


def random_masks(seed, num_classes=3, size=(24, 31)):
    """Overlapping masks; the last class is absent from every second image."""
    masks = np.random.default_rng(seed).random((num_classes, *size)) < 0.3
    masks[-1] &= seed % 2 == 0
    return masks


def make_sample(prediction, truth, path, ignore=None):
    sample = SegDataSample(metainfo=dict(img_path=path))
    sample.pred_sem_seg = PixelData(data=planes_first(pack(prediction)))
    if truth is not None:
        sample.gt_sem_seg = PixelData(data=planes_first(pack(truth, ignore)))
    return sample


def evaluate(metric, samples, size=None, meta=None):
    evaluator = Evaluator(metric)
    evaluator.dataset_meta = meta or dict(classes=CLASSES, groups=GROUPS)
    for start in range(0, len(samples), 2):
        evaluator.process(samples[start : start + 2])
    return evaluator.evaluate(len(samples) if size is None else size)


def naive_scores(predictions, truths):
    """The score by its definition, (N, C)."""
    scores = np.zeros(np.asarray(truths).shape[:2])
    for image, (prediction, truth) in enumerate(zip(predictions, truths, strict=True)):
        for index in range(len(truth)):
            both = np.sum(prediction[index] & truth[index])
            total = np.sum(prediction[index]) + np.sum(truth[index])
            scores[image, index] = (2 * both + EPS) / (total + EPS)
    return scores


@pytest.fixture
def predictions():
    return [random_masks(seed + 100) for seed in range(5)]


@pytest.fixture
def truths():
    return [random_masks(seed) for seed in range(5)]


@pytest.fixture
def samples(predictions, truths):
    pairs = zip(predictions, truths, strict=True)
    return [make_sample(a, b, f'ID/{image}.png') for image, (a, b) in enumerate(pairs)]


@pytest.fixture
def run_log(caplog):
    """What mmengine logs."""
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    yield caplog
    logger.removeHandler(caplog.handler)


def test_scores_are_those_of_the_definition(samples, predictions, truths):
    scores = naive_scores(predictions, truths)
    metrics = evaluate(DiceMetric(per_class=True), samples)
    assert metrics == pytest.approx(
        {
            'mDice': scores.mean(),
            'Dice/pair': scores[:, :2].mean(),
            'Dice/left': scores[:, 0].mean(),
            'Dice/right': scores[:, 1].mean(),
            'Dice/rare': scores[:, 2].mean(),
        },
        abs=1e-12,
    )


def test_monai_agrees(samples, predictions, truths):
    monai_dice = monai.metrics.DiceMetric(ignore_empty=False)
    monai_dice(torch.tensor(np.stack(predictions)), torch.tensor(np.stack(truths)))
    expected = float(monai_dice.aggregate())
    assert evaluate(DiceMetric(), samples)['mDice'] == pytest.approx(expected, abs=1e-5)


def test_two_empty_masks_score_one_and_one_empty_mask_scores_zero():
    empty, full = np.zeros((3, 8, 8), bool), np.ones((3, 8, 8), bool)
    both_empty = make_sample(empty, empty, 'a.png')
    one_empty = make_sample(full, empty, 'b.png')
    assert evaluate(DiceMetric(), [both_empty])['mDice'] == 1
    assert evaluate(DiceMetric(), [one_empty])['mDice'] == pytest.approx(EPS / (64 + EPS))


def test_ignored_pixels_do_not_count(predictions, truths):
    ignore = np.zeros(truths[0].shape[1:], bool)
    ignore[5:15, 3:20] = True
    sample = make_sample(predictions[0], truths[0], 'a.png', ignore)
    scores = naive_scores([predictions[0] & ~ignore], [truths[0] & ~ignore])
    assert evaluate(DiceMetric(), [sample])['mDice'] == pytest.approx(scores.mean(), abs=1e-12)


def test_210_classes():
    classes = tuple(f'unit-{index}' for index in range(210))
    prediction, truth = random_masks(1, 210), random_masks(2, 210)
    sample = make_sample(prediction, truth, 'a.png')
    metrics = evaluate(DiceMetric(), [sample], meta=dict(classes=classes))
    assert metrics == pytest.approx({'mDice': naive_scores([prediction], [truth]).mean()})


def test_images_repeated_by_the_sampler_count_once(samples):
    expected = evaluate(DiceMetric(), samples)
    assert evaluate(DiceMetric(), [*samples, *samples[:2]], size=5) == expected


def test_repeats_may_come_before_the_last_image(samples):
    expected = evaluate(DiceMetric(), samples)
    repeated = [sample for sample in samples for _ in range(2)]
    assert evaluate(DiceMetric(), repeated, size=5) == expected


def test_samples_without_path_are_cut_to_the_dataset(samples):
    expected = evaluate(DiceMetric(), samples)
    for sample in samples:
        sample.set_metainfo(dict(img_path=None))
    assert evaluate(DiceMetric(), [*samples, *samples[:2]], size=5) == expected


def test_a_lost_image_is_reported(samples, run_log):
    evaluate(DiceMetric(), samples[:3], size=5)
    assert 'scored 3 different images of a dataset of 5' in run_log.text


def test_second_evaluation_starts_afresh(samples):
    metric = DiceMetric()
    evaluate(metric, samples)
    assert evaluate(metric, samples[:2]) == evaluate(DiceMetric(), samples[:2])


def test_groups_as_argument_go_before_those_of_the_dataset(samples, predictions, truths):
    metrics = evaluate(DiceMetric(groups=dict(last=['rare'])), samples)
    scores = naive_scores(predictions, truths)
    assert metrics['Dice/last'] == pytest.approx(scores[:, 2].mean())
    assert 'Dice/pair' not in metrics


def test_group_of_an_unknown_class(samples):
    with pytest.raises(ValueError, match=r"Group 'odd' has the unknown classes \['middle'\]"):
        evaluate(DiceMetric(groups=dict(odd=['left', 'middle'])), samples)


def test_format_only_takes_samples_without_truth(predictions):
    sample = make_sample(predictions[0], None, 'a.png')
    assert evaluate(DiceMetric(format_only=True), [sample]) == {}


def test_missing_truth_is_an_error_that_says_what_to_do(predictions):
    with pytest.raises(ValueError, match=r'a.png: .*no reference masks.*--format-only'):
        evaluate(DiceMetric(), [make_sample(predictions[0], None, 'a.png')])


def test_other_size_and_unpacked_maps_name_the_image(predictions, truths):
    sample = make_sample(predictions[0][:, :20], truths[0], 'a.png')
    with pytest.raises(ValueError, match='a.png: .*original image'):
        evaluate(DiceMetric(), [sample])
    sample.pred_sem_seg = PixelData(data=torch.zeros(1, 24, 31))
    with pytest.raises(ValueError, match='a.png: .*packed'):
        evaluate(DiceMetric(), [sample])


def test_empty_dataset():
    with pytest.raises(ValueError, match='dataset is empty'):
        evaluate(DiceMetric(), [])


def test_prefix_and_no_warning_without(samples, run_log):
    with run_log.at_level(logging.WARNING):
        metric = DiceMetric()
    assert 'prefix' not in run_log.text
    assert set(evaluate(DiceMetric(prefix='flipped'), samples)) == {
        'flipped/mDice',
        'flipped/Dice/pair',
    }
    assert metric.prefix == ''


def test_csv_files(samples, predictions, truths, tmp_path):
    samples[1].set_metainfo(dict(patient='P1'))
    evaluate(DiceMetric(output_dir=tmp_path / 'scores'), samples)
    scores = naive_scores(predictions, truths)
    with (tmp_path / 'scores' / 'dice_per_image.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['image'] for row in rows] == [f'ID/{image}.png' for image in range(5)]
    assert [row['patient'] for row in rows] == ['', 'P1', '', '', '']
    values = [[float(row[name]) for name in ('mean', *CLASSES)] for row in rows]
    expected = np.concatenate([scores.mean(axis=1, keepdims=True), scores], axis=1)
    np.testing.assert_allclose(values, expected, atol=1e-6)

    with (tmp_path / 'scores' / 'dice_per_class.csv').open(newline='') as file:
        rows = {row['name']: row for row in csv.DictReader(file)}
    assert list(rows) == [*CLASSES, 'pair', 'mean']
    assert rows['left']['group'] == 'pair'
    assert rows['rare']['group'] == ''
    assert rows['rare']['images_with_truth'] == '3'
    assert float(rows['pair']['dice']) == pytest.approx(scores[:, :2].mean(), abs=1e-6)
    assert float(rows['mean']['lowest']) == pytest.approx(scores.mean(axis=1).min(), abs=1e-6)
    assert rows['left']['lowest_image'] == f'{scores[:, 0].argmin()}.png'
    assert sorted(path.name for path in (tmp_path / 'scores').iterdir()) == [
        'dice_per_class.csv',
        'dice_per_image.csv',
    ]


def test_csv_files_go_to_the_folder_of_the_log(samples, tmp_path, monkeypatch):
    logger = MMLogger.get_instance('dice_csv', log_file=str(tmp_path / 'run.log'))
    monkeypatch.setattr(MMLogger, 'get_current_instance', lambda: logger)
    evaluate(DiceMetric(output_dir=False), samples)
    assert not (tmp_path / 'dice_per_class.csv').exists()
    evaluate(DiceMetric(), samples)
    assert (tmp_path / 'dice_per_class.csv').exists()
    log = (tmp_path / 'run.log').read_text()
    for word in (*CLASSES, 'pair', 'mean', 'Worst in'):
        assert word in log


def test_a_full_disk_costs_the_files_but_not_the_scores(samples, tmp_path, full_disk, run_log):
    (tmp_path / 'dice_per_class.csv').write_text('the old one')
    assert evaluate(DiceMetric(output_dir=tmp_path), samples)['mDice'] > 0
    assert 'No space left' in run_log.text
    assert (tmp_path / 'dice_per_class.csv').read_text() == 'the old one'
    assert len(list(tmp_path.iterdir())) == 1
