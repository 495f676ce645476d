"""Opinions of models about images: one CSV of masks each, predicted one after the other."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config

from handbone.configuration.config_file import read_config_file
from handbone.configuration.mirrored_sides import check_mirrored_views
from handbone.configuration.shipped import config_path
from handbone.ensembles import check_same_classes
from handbone.errors import HandboneError
from handbone.export import is_exported
from handbone.inference import Predictor, open_predictor
from handbone.outputs.rle_csv import NAME
from handbone.pseudo_labels.folder import MEMBERS
from handbone.starter import CONFIG, WEIGHTS, starter_weights

from .inferencer import MultilabelInferencer

CONFIDENCES = ('views', 'margin')
#: How far thresholds are moved to see what hangs by a thread, in logits: 0.5 to 0.25 and 0.75.
MARGIN = math.log(3)


class Opinion(NamedTuple):
    """One model, in one view and at one threshold.

    Attributes:
        name: What it is, for messages and for the folder that remembers it.
        open: Makes its predictor.
    """

    name: str
    open: Callable[[], Predictor]


class Opinions(NamedTuple):
    """Opinions that are predicted.

    Attributes:
        members: All of them; the first one decides ties.
        classes: Class names in order, of all of them; empty without any.
        configs: The configs, whose data no image may be of.
    """

    members: tuple[Opinion, ...]
    classes: tuple[str, ...]
    configs: tuple[Config, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all of them."""
        return tuple(member.name for member in self.members)

    def predict(
        self, images: Path, out_dir: Path, batch_size: int | None, workers: int, restart: bool
    ) -> list[Path]:
        """Predict a folder once for each opinion; one network at a time is in memory.

        Args:
            images: The folder.
            out_dir: Folder of the outputs, a subfolder each.
            batch_size: As for :func:`handbone.inference.run.predict_to_files`.
            workers: Likewise.
            restart: Likewise; else a finished prediction is not made again.

        Returns:
            The CSV files.

        Raises:
            HandboneError: If no image can be predicted.
        """
        paths = []
        for number, member in enumerate(self.members, start=1):
            folder = out_dir / MEMBERS / f'{number:02d}'
            print(f'{number} of {len(self.members)}: {member.name}')
            inferencer = MultilabelInferencer.of(member.open())
            summary = inferencer.run([images], ['csv'], folder, batch_size, workers, restart)
            if summary.failed == summary.images:
                raise HandboneError(
                    f'none of the images could be predicted; {folder / "failures.csv"} says why'
                )
            paths.append(folder / NAME)
        return paths


def starter_opinions(confidence: str | None, options: dict[str, Any]) -> Opinions:
    """Take the weights that come with the package.

    Args:
        confidence: As for :func:`model_opinions`.
        options: Likewise.

    Returns:
        Its opinions.
    """
    model = (str(config_path(CONFIG)), str(starter_weights()))
    # trained on phantoms that are nowhere else
    return model_opinions([model], confidence, options)._replace(configs=())


def model_opinions(
    models: Sequence[tuple[str, str | None]],
    confidence: str | None,
    options: dict[str, Any],
    alone: bool = True,
) -> Opinions:
    """List the opinions of models.

    Args:
        models: Config and checkpoint of each, or an exported file and None.
        confidence: Of a single model: :data:`CONFIDENCES`; None for views where it has any.
        options: Of :func:`handbone.inference.open_predictor`.
        alone: There are no CSV files beside it, so that a single model needs several opinions.

    Returns:
        One opinion per model, or the opinions of the only one.

    Raises:
        HandboneError: If models have different classes, or the confidence is unknown or cannot be
            had.
    """
    if confidence not in (None, *CONFIDENCES):
        raise HandboneError(f'confidence is one of {", ".join(CONFIDENCES)}, got {confidence!r}')
    configs = tuple(
        read_config_file(model, options.get('cfg_options') or {})
        for model, _ in models
        if not is_exported(model)
    )
    opened = [open_predictor(*model, **dict(options, device='meta')) for model in models]
    names = [_name(*model) for model in models]
    for name, predictor in zip(names, opened, strict=True):
        check_same_classes(name, predictor.classes, names[0], opened[0].classes)
    classes = opened[0].classes if opened else ()
    if len(models) != 1 or not alone:
        members = [
            Opinion(name, partial(open_predictor, *model, **options))
            for name, model in zip(names, models, strict=True)
        ]
        return Opinions(tuple(members), classes, configs)
    (model,), (name,) = models, names
    views = _views(configs[0]) if configs else []
    if confidence == 'views' and len(views) < 2:
        raise HandboneError(
            f'{model[0]} has no views to compare; add tta_views = [dict(), '
            "dict(flip='horizontal')] to a config, or take --confidence margin"
        )
    if len(views) > 1 and confidence != 'margin':
        # before the first of them is predicted
        check_mirrored_views(configs[0])
        members = _of_views(model, views, name, options)
    else:
        members = _of_thresholds(model, opened[0].thresholds, name, options)
    return Opinions(tuple(members), classes, configs)


def _name(model: str, checkpoint: str | None) -> str:
    if checkpoint == str(WEIGHTS):
        return 'starter weights'
    return model if checkpoint is None else f'{model} with {checkpoint}'


def _views(cfg: Config) -> list[dict]:
    """List the views of a config that are made on the device, one at a time."""
    views = cfg.get('tta_views') or []
    if 'tta_pipeline' in cfg or not all(isinstance(view, dict) for view in views):
        return []
    return list(views)


def _of_views(
    model: tuple[str, str | None], views: Sequence[dict], name: str, options: dict[str, Any]
) -> list[Opinion]:
    def opener(view: dict) -> Callable[[], Predictor]:
        settings = {**(options.get('cfg_options') or {}), 'tta_views': [view]}
        return lambda: open_predictor(*model, **dict(options, tta=True, cfg_options=settings))

    return [
        Opinion(f'{name}, view {_words(view) or "as it is"}', opener(dict(view))) for view in views
    ]


def _of_thresholds(
    model: tuple[str, str | None],
    thresholds: Sequence[float],
    name: str,
    options: dict[str, Any],
) -> list[Opinion]:
    def opener(shift: float) -> Callable[[], Predictor]:
        moved = [_shifted(threshold, shift) for threshold in thresholds]
        return lambda: open_predictor(*model, **dict(options, thresholds=moved))

    # the masks at the lower thresholds hold those at the higher ones, so the vote is the first
    titles = {0.0: 'own', -MARGIN: 'lower', MARGIN: 'higher'}
    return [
        Opinion(f'{name}, {title} thresholds', opener(shift)) for shift, title in titles.items()
    ]


def _shifted(threshold: float, shift: float) -> float:
    if not shift:
        return threshold
    logit = math.log(threshold / (1 - threshold)) + shift
    return 1 / (1 + math.exp(-logit))


def _words(view: dict) -> str:
    return ', '.join(f'{key} {value}' for key, value in view.items())
