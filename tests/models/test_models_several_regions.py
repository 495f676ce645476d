"""An image may show the region of a cascade more than once: both hands on one film."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from striped_object import (
    PARTS,
    build_cascade,
    dice_of,
    object_image,
    object_matrix,
    object_polygons,
    predict,
    view_error,
)

from handbone.ensembles.mean_logits import mean_logits
from handbone.ensembles.members import logits_only
from handbone.evaluation.threshold_metric import dice_by_threshold
from handbone.masks import logits_to_packed, planes_last
from handbone.models.segmentors.joined_views import join_views
from handbone.regions import separate_masks

SIZE = (300, 440)


@pytest.fixture
def films():
    """Images and labels: two objects of different sizes, turns and sides, then one of them."""
    matrices = [object_matrix(0.4, 55, (95, 120)), object_matrix(-0.9, 75, (320, 190), True)]
    polygons = [object_polygons(matrix) for matrix in matrices]
    return [object_image(each, SIZE) for each in (polygons[0] + polygons[1], polygons[1])]


def test_both_objects_of_an_image_are_labelled():
    """Of different sizes, turns and sides, beside an image with one object in the same batch."""
    matrices = [object_matrix(0.4, 55, (95, 120)), object_matrix(-0.9, 75, (320, 190), True)]
    polygons = [part for matrix in matrices for part in object_polygons(matrix)]
    both, packed = object_image(polygons, (300, 440))
    one, of_one = object_image(object_polygons(matrices[1]), (300, 440))
    model = build_cascade()
    samples = predict(model, both, one)
    for sample, expected in zip(samples, (packed, of_one), strict=True):
        found = planes_last(sample.pred_sem_seg.data)
        assert (dice_of(found, expected) > 0.97).all()
    assert model.network.sizes == [(3, len(PARTS), 192, 192)]
    (alone,) = predict(model, one)
    assert torch.equal(alone.pred_sem_seg.data, samples[1].pred_sem_seg.data)


def test_a_piece_far_from_the_object_is_not_another_one():
    matrix = object_matrix(0.4, 55, (95, 120))
    polygons = object_polygons(matrix)
    other = object_polygons(object_matrix(0.1, 55, (330, 190)), [0])
    image, _ = object_image(polygons + other, (300, 440))
    model = build_cascade()
    (sample,) = predict(model, image)
    assert view_error(sample, matrix, (192, 192)) < 6
    assert model.network.sizes == [(1, len(PARTS), 192, 192)]


def test_augmented_views_of_both_objects_are_averaged(films):
    (both, of_both), (one, of_one) = films
    cascade = build_cascade()
    views = [dict(), dict(angle=4), dict(angle=-4)]
    model = MODELS.build(dict(type='MultilabelTTAModel', module=cascade, views=views)).eval()
    samples = predict(model, both, one)
    for sample, expected in zip(samples, (of_both, of_one), strict=True):
        assert (dice_of(planes_last(sample.pred_sem_seg.data), expected) > 0.93).all()
    assert cascade.network.sizes == [(3, len(PARTS), 192, 192)] * 3


def test_an_ensemble_labels_both_objects(films):
    images, labels = zip(*films, strict=True)
    members = [logits_only(build_cascade(view=view)) for view in ((192, 192), (224, 224))]
    of_members = [predict(member, *images) for member in members]
    for samples, expected in zip(zip(*of_members, strict=True), labels, strict=True):
        mean = mean_logits([sample.seg_logits.data for sample in samples], [0.5, 0.5])
        found = planes_last(logits_to_packed(mean, SIZE, 0.5))
        assert (dice_of(found, expected) > 0.95).all()


def test_thresholds_are_tuned_on_both_objects(films):
    images, labels = zip(*films, strict=True)
    model = build_cascade(test_cfg=dict(keep_logits='uncut'))
    for sample, expected in zip(predict(model, *images), labels, strict=True):
        place = sample.logit_content, sample.logit_matrix
        tried = np.full((len(PARTS), 1), 0.5)
        scores = dice_by_threshold(sample.seg_logits.data, expected, tried, *place)
        assert (scores > 0.95).all()


def test_kept_logits_of_an_image_with_one_object_stay_as_they_are(films):
    _, (one, _) = films
    for keep, shape in ((True, None), ('uncut', (len(PARTS), 192, 192))):
        model = build_cascade(test_cfg=dict(keep_logits=keep))
        together = predict(model, films[0][0], one)[1]
        (alone,) = predict(model, one)
        assert torch.equal(together.seg_logits.data, alone.seg_logits.data)
        assert shape in (None, alone.seg_logits.data.shape)


def test_an_image_is_as_sure_as_the_less_sure_object(films):
    """One part of one of the objects is hardly brighter than the threshold."""
    (both, _), (one, _) = films
    both = both.clone()
    both[3, :, :210] *= 0.55
    sure, doubtful = (
        predict(build_cascade(test_cfg=dict(summarise={})), each)[0].logit_summary
        for each in (one, both)
    )
    others = [0, 1, 2, 4, 5]
    assert doubtful.confidence[3] < sure.confidence[3] - 0.1
    assert doubtful.margin[3] > sure.margin[3] + 0.5
    np.testing.assert_allclose(doubtful.confidence[others], sure.confidence[others], atol=0.05)
    nowhere = replace(sure, confidence=np.full(6, np.nan), margin=np.full(6, np.nan))
    for joined in (sure.less_sure(nowhere), nowhere.less_sure(sure)):
        np.testing.assert_array_equal(joined.confidence, sure.confidence)
        np.testing.assert_array_equal(joined.margin, sure.margin)


def test_classes_that_exclude_each_other_do_so_where_views_meet():
    codes = [[0b001, 0b010, 0b100, 0]], [[0b010, 0b001, 0, 0b100]]

    def samples():
        maps = (torch.tensor([each], dtype=torch.int32) for each in codes)
        return [SegDataSample(pred_sem_seg=PixelData(data=each)) for each in maps]

    (sample,) = join_views(samples(), [0, 0], exclusive=True)
    assert sample.pred_sem_seg.data.tolist() == [[[0b001, 0b001, 0b100, 0b100]]]
    first, second = join_views([*samples(), samples()[1]], [0, 0, 1])
    assert first.pred_sem_seg.data.tolist() == [[[0b011, 0b011, 0b100, 0b100]]]
    assert second.pred_sem_seg.data.tolist() == [codes[1]]


def test_every_pixel_belongs_to_the_nearest_object():
    """Against the distances to all of their pixels; specks own nothing."""
    present = np.zeros((4, 40, 60), bool)
    present[:2, 5:20, 38:50] = True
    present[1:3, 22:30, 6:18] = True
    present[0, 36, 40] = True
    parts = separate_masks(present)
    rows, columns = np.indices(present.shape[1:])
    distances = []
    for part in parts:
        inside = np.argwhere(part.mask)
        steps = np.stack([rows, columns], axis=-1)[:, :, None] - inside
        distances.append(np.sqrt((steps**2).sum(axis=-1)).min(axis=-1))
    assert [part.mask[25, 12] for part in parts] == [True, False]  # from the left
    sure = np.abs(distances[0] - distances[1]) > 1  # OpenCV's distances are rounded
    for part, own, other in zip(parts, distances, distances[::-1], strict=True):
        np.testing.assert_array_equal(part.territory[sure], (own < other)[sure])
    assert not separate_masks(present[:, :21])
