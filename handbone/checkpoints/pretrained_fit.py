"""Put pretrained weights into a backbone, whatever names they have, and count what fits."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from mmengine.logging import MMLogger
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor, nn

from .download import PretrainedWeightsError
from .efficientnet_names import common_names
from .fitting import STATISTICS, summary, weights_of

#: Least share of a backbone's weights that pretrained ones must fill: mmseg's backbones add a few
#: norms, and variants of ResNet have another stem.
LEAST_SHARE = 0.8
#: What stands before the name of a backbone's weight in files, and in backbones that wrap another.
PREFIXES = ('', 'backbone.', 'encoder.', 'model.', 'model.encoder.', 'encoder.model.')


class Fit(NamedTuple):
    """Which weights of a file belong to which of a backbone.

    Attributes:
        weights: Tensors by their names in the backbone, with its shapes.
        left_out: Names in the file that the backbone has no place for.
        missing: Names of the backbone's weights that the file lacks, or has in another shape.
    """

    weights: dict[str, Tensor]
    left_out: list[str]
    missing: list[str]


def load_pretrained(backbone: nn.Module, source: str) -> Fit:
    """Load pretrained weights into a backbone and log how many fitted.

    Weights of a first convolution for three channels are summed where the backbone takes one, which
    is the same for grey images whose channels are normalised alike.

    Args:
        backbone: The backbone.
        source: As for :func:`handbone.checkpoints.weight_source.weight_file`.

    Returns:
        What was loaded and what was not.

    Raises:
        PretrainedWeightsError: If fewer than four fifths of the backbone's weights are in the file.
        HandboneError: If the file cannot be found or read.
    """
    content = CheckpointLoader.load_checkpoint(source, map_location='cpu')
    fit = fit_backbone(weights_of(content, source), backbone)
    count = sum(1 for _ in backbone.parameters())
    kind = type(backbone).__name__
    if len(fit.missing) > (1 - LEAST_SHARE) * count:
        raise PretrainedWeightsError(
            f'pretrained weights {source} are of another model: {len(fit.missing)} of the {count} '
            f'weights of {kind} are not in it or differ in shape ({summary(fit.missing)}). Give '
            'weights of this backbone, or train from scratch with --from-scratch'
        )
    backbone.load_state_dict(fit.weights, strict=False)
    left = f', not loaded: {summary(fit.missing)}' if fit.missing else ''
    out = f' ({summary(fit.left_out)})' if fit.left_out else ''
    MMLogger.get_current_instance().info(
        f'Pretrained weights {source}: {count - len(fit.missing)} of {count} weights of {kind} '
        f'loaded{left}; left out of the file: {len(fit.left_out)}{out}'
    )
    return fit


def fit_backbone(weights: Mapping[str, Tensor], backbone: nn.Module) -> Fit:
    """Find which weights of a file belong to which of a backbone.

    Names may differ by what stands before them, or be those of EfficientNet in another package. Of
    all ways to match them, the one that fills most of the backbone is taken.

    Args:
        weights: Tensors of the file by name.
        backbone: The backbone.

    Returns:
        The fit.
    """
    own = backbone.state_dict()
    best: dict[str, str] = {}
    for before_own in PREFIXES:
        bare = {name.removeprefix(before_own): name for name in own if name.startswith(before_own)}
        for before in PREFIXES:
            given = {name.removeprefix(before): name for name in weights if name.startswith(before)}
            for names in (_same_names(bare, given), _common_names(bare, given)):
                fitting = {
                    ours: theirs
                    for ours, theirs in names.items()
                    if _shaped(weights[theirs], own[ours].shape) is not None
                }
                if len(fitting) > len(best):
                    best = fitting
    taken = {ours: _shaped(weights[theirs], own[ours].shape) for ours, theirs in best.items()}
    return Fit(
        {name: tensor for name, tensor in taken.items() if tensor is not None},
        sorted(name for name in weights.keys() - best.values() if not name.endswith(STATISTICS)),
        sorted(name for name, _ in backbone.named_parameters() if name not in best),
    )


def _same_names(own: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    return {own[name]: given[name] for name in own.keys() & given.keys()}


def _common_names(own: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    by_common = {common: name for name, common in common_names(given).items()}
    return {
        own[name]: given[by_common[common]]
        for name, common in common_names(own).items()
        if common in by_common
    }


def _shaped(weight: Tensor, shape: torch.Size) -> Tensor | None:
    """Give a weight the shape that a backbone wants, or None if it is that of another layer."""
    if weight.shape == shape:
        return weight
    grey = (*weight.shape[:1], 1, *weight.shape[2:])
    if weight.ndim == 4 and weight.shape[1] == 3 and shape == grey:
        return weight.sum(dim=1, keepdim=True)
    return None
