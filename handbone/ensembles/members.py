"""The models of an ensemble: built, compared, and made to give logits."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmseg.registry import MODELS
from torch import nn

from handbone.checkpoints import load_checkpoint_file
from handbone.checkpoints.fitting import load_weights
from handbone.errors import HandboneError
from handbone.models.segmentors.multilabel_tta import MultilabelTTAModel
from handbone.postprocessing import PostprocessingStep

from .mean_logits import Decided

#: No logit reaches it, so a single member does not spend time on masks that are not used.
UNREACHABLE_THRESHOLD = 1 - 1e-12


def build_member(model: Mapping, checkpoint: str) -> nn.Module:
    """Build a model with the weights of a checkpoint.

    Args:
        model: The ``model`` of a config.
        checkpoint: Its checkpoint.

    Returns:
        The model.

    Raises:
        HandboneError: If the weights do not fit.
    """
    network = MODELS.build(model)
    content = load_checkpoint_file(checkpoint)
    load_weights(network, content, checkpoint, wanted='the config that it was given with')
    return network


def segmentor_of(network: Any) -> Any:
    """Find the segmentor, which test-time augmentation may wrap.

    Args:
        network: Built from the ``model`` of a config.

    Returns:
        The segmentor.
    """
    return network.module if isinstance(network, MultilabelTTAModel) else network


def decided_by(network: Any) -> Decided:
    """Tell how a model goes from logits to classes.

    Args:
        network: A segmentor, also within test-time augmentation.

    Returns:
        What all models of an ensemble must have in common.
    """
    segmentor = segmentor_of(network)
    return Decided(segmentor.exclusive, segmentor.has_background)


def check_same_decision(network: Any, decided: Decided, name: str, first_name: str) -> None:
    """Refuse a model whose logits have no common mean with those of the first.

    Args:
        network: The model.
        decided: What the first model does.
        name: What the message calls the model.
        first_name: What it calls the first.

    Raises:
        HandboneError: If the two differ.
    """
    if decided_by(network) != decided:
        raise HandboneError(
            f'{name} decides on the classes of a pixel in another way than {first_name}, so their '
            'logits have no common mean: all models need the same test_cfg.decision, and heads of '
            'one kind'
        )


def logits_only(network: Any) -> Any:
    """Make a model give its low-resolution logits, and spend no time on masks.

    Args:
        network: A segmentor, also within test-time augmentation; changed in place.

    Returns:
        The model, for evaluation.
    """
    segmentor = segmentor_of(network)
    segmentor.test_cfg.update(keep_logits=True, threshold=UNREACHABLE_THRESHOLD)
    segmentor.postprocess = []
    return network.eval()


def steps_without_image(steps: Sequence[PostprocessingStep]) -> Sequence[PostprocessingStep]:
    """Refuse steps that an ensemble cannot apply.

    Args:
        steps: The steps after the thresholds.

    Returns:
        The same.

    Raises:
        HandboneError: If one of them looks at the image.
    """
    for step in steps:
        if step.needs_image:
            raise HandboneError(
                f'{type(step).__name__} needs the input of one network, and an ensemble has '
                'several: leave it out of test_cfg.postprocess'
            )
    return steps
