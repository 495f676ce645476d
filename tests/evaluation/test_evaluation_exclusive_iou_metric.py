"""ExclusiveIoUMetric against mmseg's own IoUMetric."""

import numpy as np
import pytest
from mmengine.evaluator import Evaluator
from mmengine.structures import PixelData
from mmseg.evaluation import IoUMetric
from mmseg.structures import SegDataSample

from handbone.errors import HandboneError
from handbone.evaluation import ExclusiveIoUMetric
from handbone.masks import index_map, join_unknown, pack, planes_first


def numbers(seed, num_classes, size=(24, 31)):
    """A class number per pixel in blocks; the last class occurs nowhere."""
    blocks = np.random.default_rng(seed).integers(0, num_classes, (4, 4))
    return np.kron(blocks, np.ones((8, 8), int))[: size[0], : size[1]]


def packed(numbers, num_classes, ignore=None):
    return planes_first(pack(numbers == np.arange(1, num_classes + 1)[:, None, None], ignore))


def make_samples(num_classes, ignored=True):
    samples = []
    for seed in range(3):
        truth = numbers(seed, num_classes)
        prediction = np.where(np.random.default_rng(seed).random(truth.shape) < 0.7, truth, 1)
        ignore = np.random.default_rng(seed + 9).random(truth.shape) < 0.1 * ignored
        sample = SegDataSample(metainfo=dict(img_path=f'{seed}.png'))
        sample.pred_sem_seg = PixelData(data=packed(prediction, num_classes))
        sample.gt_sem_seg = PixelData(data=packed(truth, num_classes, ignore))
        samples.append(sample)
    return samples


def evaluate(metric, samples, names):
    evaluator = Evaluator(metric)
    evaluator.dataset_meta = dict(classes=names)
    evaluator.process(samples)
    return evaluator.evaluate(len(samples))


def as_mmseg(samples):
    made = []
    for sample in samples:
        new = SegDataSample(metainfo=sample.metainfo)
        for name in ('pred_sem_seg', 'gt_sem_seg'):
            setattr(new, name, PixelData(data=index_map(sample.get(name).data[None])))
        made.append(new)
    return made


@pytest.mark.parametrize('num_classes', [1, 10, 40])
def test_equals_mmseg(num_classes):
    names = [f'class {index}' for index in range(num_classes)]
    samples = make_samples(num_classes)
    found = evaluate(ExclusiveIoUMetric(), samples, names)
    expected = evaluate(IoUMetric(), as_mmseg(samples), ['background', *names])
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert 100 * found[key] == pytest.approx(value, abs=0.0051)  # mmseg rounds
    assert 0.3 < found['mIoU'] < 0.9


@pytest.mark.parametrize('num_classes', [3, 40])
def test_unknown_classes(num_classes):
    """mmseg's metric, which is told to ignore the pixels that may have an unknown class."""
    names = [f'class {index}' for index in range(num_classes)]
    samples = make_samples(num_classes)
    others = as_mmseg(samples)
    for seed, (sample, other) in enumerate(zip(samples, others, strict=True)):
        truth = other.gt_sem_seg.data[0].numpy()
        unknown = np.random.default_rng(seed).random((num_classes, *truth.shape)) < 0.02
        unknown[0] |= seed == 1  # a whole class of an image
        own = [unknown[index] & (truth == index + 1) for index in range(num_classes)]
        truth[(truth == 0) & unknown.any(axis=0) | np.any(own, axis=0)] = 255
        labels = join_unknown(sample.gt_sem_seg.data, planes_first(pack(unknown)))
        sample.gt_sem_seg = PixelData(data=labels)
    found = evaluate(ExclusiveIoUMetric(), samples, names)
    expected = evaluate(IoUMetric(), others, ['background', *names])
    for key, value in expected.items():
        assert 100 * found[key] == pytest.approx(value, abs=0.0051)  # mmseg rounds
    assert found != evaluate(ExclusiveIoUMetric(), make_samples(num_classes), names)


def test_scores_of_classes():
    names = ['a', 'b', 'nowhere']
    samples = make_samples(3)
    found = evaluate(ExclusiveIoUMetric(per_class=True, prefix='x'), samples, names)
    assert np.isnan(found['x/IoU/nowhere']) and np.isnan(found['x/Acc/nowhere'])
    scores = [found[f'x/IoU/{name}'] for name in ('background', 'a', 'b')]
    assert found['x/mIoU'] == pytest.approx(np.mean(scores))
    bare = evaluate(ExclusiveIoUMetric(background=False), samples, names)
    assert bare['mIoU'] == pytest.approx(np.mean(scores[1:]))
    assert bare['aAcc'] == found['x/aAcc']


def test_the_first_class_of_a_reference_pixel_counts():
    samples = make_samples(3, ignored=False)
    expected = evaluate(ExclusiveIoUMetric(), samples, 'abc')
    for sample in samples:
        data = sample.gt_sem_seg.data
        data[data == 1] = 5  # the third class under the first
    assert evaluate(ExclusiveIoUMetric(), samples, 'abc') == expected


def test_overlapping_predictions_are_refused():
    samples = make_samples(3)
    samples[1].pred_sem_seg.data[0, 0, 0] = 3
    with pytest.raises(HandboneError, match=r"1\.png: .* several classes.*decision='exclusive'"):
        evaluate(ExclusiveIoUMetric(), samples, 'abc')
