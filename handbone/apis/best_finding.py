"""Find the best ensemble of cross-validations from what their networks say of held-out images."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope

from handbone.class_sides import unswapped_sides
from handbone.configuration.dataset_configs import dataset_classes
from handbone.configuration.mirrored_sides import view_fault
from handbone.ensembles import check_same_classes
from handbone.ensembles.choice import STEPS, Alternatives, Choice, Nested, nested
from handbone.ensembles.combination import AS_IT_IS, Combination, Reference, Scorer, step_text
from handbone.ensembles.ensemble_file import Ensemble, EnsembleMember, write_ensemble
from handbone.ensembles.mean_logits import Decided
from handbone.ensembles.out_of_fold import CrossValidation, starting_settings
from handbone.ensembles.proof import FEWEST_PATIENTS, Proof
from handbone.ensembles.trained_config import trained_config
from handbone.errors import HandboneError
from handbone.evaluation.bootstrap import bootstrap_mean
from handbone.inference.torch_predictor import choose_device
from handbone.masks import check_thresholds
from handbone.progress import progress_bar

from .compared_folds import check_same_images, open_validation, unused_windows

ENSEMBLE_FILE = 'ensemble.json'


@dataclass(frozen=True)
class BestFound:
    """What :func:`find_best` found.

    Attributes:
        ensemble: The ensemble that was written.
        file: Its file.
        choice: The choice on all images: its steps and what they gave.
        nested: The same choice scored on images that it was not made on; None where there are too
            few patients to choose by.
        patients: Number of patients.
        names: The cross-validations, in the order of the counts of a combination.
        notes: What was asked for and not tried.
    """

    ensemble: Ensemble
    file: Path
    choice: Choice
    nested: Nested | None
    patients: int
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def find_best(
    work_dirs: Sequence[str | Path],
    out_dir: str | Path,
    *,
    steps: Collection[str] = STEPS,
    windows: int | None = None,
    merge: str = 'probabilities',
    best_checkpoints: bool = False,
    confidence: float = 0.95,
    seed: int = 0,
    device: str = 'auto',
) -> BestFound:
    """Choose models, weights, views, windows, thresholds and components, and write the ensemble.

    >>> find_best(['work_dirs/folds_a', 'work_dirs/folds_b'], 'work_dirs/best').ensemble.members

    Args:
        work_dirs: Work dirs of ``handbone train-folds``, with the same folds of the same images.
        out_dir: Folder for ``ensemble.json`` and for scores that a second call finds again.
        steps: What may be chosen, words of :data:`handbone.ensembles.choice.STEPS`.
        windows: Side of the windows that are tried where a config predicts whole images; without
            it, whole images are tried where a config predicts in windows.
        merge: What is averaged, ``probabilities`` or ``logits``.
        best_checkpoints: Take the best checkpoint of each fold, which was chosen on the very images
            that it is scored on here, instead of the last one.
        confidence: Of the intervals that decide.
        seed: Seed of the bootstrap.
        device: As ``torch.device`` takes it; ``auto`` is a GPU where there is one.

    Returns:
        The ensemble and how it was found.

    Raises:
        FileNotFoundError: If a fold has no checkpoint.
        HandboneError: If folds are missing, the work dirs differ in folds, images or classes, or
            ``windows`` has no effect.
    """
    if windows is not None and 'windows' not in steps:
        raise HandboneError(f'windows={windows} has no effect without the step windows: try both')
    chosen = choose_device(device)
    validations = [
        open_validation(folder, best_checkpoints, windows, merge, chosen) for folder in work_dirs
    ]
    notes = [] if windows is None else unused_windows(validations, windows)
    configs = [trained_config(each.checkpoints[0]) for each in validations]
    init_default_scope(configs[0].get('default_scope', 'mmseg'))
    classes = _same_classes(validations, configs)
    if 'views' in steps:
        for each, cfg in zip(validations, configs, strict=True):
            each.views = views_of(cfg, classes)
    check_same_images(validations)
    decided = _decided(validations)
    images = validations[0].images
    references = [
        Reference.of(validations[0].labels(image))
        for image in progress_bar(images, 'Loading labels')
    ]
    folder = Path(out_dir)
    scorer = Scorer(validations, references, classes, merge, decided, folder / 'scores')
    alternatives = _alternatives(validations, configs, classes, steps)
    patients = [image.patient for image in images]
    proof = Proof(patients, confidence, seed=seed)
    choice = Choice(scorer, alternatives, np.arange(len(images)), proof)
    folds = np.array([image.fold for image in images])
    checked = nested(scorer, alternatives, folds, proof) if proof.possible else None
    ensemble = Ensemble(
        classes=classes,
        members=tuple(_members(validations, choice.found)),
        thresholds=choice.found.thresholds,
        postprocess=tuple(choice.found.settings),
        merge=merge,
        evidence=_evidence(scorer, choice, checked, proof),
    )
    file = folder / ENSEMBLE_FILE
    write_ensemble(file, ensemble)
    names = tuple(alternatives.names)
    number = len(set(patients))
    return BestFound(ensemble, file, choice, checked, number, names, tuple(notes))


def views_of(cfg: Config, classes: Sequence[str]) -> list[dict[str, Any]]:
    """Find the views of a config that can be averaged.

    Args:
        cfg: Its ``tta_views``, if they are made on the device.
        classes: Names in class order.

    Returns:
        Arguments of the views, without mirror images that mix up classes with sides. Without
        ``tta_views``, the image and its mirror image, or the image alone where the name of a class
        says a side.
    """
    views = cfg.get('tta_views')
    if views is None:
        return [{}] if unswapped_sides(classes) else [{}, dict(flip='horizontal')]
    if not all(isinstance(view, dict) for view in views):
        return [{}]
    return [dict(view) for view in views if not view_fault(view, classes)]


def _same_classes(
    validations: Sequence[CrossValidation], configs: Sequence[Config]
) -> tuple[str, ...]:
    first = dataset_classes(configs[0])
    for each, cfg in zip(validations, configs, strict=True):
        check_same_classes(each.name, dataset_classes(cfg), validations[0].name, first)
    return first


def _decided(validations: Sequence[CrossValidation]) -> Decided:
    """Tell how all go from logits to classes, and refuse those that differ."""
    first, *others = validations
    decided = first.decided()
    for each in others:
        if each.decided() != decided:
            raise HandboneError(
                f'{each.name} decides on the classes of a pixel in another way than {first.name}: '
                'all need the same test_cfg.decision, and heads of one kind'
            )
    return decided


def _alternatives(
    validations: Sequence[CrossValidation],
    configs: Sequence[Config],
    classes: Sequence[str],
    steps: Collection[str],
) -> Alternatives:
    starts = []
    for index, (each, cfg) in enumerate(zip(validations, configs, strict=True)):
        threshold, postprocess = starting_settings(cfg)
        counts = [0] * len(validations)
        counts[index] = 1
        starts.append(
            Combination(
                tuple(counts),
                check_thresholds(threshold, classes, f'{each.name}: test_cfg.threshold'),
                tuple(map(step_text, postprocess)),
            )
        )
    return Alternatives(
        starts,
        [each.name for each in validations],
        [[view for view in map(step_text, each.views) if view != AS_IT_IS] for each in validations],
        any(each.other_windows for each in validations),
        steps,
    )


def _members(validations: Sequence[CrossValidation], found: Combination) -> list[EnsembleMember]:
    return [
        EnsembleMember(
            checkpoint,
            digest,
            count / len(each.checkpoints),
            **each.member_settings(found.views, found.windows),
        )
        for each, count in zip(validations, found.counts, strict=True)
        if count
        for checkpoint, digest in zip(each.checkpoints, each.hashes, strict=True)
    ]


def _evidence(
    scorer: Scorer, choice: Choice, checked: Nested | None, proof: Proof
) -> dict[str, Any]:
    """Say for people how the ensemble was found."""
    found, start = (float(np.nanmean(each)) for each in scorer.dice([choice.found, choice.start]))
    evidence: dict[str, Any] = dict(
        images=len(scorer.references),
        patients=len(set(proof.patients)),
        seed=proof.seed,
        dice=round(found, 6),
        dice_of_best_alone=round(start, 6),
    )
    if checked is None:
        return evidence | dict(
            note=f'fewer than {FEWEST_PATIENTS} patients: the best cross-validation alone'
        )
    mean = bootstrap_mean(checked.found, proof.patients, seed=proof.seed)
    gain = checked.gain
    return evidence | dict(
        nested_dice=[round(value, 6) for value in mean[:3]],
        nested_gain=[round(value, 6) for value in gain[:3]],
        steps=[f'{each.step}: {each.choice}' for each in choice.tried if each.kept],
    )
