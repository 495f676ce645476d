"""Choices from synthetic logits: what helps is found, what is noise gains nothing."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope

from handbone.ensembles.choice import Alternatives, Choice, nested
from handbone.ensembles.combination import AS_IT_IS, Combination, Reference, Scorer, step_text
from handbone.ensembles.mean_logits import Decided, mean_logits
from handbone.ensembles.proof import Proof
from handbone.masks import join_unknown, logits_to_packed

CLASSES = ('a', 'b')
SIZE = (48, 40)
MIRRORED, TURNED = '{"flip": "horizontal"}', '{"angle": 5}'
SMALLER, LARGER = '{"scale": 0.8}', '{"scale": 1.25}'
#: How much noise there is in the mean of some views.
FACTORS = {
    frozenset([AS_IT_IS, *views]): factor
    for views, factor in {
        (): 1.0,
        (MIRRORED,): 0.5,
        (TURNED,): 1.5,
        (MIRRORED, TURNED): 0.9,
        (SMALLER,): 1.2,
        (LARGER,): 1.2,
        (SMALLER, LARGER): 0.5,
    }.items()
}


class Synthetic:
    """A candidate whose logits are the truth with noise of its own.

    With the mirror image there is less noise, with a turned view more, and with smaller ones in
    pairs alone less. In the other windows the logits are too low.
    """

    def __init__(self, truths, noise, seed, shift=0.0, specks=False):
        self.key = f'{noise} {seed} {shift} {specks}'
        self.provided = set()
        generator = torch.Generator().manual_seed(seed)
        self._logits = {}
        for image, truth in enumerate(truths):
            for views, factor in FACTORS.items():
                random = torch.randn(truth.shape, generator=generator)
                logits = truth + shift + factor * noise * random
                if specks:  # a second part of the last class, in a corner
                    logits[-1, 0:2, 0:2] = 3.0
                self._logits[image, views] = logits

    def provide(self, wanted):
        self.provided |= set(wanted)

    def logits(self, image, views, windows):
        assert (views, windows) in self.provided
        logits = self._logits[image, frozenset(views)]
        return logits - 1.0 if windows else logits


def disks(number, seed=0):
    """Signed distances of two disks, (2, 12, 10), one pair per image."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[:12, :10]
    images = []
    for _ in range(number):
        planes = [
            radius - np.hypot(y - row, x - column)
            for row, column, radius in zip(
                generator.uniform(4, 8, 2),
                generator.uniform(4, 6, 2),
                generator.uniform(2, 3, 2),
                strict=True,
            )
        ]
        images.append(torch.tensor(np.array(planes), dtype=torch.float32))
    return images


@pytest.fixture
def make():
    """A scorer of candidates, and each of them alone."""
    init_default_scope('mmseg')

    def build(number, *candidates, folder=None, **settings):
        truths = disks(number)
        references = [Reference.of(logits_to_packed(truth, SIZE)) for truth in truths]
        built = [Synthetic(truths, *each, **settings) for each in candidates]
        scorer = Scorer(built, references, CLASSES, folder=folder)
        counts = np.eye(len(built), dtype=int).tolist()
        starts = [Combination(tuple(each), (0.5, 0.5)) for each in counts]
        return scorer, Alternatives(starts, [f'model {seed}' for seed in range(len(built))])

    return build


def choose(scorer, alternatives, **settings):
    number = len(scorer.references)
    proof = Proof([image // 2 for image in range(number)], **settings)
    return Choice(scorer, alternatives, np.arange(number), proof)


def test_dice_is_that_of_full_size_masks(make):
    """By the definition, on planes: resized probabilities, one upsampling, a comparison."""
    scorer, _ = make(3, (0.8, 1), (0.8, 2))
    combination = Combination((1, 2), (0.4, 0.6))
    (found,) = scorer.dice([combination])
    for image in range(3):
        first, second = (each.logits(image, (AS_IT_IS,), False) for each in scorer.candidates)
        mean = torch.logit((first.sigmoid() + 2 * second.sigmoid()) / 3, eps=1e-6)
        full = F.interpolate(mean[None], SIZE, mode='bilinear')[0].sigmoid()
        truth = F.interpolate(disks(3)[image][None], SIZE, mode='bilinear')[0] > 0
        for index, threshold in enumerate((0.4, 0.6)):
            mask = full[index] > threshold
            dice = 2 * (mask & truth[index]).sum() / (mask.sum() + truth[index].sum())
            assert found[image, index] == pytest.approx(float(dice), abs=2e-3)


def test_the_mean_has_the_finest_resolution():
    small, large = torch.ones(1, 2, 2), torch.full((1, 4, 4), 3.0)
    mean = mean_logits([small, large], [0.25, 0.75], 'logits')
    assert mean.shape == (1, 4, 4) and torch.allclose(mean, torch.full((1, 4, 4), 2.5))


def test_unknown_classes_are_not_scored(make):
    scorer, alternatives = make(2, (0.0, 1))
    planes = torch.from_numpy(scorer.references[0].planes().copy())
    joined = join_unknown(planes, torch.full_like(planes, 2))
    scorer = Scorer(scorer.candidates, [Reference.of(joined), scorer.references[1]], CLASSES)
    (scores,) = scorer.dice(alternatives.starts)
    assert np.isnan(scores).tolist() == [[False, True], [False, False]]
    tried = np.tile([0.3, 0.5], (2, 1))
    by_threshold = scorer.dice_by_threshold(alternatives.starts[0], tried)
    assert np.allclose(by_threshold[:, :, 1], scores, equal_nan=True)


def test_good_models_are_joined_and_a_bad_one_is_left_out(make):
    scorer, alternatives = make(24, (1.5, 1), (6.0, 2), (1.5, 3), (1.6, 4))
    choice = choose(scorer, replace(alternatives, steps=('models',)))
    counts = choice.found.counts
    assert counts[1] == 0 and min(counts[0], counts[2], counts[3]) >= 1
    kept = [step for step in choice.tried if step.kept]
    assert len(kept) >= 2 and all(step.gain.low > 0 for step in kept)
    assert choice.start.counts in ((1, 0, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))
    again = choose(scorer, replace(alternatives, steps=('models',)))
    assert again.found == choice.found and again.tried == choice.tried


def test_views_that_help_are_kept_and_windows_that_hurt_are_not(make):
    scorer, alternatives = make(24, (1.5, 1))
    choice = choose(scorer, replace(alternatives, views=[[MIRRORED, TURNED]], windows=True))
    assert choice.found.views == (AS_IT_IS, MIRRORED) and not choice.found.windows
    tried = [(step.step, step.choice, step.kept) for step in choice.tried][:3]
    assert tried == [
        ('views', '+ flip horizontal', True),
        ('views', '+ angle 5', False),
        ('windows', 'the other way to see images', False),
    ]
    assert choice.tried[0].alternatives == 2 and choice.tried[1].alternatives == 1


def test_views_that_help_together_alone(make):
    scorer, alternatives = make(24, (1.5, 1))
    choice = choose(scorer, replace(alternatives, views=[[SMALLER, LARGER]], steps=('views',)))
    assert choice.found.views == (AS_IT_IS, SMALLER, LARGER)
    assert [step.choice for step in choice.tried][1:] == ['+ all 2 views']


def test_views_are_those_of_the_models_that_were_chosen(make):
    """Views of another model are not tried, as they would change nothing."""
    scorer, alternatives = make(24, (1.5, 1), (9.0, 2))
    choice = choose(scorer, replace(alternatives, views=[[], [MIRRORED]]))
    assert choice.start.counts == (1, 0) and choice.found.views == (AS_IT_IS,)
    assert all(step.step != 'views' for step in choice.tried)


def test_one_threshold_for_all_classes_where_logits_are_too_low(make):
    scorer, alternatives = make(24, (0.2, 1), shift=-1.0)
    choice = choose(scorer, replace(alternatives, steps=('thresholds',)))
    first, second = choice.found.thresholds
    assert first == second == pytest.approx(1 / (1 + np.exp(1)), abs=0.03)


def test_a_threshold_of_one_class_needs_a_stronger_proof(make):
    scorer, alternatives = make(24, (0.2, 1))
    for candidate in scorer.candidates:
        for logits in candidate._logits.values():
            logits[0] -= 1.2
            logits[1] += 1.2
    choice = choose(scorer, replace(alternatives, steps=('thresholds',)))
    first, second = choice.found.thresholds
    assert first < 0.4 and second > 0.6
    assert choice.tried[-1].alternatives == len(CLASSES) and choice.tried[-1].kept


def test_specks_are_removed(make):
    scorer, alternatives = make(24, (0.1, 1), specks=True)
    choice = choose(scorer, replace(alternatives, steps=('components',)))
    assert len(choice.found.steps) == 1 and choice.tried[0].kept
    clean = make(24, (0.1, 1))
    assert choose(clean[0], replace(clean[1], steps=('components',))).found.steps == ()


def test_too_few_patients_keep_the_simple_choice(make):
    """Nine patients of two images each; ten are enough."""
    candidates = (1.5, 1), (1.5, 2), (9.0, 3)
    choice = choose(*make(18, *candidates))
    assert choice.tried == [] and choice.found == choice.start and choice.found.counts[2] == 0
    assert choose(*make(20, *candidates)).tried


def test_noise_gains_nothing_on_held_out_images(make):
    """The gain of a choice among equals: too high where it was made, none where it was not.

    All candidates have scores of one distribution, with views and without, so none is better.
    """
    optimistic, honest, gains = [], [], []
    for seed in range(12):
        generator = np.random.default_rng(seed)
        _, alternatives = make(1, *[(0.0, index) for index in range(8)])
        scorer = Drawn(generator.normal(0.9, 0.05, (2, 8, 40, len(CLASSES))))
        alternatives = replace(alternatives, steps=('views', 'models'), views=[[MIRRORED]] * 8)
        folds, proof = np.arange(40) % 5, Proof(range(40), resamples=500)
        inner = Choice(scorer, alternatives, np.arange(40), proof)
        optimistic.append(float(scorer.dice([inner.start])[0].mean()) - 0.9)
        checked = nested(scorer, alternatives, folds, proof)
        honest.append(float(checked.start.mean()) - 0.9)
        gains.append(checked.gain.mean)
    error = np.std(honest) / np.sqrt(len(honest))
    assert np.mean(optimistic) > 0.005  # what choosing the best of eight looks like
    assert abs(np.mean(honest)) < 3 * error and np.mean(honest) < np.mean(optimistic) / 2
    assert abs(np.mean(gains)) <= 3 * np.std(gains) / np.sqrt(len(gains))


def test_steps_without_effect_are_rarely_kept():
    """Alternatives that differ by noise alone pass the proof in about one of twenty times."""
    kept = 0
    for seed in range(40):
        generator = np.random.default_rng(100 + seed)
        scores = generator.normal(0.9, 0.05, (2, 30, 5))
        proof = Proof(range(30), resamples=1000)
        kept += proof.holds(proof.gain(scores[0], scores[1]))
    assert kept <= 4
    with_choice = Proof(range(30), resamples=1000)
    wide = with_choice.gain(scores[0], scores[1], alternatives=10)
    narrow = with_choice.gain(scores[0], scores[1])
    assert wide.low < narrow.low and wide.high > narrow.high


class Drawn:
    """Scores that are drawn instead of computed: a mean of models has the mean of their scores."""

    decided = Decided()
    classes = CLASSES

    def __init__(self, scores):
        self.scores = scores

    def dice(self, combinations):
        return [
            np.average(self.scores[len(combination.views) - 1], axis=0, weights=combination.counts)
            for combination in combinations
        ]


def test_scores_are_kept_on_disk(make, tmp_path, monkeypatch):
    scorer, alternatives = make(4, (0.5, 1), (0.5, 2), folder=tmp_path)
    first = scorer.dice(alternatives.starts)
    again, _ = make(4, (0.5, 1), (0.5, 2), folder=tmp_path)
    monkeypatch.setattr(again, '_mean', None)  # nothing is computed
    assert all(map(np.array_equal, again.dice(alternatives.starts), first))
    other, _ = make(4, (0.5, 1), (0.6, 2), folder=tmp_path)
    assert not np.array_equal(other.dice(alternatives.starts)[1], first[1])
    damaged = sorted(tmp_path.glob('*.npy'))[0]
    damaged.write_bytes(b'\x93NUMPY')
    mended, _ = make(4, (0.5, 1), (0.5, 2), folder=tmp_path)
    assert all(map(np.array_equal, mended.dice(alternatives.starts), first))


def test_steps_in_json_are_the_same_steps():
    steps = (step_text(dict(type='LeastArea', share=2e-5)), step_text(dict(classes=('a',))))
    settings = Combination((1,), (0.5,), steps).settings
    assert settings == [dict(type='LeastArea', share=2e-5), dict(classes=['a'])]
