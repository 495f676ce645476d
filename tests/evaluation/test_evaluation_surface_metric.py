"""SurfaceMetric and DiceMetric's further scores, through mmengine's evaluator."""

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.structures import PixelData
from mmseg.registry import METRICS
from mmseg.structures import SegDataSample
from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance

from handbone.evaluation import DiceMetric, SurfaceMetric
from handbone.masks import pack, planes_first

META = dict(classes=('left', 'right', 'rare'), groups=dict(pair=('left', 'right')))


def random_masks(seed):
    generator = np.random.default_rng(seed)
    masks = np.zeros((3, 24, 31), bool)
    for mask in masks:
        top, left, height, width = generator.integers(4, 13, 4)
        mask[top : top + height, left : left + width] = True
    return masks


PREDICTIONS = [random_masks(seed) for seed in range(5)]
TRUTHS = [random_masks(seed + 10) for seed in range(5)]


def make_samples(predictions=PREDICTIONS, truths=TRUTHS, **metainfo):
    samples = []
    for index, (prediction, truth) in enumerate(zip(predictions, truths, strict=True)):
        sample = SegDataSample(metainfo=dict(img_path=f'ID{index // 2}/{index}.png', **metainfo))
        sample.pred_sem_seg = PixelData(data=planes_first(pack(prediction)))
        sample.gt_sem_seg = PixelData(data=planes_first(pack(truth)))
        samples.append(sample)
    return samples


def evaluate(metric, samples, size=5):
    evaluator = Evaluator(metric)
    evaluator.dataset_meta = META
    evaluator.process(samples)
    return evaluator.evaluate(size)


def monai_means(score, **settings):
    pair = [torch.from_numpy(np.stack(masks)) for masks in (PREDICTIONS, TRUTHS)]
    return score(*pair, include_background=True, **settings).numpy()


def test_means_are_those_of_monai():
    found = evaluate(SurfaceMetric(per_class=True, tolerances=(2, 5)), make_samples())
    hd95 = monai_means(compute_hausdorff_distance, percentile=95)
    assd = monai_means(compute_average_surface_distance, symmetric=True)
    assert found['mHD95'] == pytest.approx(hd95.mean(), rel=1e-5)
    assert found['HD95/pair'] == pytest.approx(hd95[:, :2].mean(), rel=1e-5)
    assert found['HD95/rare'] == pytest.approx(hd95[:, 2].mean(), rel=1e-5)
    assert found['mASSD'] == pytest.approx(assd.mean(), rel=1e-5)
    assert 0 < found['mSurfaceDice@2'] < found['mSurfaceDice@5'] < 1
    assert found['OneEmpty'] == 0


def test_one_empty_mask_is_counted_apart():
    truths = [truth.copy() for truth in TRUTHS]
    truths[0][2] = False
    found = evaluate(SurfaceMetric(per_class=True), make_samples(truths=truths))
    hd95 = monai_means(compute_hausdorff_distance, percentile=95)
    assert found['OneEmpty'] == pytest.approx(1 / 15)
    assert found['HD95/rare'] == pytest.approx(hd95[1:, 2].mean(), rel=1e-5)
    for masks in truths:
        masks[2] = False
    found = evaluate(SurfaceMetric(per_class=True), make_samples(truths=truths))
    assert np.isnan(found['HD95/rare'])
    assert found['SurfaceDice@2/rare'] == 0


def test_spacing_of_all_images_or_of_each():
    pixels = evaluate(SurfaceMetric(), make_samples())['mHD95']
    fixed = evaluate(SurfaceMetric(spacing=0.2, tolerances=[0.4]), make_samples())
    assert fixed['mHD95'] == pytest.approx(0.2 * pixels)
    samples = make_samples(pixel_size=(0.2, 0.2))
    assert evaluate(SurfaceMetric(spacing_key='pixel_size', tolerances=[0.4]), samples) == fixed
    with pytest.raises(ValueError, match="ID0/0.png: .*no 'pixel_size'.*meta_keys"):
        evaluate(SurfaceMetric(spacing_key='pixel_size'), make_samples())


def test_repeats_of_the_sampler_count_once():
    expected = evaluate(SurfaceMetric(), make_samples())
    assert evaluate(SurfaceMetric(), make_samples() + make_samples()[:2]) == expected


def test_iou_precision_and_recall_beside_dice():
    metric = DiceMetric(extra_scores=('iou', 'precision', 'recall'), output_dir=False)
    found = evaluate(metric, make_samples())
    predicted, true = np.stack(PREDICTIONS), np.stack(TRUTHS)
    both = (predicted & true).sum(axis=(2, 3))
    for name, whole in (('Precision', predicted), ('Recall', true), ('IoU', predicted | true)):
        expected = both / whole.sum(axis=(2, 3))
        assert found[f'm{name}'] == pytest.approx(expected.mean(), abs=1e-6)
        assert found[f'{name}/pair'] == pytest.approx(expected[:, :2].mean(), abs=1e-6)
    assert found['mDice'] == evaluate(DiceMetric(output_dir=False), make_samples())['mDice']


def test_settings_that_make_no_sense():
    with pytest.raises(ValueError, match=r"\['hd95'\].*SurfaceMetric"):
        DiceMetric(extra_scores=['hd95'])
    with pytest.raises(ValueError, match="'dice'.*DiceMetric does"):
        SurfaceMetric(scores=['dice'])
    with pytest.raises(ValueError, match='unknown scores hd'):
        SurfaceMetric(scores=['hd'])
    with pytest.raises(ValueError, match='Tolerances'):
        SurfaceMetric(tolerances=[-1])
    with pytest.raises(ValueError, match='exclude each other'):
        SurfaceMetric(spacing=1, spacing_key='spacing')
    with pytest.raises(ValueError, match='one or two lengths above 0'):
        SurfaceMetric(spacing=(0.1, -1))


def test_it_is_registered():
    assert METRICS.get('SurfaceMetric') is SurfaceMetric
    assert evaluate(SurfaceMetric(format_only=True), make_samples()) == {}
