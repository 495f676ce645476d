"""Signs, the model of Dice and the queue for review."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from handbone.errors import HandboneError
from handbone.evaluation.logit_summary import LogitSummary
from handbone.masks import pack
from handbone.quality.features import FEATURES, OF_MASK, features_of, standardisation
from handbone.quality.learning import learn_quality, rank
from handbone.quality.model import QualityModel, read_quality_model, write_quality_model
from handbone.quality.review import review_queue
from handbone.quality.signs import SIGNS, signs_of

CLASSES = ('finger-1', 'finger-16', 'Ulna')


def made(images=40, seed=0, agreement=True):
    """Signs in which confidence tells the Dice, with noise; two images a patient."""
    random = np.random.default_rng(seed)
    signs = np.zeros((images, 3, len(SIGNS)))
    at = SIGNS.index
    quality = random.normal(size=(images, 3))
    signs[..., at('confidence')] = 1 / (1 + np.exp(-quality - [3, 2, 1]))
    signs[..., at('margin')] = np.exp(-quality + 0.5 * random.normal(size=quality.shape))
    signs[..., at('agreement')] = 0.9 if agreement else np.nan
    signs[..., at('area')] = 0.01 * np.exp(0.1 * random.normal(size=quality.shape))
    signs[..., at('parts')] = 1
    signs[..., at('brightness')] = random.random((images, 1))
    dice = 1 - 0.1 * np.exp(-quality + 0.3 * random.normal(size=quality.shape)).clip(0, 10)
    patients = [f'ID{index // 2}' for index in range(images)]
    return signs, dice, patients


def test_signs():
    masks = np.zeros((3, 64, 80), bool)
    masks[0, 10:20, 10:30] = True
    masks[0, 40:44, 40:44] = True
    masks[2, 50:, 5:15] = True
    image = np.full((64, 80), 51, np.uint8)
    image[::16] = 153
    values = np.array([0.9, np.nan, 0.8])
    flags = ('missing: finger-16', 'finger-1 is in 2 separate places', 'no hand')
    signs = signs_of(pack(masks), image, LogitSummary(values, values, values), flags, CLASSES)
    np.testing.assert_allclose(signs.area, masks.sum(axis=(1, 2)) / (64 * 80))
    assert signs.parts.tolist() == [2, 0, 1] and signs.border.tolist() == [0, 0, 1]
    assert signs.flagged.tolist() == [1, 1, 0] and signs.flags.tolist() == [3, 3, 3]
    np.testing.assert_allclose(signs.brightness, 0.4)
    np.testing.assert_allclose(signs.contrast, 0.2)
    assert signs.matrix().shape == (3, len(SIGNS))
    np.testing.assert_array_equal(signs.matrix()[:, 0], values)


def test_features_are_standardised_within_the_class():
    signs, _, _ = made(200)
    features = features_of(signs, *standardisation(signs))
    assert features.shape == (200, 3, len(FEATURES))
    for name in ('confidence', 'margin', 'area'):
        column = features[..., OF_MASK.index(name)]
        np.testing.assert_allclose(column.mean(axis=0), 0, atol=0.02)
        np.testing.assert_allclose(column.std(axis=0), 1, atol=0.05)
    constant = features[..., OF_MASK.index('parts')]
    assert (constant == 0).all() and np.isfinite(features).all()


def test_held_out_predictions_rank_and_match_scipy():
    signs, dice, patients = made(120)
    learnt = learn_quality(signs, dice, patients, CLASSES)
    ranking = learnt.ranking
    expected = spearmanr(learnt.held_out.ravel(), dice.ravel()).statistic
    assert ranking.masks == pytest.approx(expected) and expected > 0.8
    within = [spearmanr(learnt.held_out[:, c], dice[:, c]).statistic for c in range(3)]
    assert ranking.within_class == pytest.approx(np.mean(within))
    images = spearmanr(learnt.held_out.mean(axis=1), dice.mean(axis=1)).statistic
    assert ranking.images == pytest.approx(images)
    assert ranking.error == pytest.approx(np.abs(learnt.held_out - dice).mean())
    assert (ranking.patients, ranking.number) == (60, 120)


def test_patients_are_held_out_whole():
    """What a patient alone tells, such as its own brightness, helps nothing."""
    signs, dice, patients = made(60, seed=3)
    random = np.random.default_rng(1)
    of_patient = np.repeat(random.random(30), 2)[:, None]
    signs[..., : SIGNS.index('area')] = 0.5
    signs[..., SIGNS.index('brightness')] = of_patient
    dice = np.broadcast_to(random.permutation(of_patient[::2]).repeat(2, axis=0), dice.shape)
    assert learn_quality(signs, dice, patients, CLASSES).ranking.images < 0.4


def test_missing_masks_and_unknown_classes():
    signs, dice, patients = made(40)
    signs[::2, 1, SIGNS.index('area')] = 0
    signs[::2, 1, :3] = np.nan
    dice[::2, 1] = 0
    dice[1::2, 2] = np.nan
    learnt = learn_quality(signs, dice, patients, CLASSES)
    model = learnt.model
    assert model.absent[1] == pytest.approx(0.5 / 21)
    predicted = model.predict(signs)
    assert (predicted[::2, 1] == model.absent[1]).all()
    assert np.isfinite(predicted).all() and ((predicted >= 0) & (predicted <= 1)).all()
    known = dice[::2, 2]
    assert spearmanr(predicted[::2, 2], known).statistic > 0.5


def test_file(tmp_path):
    signs, dice, patients = made()
    model = learn_quality(signs, dice, patients, CLASSES).model
    path = tmp_path / 'quality.json'
    write_quality_model(path, model)
    again = read_quality_model(path)
    np.testing.assert_array_equal(again.predict(signs), model.predict(signs))
    assert str(again) == str(model) and len(str(model)) == 12
    assert again.held_out['patients'] == 20
    again.check_classes(CLASSES, 'this')
    with pytest.raises(HandboneError, match='other classes than those of that model'):
        again.check_classes(CLASSES[:2], 'that model')


def test_what_is_not_defined_is_null_in_the_file(tmp_path):
    signs, dice, patients = made()
    model = learn_quality(signs, dice, patients, CLASSES).model
    model = replace(model, held_out=dict(model.held_out, within_class=float('nan')))
    path = tmp_path / 'quality.json'
    write_quality_model(path, model)
    content = json.loads(path.read_text(), parse_constant=pytest.fail)
    assert content['held_out']['within_class'] is None
    again = read_quality_model(path)
    assert np.isnan(again.held_out['within_class']) and again.held_out['number'] == len(dice)
    assert str(again) == str(model)
    path.write_text(path.read_text().replace('"within_class": null', '"within_class": NaN'))
    assert str(read_quality_model(path)) == str(model)  # as it was written before


@pytest.mark.parametrize(
    'change',
    [
        lambda content: content.update(format='other'),
        lambda content: content.update(weights=content['weights'][1:]),
        lambda content: content.update(centres=[[0.0], [0.0, 1.0]]),
        lambda content: content.update(signs=['size']),
        lambda content: content['scales'][0].__setitem__(0, 0.0),
        lambda content: content.pop('absent'),
        lambda content: content.update(offsets='high'),
    ],
)
def test_damaged_files(tmp_path, change):
    signs, dice, patients = made()
    path = tmp_path / 'quality.json'
    write_quality_model(path, learn_quality(signs, dice, patients, CLASSES).model)
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(HandboneError, match=r'quality\.json.*is not a model of quality'):
        read_quality_model(path)


def test_a_model_of_views_needs_views():
    signs, dice, patients = made()
    model = learn_quality(signs, dice, patients, CLASSES).model
    assert model.agreement
    with pytest.raises(HandboneError, match='add --tta'):
        model.predict(made(2, agreement=False)[0])
    signs, dice, patients = made(agreement=False)
    model = learn_quality(signs, dice, patients, CLASSES).model
    assert not model.agreement and np.isfinite(model.predict(signs)).all()


def test_too_few_patients():
    signs, dice, _ = made(6)
    with pytest.raises(HandboneError, match='there are 3 patients to learn from, and 5 or more'):
        learn_quality(signs, dice, list('aabbcc'), CLASSES)


def test_rank_is_undefined_without_differences():
    ranking = rank(np.ones((4, 3)), np.full((4, 3), 0.5), np.ones((4, 3), bool), 4)
    assert np.isnan(ranking.masks) and np.isnan(ranking.within_class) and ranking.error == 0.5


def test_review_queue():
    dice = np.array([[0.9, 0.8], [0.95, 0.1], [0.9, 0.8]])
    queue = review_queue(['a', 'b', 'c'], ['x', 'y'], dice)
    assert [entry.image for entry in queue] == ['b', 'a', 'c']
    assert queue[0].text == 'predicted Dice 0.525, worst y 0.100'
    dice[0, 0] = np.nan
    with pytest.raises(HandboneError, match='masks without a predicted Dice'):
        review_queue(['a', 'b', 'c'], ['x', 'y'], dice)


def test_predictions_stay_between_zero_and_one():
    shape = (1, len(FEATURES))
    model = QualityModel(
        ('x',),
        np.zeros(shape),
        np.ones(shape),
        np.array([5.0]),
        np.zeros(shape[1]),
        np.array([0.5]),
    )
    signs = made(1)[0][:, :1]
    assert model.predict(signs).tolist() == [[0.0]]
