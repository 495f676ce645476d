"""A second look whose networks are right: what is left is the way to the regions and back."""

import math

import numpy as np
import pytest
import torch
from mmseg.registry import MODELS
from striped_object import (
    PARTS,
    TEMPLATE,
    ChannelSegmentor,
    build_second_look,
    dice_of,
    network_with_background,
    object_image,
    object_matrix,
    object_polygons,
    sample_of,
    small_part_region,
)

from handbone.errors import HandboneError
from handbone.evaluation.threshold_metric import dice_by_threshold
from handbone.masks import pack, planes_last
from handbone.models import MultilabelTTAModel
from handbone.models.segmentors.agreement import agreement

COARSE = dict(type='ChannelSegmentor', stride=4)
NETWORK = dict(type='ChannelSegmentor')
CASCADE = dict(
    type='RegionCascade',
    locator=dict(type='ChannelSegmentor', stride=2),
    network=dict(type='ChannelSegmentor', stride=8),
    region=dict(
        type='TemplateRegion', name='object', template=TEMPLATE, size=(192, 192), mirror=True
    ),
    data_preprocessor=dict(type='SegDataPreProcessor', test_cfg=dict(size_divisor=32)),
)


def predict(model, *images):
    samples = [sample_of(image) for image in images]
    with torch.no_grad():
        return model.test_step(dict(inputs=list(images), data_samples=samples))


def drawn(angle=0.2, pixels=70, middle=(140, 150), size=(300, 280), mirrored=False):
    return object_image(object_polygons(object_matrix(angle, pixels, middle, mirrored)), size)


def scores_of(sample, packed):
    return dice_of(planes_last(sample.pred_sem_seg.data), packed)


def test_the_classes_of_the_region_are_seen_closely_and_the_others_stay():
    image, packed = drawn()
    model = build_second_look()
    (sample,) = predict(model, image)
    assert sample.regions_found == ('small',)
    assert model.looks[0].network.sizes == [(1, len(PARTS), 96, 96)]
    assert model.first.sizes == [(1, len(PARTS), 80, 72)]
    scores = scores_of(sample, packed)
    assert (scores[[1, 2]] > 0.98).all(), scores
    alone = build_second_look(looks=[dict(network=NETWORK, regions=[small_part_region(('f',))])])
    (before,) = predict(alone, image)
    coarse = scores_of(before, packed)
    assert (coarse[:5] < 0.97).all() and coarse[5] > 0.98
    others = 0b111001
    difference = (sample.pred_sem_seg.data ^ before.pred_sem_seg.data) & (others & ~(1 << 5))
    assert (difference != 0).float().mean() < 1e-3


@pytest.mark.parametrize('mirrored', [False, True])
@pytest.mark.parametrize('angle', [0.0, 1.9, math.pi, -2.4])
def test_regions_are_as_upright_as_the_first_stage_sees_them(angle, mirrored):
    image, packed = drawn(angle, mirrored=mirrored)
    model = build_second_look(
        first=CASCADE, shrink=1, data_preprocessor=CASCADE['data_preprocessor']
    )
    (sample,) = predict(model, image)
    assert sample.region_found and sample.regions_found == ('small',)
    scores = scores_of(sample, packed)
    assert scores[[1, 2]].min() > 0.99 > scores[[0, 3, 4, 5]].max(), scores


def test_both_objects_of_an_image_are_looked_at():
    matrices = [object_matrix(0.4, 55, (95, 120)), object_matrix(-0.9, 75, (320, 190), True)]
    polygons = [part for matrix in matrices for part in object_polygons(matrix)]
    image, packed = object_image(polygons, (300, 440))
    model = build_second_look(
        first=CASCADE, shrink=1, data_preprocessor=CASCADE['data_preprocessor']
    )
    (sample,) = predict(model, image)
    assert len(model.looks[0].network.sizes) == 2
    assert (scores_of(sample, packed)[[1, 2]] > 0.97).all()


def test_all_regions_of_a_group_are_one_batch_per_image():
    regions = [small_part_region(each, name=each) for each in 'bcf']
    looks = [
        dict(network=NETWORK, regions=regions),
        dict(network=NETWORK, regions=[small_part_region(('d', 'e'), (64, 64), 'other')]),
    ]
    model = build_second_look(looks=looks)
    image, packed = drawn()
    few = object_image(
        object_polygons(object_matrix(0.2, 70, (140, 150)), [0, 1, 3, 4]), (300, 280)
    )
    first, second = predict(model, image, few[0])
    assert [size[0] for size in model.looks[0].network.sizes] == [3, 1]
    assert first.regions_found == ('b', 'c', 'f', 'other')
    assert second.regions_found == ('b', 'other')
    assert (scores_of(first, packed)[1:] > 0.97).all()
    assert (scores_of(second, few[1])[[1, 3, 4]] > 0.97).all()


@MODELS.register_module()
class SameNameSegmentor(ChannelSegmentor):
    """Calls part c by the name of b in the second of its views."""

    def encode_decode(self, inputs, batch_img_metas):
        logits = super().encode_decode(inputs, batch_img_metas)
        return torch.cat([logits[:1], logits[1:, [0, 2, 1, 3, 4, 5]]])


@pytest.mark.parametrize('known_as', [{}, {'c': 'b'}])
def test_a_region_may_know_its_classes_by_other_names(known_as):
    regions = [
        small_part_region(('b',), name='b'),
        small_part_region(('c',), name='c', known_as=known_as),
    ]
    looks = [dict(network=dict(type='SameNameSegmentor'), regions=regions)]
    image, packed = drawn()
    (sample,) = predict(build_second_look(looks=looks), image)
    scores = scores_of(sample, packed)
    assert scores[1] > 0.97 and (scores[2] > 0.97) == bool(known_as)


@pytest.mark.parametrize('least_agreement', [0.0, 0.5])
def test_the_first_stage_decides_where_a_network_says_something_else(least_agreement):
    image, packed = drawn()
    right, wrong = (
        [small_part_region(('b', 'c'), known_as=known_as, name='small')]
        for known_as in ({}, {'b': 'e', 'c': 'd'})
    )
    found = [
        predict(
            build_second_look(
                looks=[dict(network=NETWORK, regions=each, least_agreement=least_agreement)]
            ),
            image,
        )[0]
        for each in (right, wrong)
    ]
    assert (scores_of(found[0], packed)[[1, 2]] > 0.98).all()
    assert found[0].regions_found == ('small',)
    scores = scores_of(found[1], packed)
    if least_agreement:
        assert found[1].regions_found == () and (scores[[1, 2]] > 0.8).all()
    else:
        assert found[1].regions_found == ('small',) and (scores[[1, 2]] < 0.2).all()


def test_agreement_is_the_dice_of_all_classes_together():
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(2, 3, 4, 9, 7)).astype(np.float32)
    wanted = [
        2 * ((a > 0) & (b > 0)).sum() / ((a > 0).sum() + (b > 0).sum())
        for a, b in zip(first, second, strict=True)
    ]
    found = agreement(torch.from_numpy(first), torch.from_numpy(second))
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    nothing = torch.full((1, 2, 3, 3), -1.0)
    assert agreement(nothing, nothing).tolist() == [1.0]


def test_a_missing_region_falls_back_to_the_first_stage():
    image, packed = drawn()
    model = build_second_look(first=dict(COARSE, blind=True))
    (sample,) = predict(model, image)
    assert sample.regions_found == () and not model.looks[0].network.sizes
    assert not sample.pred_sem_seg.data.any()
    far = object_image(object_polygons(object_matrix(0.2, 70, (140, 150)), [0, 3, 5]), (300, 280))
    (sample,) = predict(build_second_look(), far[0])
    assert sample.regions_found == ()
    assert (scores_of(sample, far[1])[[0, 3, 5]] > 0.8).all()


def test_the_first_stage_decides_outside_of_the_view():
    """A region around part c decides the larger e too, as far as its view shows it."""
    image, packed = drawn()
    region = small_part_region(('c',), decides=('c', 'e'), margin=0.1)
    blind = dict(network=dict(NETWORK, blind=True), regions=[region], edge=0.0)
    (sample,) = predict(build_second_look(looks=[blind]), image)
    scores = scores_of(sample, packed)
    assert scores[2] < 0.2 and scores[1] > 0.8
    (without,) = predict(build_second_look(looks=[dict(blind, edge=0.5)]), image)
    assert scores_of(without, packed)[2] >= scores[2]


def test_kept_logits_and_thresholds_are_those_of_both():
    image, packed = drawn()
    model = build_second_look(test_cfg=dict(keep_logits=True))
    (sample,) = predict(model, image)
    logits = sample.seg_logits.data
    full = torch.nn.functional.interpolate(logits[None], (300, 280), mode='bilinear')[0]
    kept = dice_of(pack((full > 0).numpy()), packed)
    blind = dict(network=NETWORK, regions=[small_part_region(('f',))])
    (coarse,) = predict(build_second_look(looks=[blind]), image)
    # on twice the grid of the first stage
    assert (kept[[1, 2]] > np.maximum(0.9, scores_of(coarse, packed)[[1, 2]] + 0.03)).all(), kept
    model.test_cfg['keep_logits'] = 'uncut'
    (sample,) = predict(model, image)
    tried = np.full((len(PARTS), 1), 0.5)
    place = sample.logit_content, sample.logit_matrix
    logits, patches = sample.seg_logits.data, sample.logit_patches
    scores = dice_by_threshold(logits, packed, tried, *place, patches=patches)[:, 0]
    np.testing.assert_allclose(scores, scores_of(sample, packed), atol=1e-3)


def test_augmented_views_are_those_of_the_first_stage():
    image, packed = drawn()
    model = build_second_look()
    views = [dict(), dict(flip='horizontal')]
    with torch.no_grad():
        (sample,) = MultilabelTTAModel(model, views).test_step(
            dict(inputs=[image], data_samples=[sample_of(image)])
        )
    assert len(model.first.sizes) == 2 and len(model.looks[0].network.sizes) == 1
    assert (scores_of(sample, packed)[[1, 2]] > 0.98).all()
    pipeline = MultilabelTTAModel(model, [dict()])
    with pytest.raises(HandboneError, match='second look'):
        pipeline.test_step(dict(inputs=[[image]], data_samples=[[sample_of(image)]]))


def test_a_flipped_image_is_refused():
    image, _ = drawn()
    sample = sample_of(image)
    sample.set_metainfo(dict(flip=True, flip_direction='horizontal'))
    with pytest.raises(HandboneError, match='must not flip'):
        build_second_look().test_step(dict(inputs=[image], data_samples=[sample]))


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(looks=[]), 'at least one group'),
        (dict(shrink=0), 'shrink is a number'),
        (dict(first=CASCADE), 'leave shrink out'),
        (dict(first=dict(COARSE, num_classes=5)), 'first stage has 5 classes, its network 6'),
        (dict(looks=[dict(network=NETWORK, regions=[])]), 'regions of one size'),
        (
            dict(looks=[dict(network=NETWORK, regions=[small_part_region()] * 2)]),
            'a name of its own',
        ),
        (
            dict(looks=[dict(network=NETWORK, regions=[small_part_region(size=(90, 90))])]),
            'multiple of the size_divisor of its network, 8',
        ),
        (
            dict(looks=[dict(network=NETWORK, regions=[small_part_region()], edge=0.6)]),
            'edge is a share',
        ),
        (
            dict(looks=[dict(network=NETWORK, regions=[small_part_region(('x',))])]),
            'classes that do not exist: x',
        ),
        (dict(data_preprocessor=dict(type='SegDataPreProcessor')), 'size_divisor=1 has to be'),
        (dict(test_cfg=dict(mode='slide', crop_size=8)), 'sliding windows'),
    ],
)
def test_parts_that_do_not_fit_are_refused(change, message):
    with pytest.raises(HandboneError, match=message):
        build_second_look(**(dict(first=COARSE) | change))


def test_a_second_look_puts_only_logits_of_one_meaning_together():
    looks = [dict(network=network_with_background(), regions=[small_part_region()])]
    with pytest.raises(HandboneError, match="the network of region '.*' has a channel for the"):
        build_second_look(looks=looks)
    with pytest.raises(HandboneError, match='the first stage has a channel for the background'):
        build_second_look(first=network_with_background())


def test_it_is_not_trained_as_a_whole():
    with pytest.raises(HandboneError, match='first and looks.0.network with their own'):
        build_second_look().loss(None, [])
