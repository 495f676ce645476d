"""Repeat factors by definition, and a sampler that keeps to them and can be resumed."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmengine.registry import init_default_scope
from mmseg.registry import DATA_SAMPLERS

from handbone.datasets import XRayHandBoneDataset
from handbone.datasets.repeat_factor_sampler import RepeatFactorSampler
from handbone.datasets.repeat_factors import class_factors, hard_factors
from handbone.engine import StreamSampler
from handbone.errors import HandboneError
from handbone.evaluation.fold_scores import FoldScores
from handbone.evaluation.score_files import write_dice_files
from handbone.evaluation.score_table import ScoreTable


@pytest.fixture(scope='module')
def dataset(phantom_root):
    init_default_scope('mmseg')
    return XRayHandBoneDataset(data_root=str(phantom_root), pipeline=[])


def sides(dataset):
    names = [dataset.get_data_info(index)['image_name'] for index in range(len(dataset))]
    return np.array([name.rpartition('_')[2][0] for name in names])


def table_of(images, folder, scores=None):
    """Write the tables of two folds and join them, as a test of folds does."""
    scores = [0.5 + index / 100 for index in range(len(images))] if scores is None else scores
    tables = []
    for fold in range(2):
        own, of_own = (tuple(each[fold::2]) for each in (images, scores))
        values = np.array(of_own, float)[:, None]
        write_dice_files(
            ScoreTable(own, own, ('hand',), {'dice': values}, reference_pixels=values > 0),
            folder / str(fold),
        )
        tables.append(folder / str(fold) / 'dice_per_image.csv')
    FoldScores(tables).write_csv(folder)
    return folder / 'dice_out_of_fold.csv'


def paths_of(dataset):
    return [dataset.get_data_info(index)['img_path'] for index in range(len(dataset))]


@given(
    st.lists(st.sets(st.integers(0, 6)), min_size=1, max_size=30),
    st.floats(0.01, 1.0),
)
def test_class_factors_are_those_of_lvis(present, threshold):
    present = [sorted(classes) for classes in present]
    frequency = {index: np.mean([index in classes for classes in present]) for index in range(7)}
    expected = [
        max([1.0, *(np.sqrt(threshold / frequency[index]) for index in classes)])
        for classes in present
    ]
    np.testing.assert_allclose(class_factors(present, threshold), expected)


def test_images_come_as_often_as_their_factors_say(dataset):
    sampler = RepeatFactorSampler(dataset, seed=1, attributes=dict(side=dict(L=2.5)))
    left = sides(dataset) == 'L'
    np.testing.assert_array_equal(sampler.factors, np.where(left, 2.5, 1.0))
    taken = list(itertools.islice(iter(sampler), 20000))
    counts = np.bincount(taken, minlength=len(dataset))
    assert counts[left].mean() / counts[~left].mean() == pytest.approx(2.5, abs=0.05)
    # within a round every image comes at least once
    assert set(taken[: int(left.sum() * 3 + (~left).sum())]) == set(range(len(dataset)))


def test_ranks_share_one_order_and_a_resumed_run_goes_on(dataset):
    def sampler(rank=0, world=1):
        made = RepeatFactorSampler(dataset, seed=4, attributes=dict(side=dict(R=1.7)))
        made.rank, made.world_size = rank, world
        return made

    whole = list(itertools.islice(iter(sampler()), 60))
    parts = [list(itertools.islice(iter(sampler(rank, 2)), 30)) for rank in range(2)]
    assert [index for pair in zip(*parts, strict=True) for index in pair] == whole
    resumed = sampler()
    resumed.skip(23)
    assert list(itertools.islice(iter(resumed), 37)) == whole[23:]
    settings = dict(type='RepeatFactorSampler', attributes=dict(side=dict(R=1.7)))
    stream = StreamSampler(dataset, settings, seed=4)
    stream.skip(23)
    places = list(itertools.islice(iter(stream), 5))
    assert [place.index for place in places] == whole[23:28]
    assert [place.position for place in places] == list(range(23, 28))


def test_bent_wrists_and_rare_classes(dataset):
    from handbone.datasets.attribute_values import bend_degrees, bend_word
    from handbone.datasets.labels import labels_of

    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    words = [
        bend_word(
            bend_degrees(labels_of(i), (i['height'], i['width']), dataset.metainfo['classes'])
        )
        for i in infos
    ]
    word = words[0]
    sampler = RepeatFactorSampler(dataset, seed=0, attributes=dict(bend={word: 3.0}), most=2.0)
    np.testing.assert_array_equal(sampler.factors > 1, np.array(words) == word)
    assert sampler.factors.max() == 2.0
    rare = RepeatFactorSampler(dataset, seed=0, threshold=1.0)
    present = [labels_of(info).present() for info in infos]
    np.testing.assert_allclose(rare.factors, class_factors(present, 1.0))


def test_hard_images(dataset, tmp_path):
    path = table_of([*paths_of(dataset), 'other.png'], tmp_path)
    hard = dict(table=str(path), share=0.25, factor=3.0)
    factors = RepeatFactorSampler(dataset, seed=0, hard=hard).factors
    np.testing.assert_array_equal(factors, [3.0] * 3 + [1.0] * 9)


def test_images_without_a_dice_are_not_hard(tmp_path):
    images = [f'd/{name}.png' for name in 'abcd\udcbc']
    table = table_of(images, tmp_path, [np.nan, 0.9, 0.2, np.nan, 0.7])
    assert b'd/a.png,,NA' in table.read_bytes()
    np.testing.assert_array_equal(hard_factors(images, table, 1 / 3, 2.0), [1, 1, 2, 1, 1])
    np.testing.assert_array_equal(hard_factors(images, table, 1.0, 2.0), [1, 2, 2, 1, 2])
    np.testing.assert_array_equal(hard_factors(images, table, 0.01, 2.0), [1, 1, 2, 1, 1])
    unscored = table_of(images, tmp_path, [np.nan] * 5)
    np.testing.assert_array_equal(hard_factors(images, unscored, 0.5, 2.0), [1] * 5)


def test_the_table_may_know_images_by_other_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    images = [str(tmp_path / 'data' / name) for name in ('ID1/a.png', 'ID2/a.png', 'ID2/b.png')]
    scores = [0.9, 0.2, 0.5]
    relative = table_of(['data/ID1/a.png', './data/ID2/a.png', 'data/ID2/b.png'], tmp_path, scores)
    np.testing.assert_array_equal(hard_factors(images, relative, 1 / 3, 2.0), [1, 2, 1])
    elsewhere = ['/old/ID1/a.png', '/old/ID2/a.png', '/old/ID2/b.png']
    moved = table_of(elsewhere[1:], tmp_path, scores[1:])
    np.testing.assert_array_equal(hard_factors(images[1:], moved, 0.5, 2.0), [2, 1])
    # a name that two images have says nothing
    with pytest.raises(HandboneError, match='no Dice of 2 images .*ID1/a.png.*ID2/a.png'):
        hard_factors(images, table_of(elsewhere, tmp_path, scores), 0.5, 2.0)
    with pytest.raises(HandboneError, match='no Dice of 2 images'):
        hard_factors(images, moved, 0.5, 2.0)


@pytest.mark.parametrize(
    ('settings', 'words'),
    [
        (dict(), 'say which images come more often'),
        (dict(threshold=0), 'threshold must be above 0'),
        (dict(attributes=dict(age=dict(old=2.0))), "no attribute 'age'; there are: side, bend"),
        (dict(attributes=dict(side=dict(X=2.0))), "no image has the side 'X'; the images have 'L'"),
        (dict(hard=dict(table='a.csv', share=2)), 'hard.share must be'),
        (dict(attributes=dict(side=dict(L=2.0)), most=0.5), 'most is at least 1'),
        (dict(attributes=dict(side=dict(L=0.5))), 'those of side are at least 1'),
    ],
)
def test_arguments_that_cannot_be(dataset, settings, words):
    with pytest.raises(HandboneError, match=words):
        DATA_SAMPLERS.build(dict(type='RepeatFactorSampler', dataset=dataset, seed=0, **settings))


def test_tables_that_do_not_fit(tmp_path):
    path = table_of(['d/a.png', 'd/other.png'], tmp_path)
    with pytest.raises(HandboneError, match="no Dice of 1 image of the training \\('new.png'\\)"):
        hard_factors(['d/other.png', 'new.png'], path, 0.5, 2.0)
    path.write_text('fold,name,dice\n0,a.png,0.5\n')
    with pytest.raises(HandboneError, match='line 1.*no columns image and mean'):
        hard_factors([], path, 0.5, 2.0)
    path.write_text('image,mean\na.png,high\n')
    with pytest.raises(HandboneError, match='line 2.*the Dice is no number'):
        hard_factors(['a.png'], path, 0.5, 2.0)
    with pytest.raises(FileNotFoundError):
        hard_factors([], tmp_path / 'no.csv', 0.5, 2.0)
