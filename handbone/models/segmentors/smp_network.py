"""Networks of segmentation_models.pytorch by name."""

import difflib
import inspect
import logging
from collections.abc import Iterable
from typing import Any, cast

from mmengine.logging import print_log
from torch import nn

from handbone.checkpoints.weight_source import is_weight_source
from handbone.errors import HandboneError
from handbone.extras import import_extra


def build_smp_network(
    arch: str,
    encoder_name: str,
    in_channels: int,
    classes: int,
    encoder_weights: str | None = None,
    **settings: Any,
) -> nn.Module:
    """Build a network.

    Args:
        arch: Architecture, such as ``'UnetPlusPlus'``; capitals do not matter.
        encoder_name: Encoder, such as ``'resnet50'`` or, from timm, ``'tu-hrnet_w64'``.
        in_channels: Channels of the image.
        classes: Number of classes.
        encoder_weights: Pretrained weights of the encoder to download, random ones by default.
        **settings: Further arguments of the architecture.

    Returns:
        The network, with ``encoder``, ``decoder`` and ``segmentation_head``.

    Raises:
        MissingExtraError: If segmentation_models_pytorch is not installed.
        HandboneError: If the architecture or encoder does not exist, or they cannot be combined.
    """
    smp = import_extra('segmentation_models_pytorch', 'smp')
    kinds = {kind.__name__.lower(): kind for kind in smp.MODEL_ARCHITECTURES_MAPPING.values()}
    if arch.lower() not in kinds:
        names = [kind.__name__ for kind in kinds.values()]
        raise HandboneError(unknown_name('architecture', arch, names, names))
    check_encoder(encoder_name)
    kind = kinds[arch.lower()]
    if not encoder_name.startswith('tu-'):
        # smp takes further arguments for encoders of timm and drops those for its own
        arguments = list(inspect.signature(kind.__init__).parameters)[1:-1]
        for name in settings.keys() - set(arguments):
            raise HandboneError(
                unknown_name(f'argument of {kind.__name__}', name, arguments, arguments)
            )
    try:
        return kind(
            encoder_name=encoder_name,
            encoder_weights=encoder_weights,
            in_channels=in_channels,
            classes=classes,
            **settings,
        )
    except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        given = ''.join(f', {name}={value!r}' for name, value in settings.items())
        raise HandboneError(
            f'{arch} cannot be built on encoder {encoder_name!r}{given}: {error}'
        ) from error


def check_encoder(name: str) -> None:
    """Check that an encoder exists.

    Args:
        name: Name of an encoder of smp, or ``tu-`` and that of a model of timm.

    Raises:
        MissingExtraError: If segmentation_models_pytorch is not installed.
        HandboneError: If it does not; the message has the nearest names and the list.
    """
    names = _encoder_table()
    if name in names:
        return
    candidates = [*names, *(f'tu-{model}' for model in _timm_models())]
    # timm's own names may carry the tag of their weights, as in resnet50.a1_in1k
    if name.partition('.')[0] not in candidates:
        message = unknown_name('encoder', name, candidates, names)
        raise HandboneError(f'{message}, and tu-NAME for the models of timm.list_models()')


def check_encoder_weights(encoder_name: str, weights: str) -> None:
    """Check that an encoder comes with certain weights, and warn where they do not suit it.

    Args:
        encoder_name: Name of an encoder that exists.
        weights: Name of the weights, such as ``'imagenet'``, or their source.

    Raises:
        HandboneError: If it does not; the message has the list.
    """
    encoders = _encoder_table()
    if encoder_name.startswith('timm-tf_'):
        # the weights load without complaint, but the features differ by as much as they vary
        print_log(
            f"smp's encoder {encoder_name} pads, and normalises in BatchNorm, otherwise than the "
            'network whose weights it loads, so it computes something else. Use '
            f'tu-{encoder_name.removeprefix("timm-")}, which is the original',
            'current',
            logging.WARNING,
        )
    if encoder_name.startswith('tu-') or encoder_name not in encoders or is_weight_source(weights):
        return  # timm has one set of weights by the name of the model
    names = list(encoders[encoder_name]['pretrained_settings'])
    if weights not in names:
        message = unknown_name(f'weights of {encoder_name}', weights, names, names)
        raise HandboneError(f'{message}; encoder_weights=None starts from random ones')


def load_encoder_weights(network: nn.Module, weights: str, **settings: Any) -> None:
    """Download pretrained weights and put them into the encoder of a network.

    Args:
        network: Network of :func:`build_smp_network`.
        weights: Name of the weights.
        **settings: The arguments that it was built with.

    Raises:
        OSError: If they cannot be loaded; the message says what to do.
    """
    try:
        # the whole network: how an encoder is made depends on the architecture
        pretrained = build_smp_network(**settings, encoder_weights=weights)
    except Exception as error:  # one of many of urllib, httpx, huggingface_hub and timm
        reason = str(error.__cause__ or error).strip().partition('\n')[0]
        raise OSError(
            f'cannot load the weights {weights!r} of encoder {settings["encoder_name"]} '
            f'({reason}). Without a network, copy the Hugging Face cache '
            '(~/.cache/huggingface, or where HF_HOME points) of a machine that loaded them, '
            'or train from scratch with --from-scratch'
        ) from error
    encoder, trained = cast(nn.Module, network.encoder), cast(nn.Module, pretrained.encoder)
    encoder.load_state_dict(trained.state_dict())


def unknown_name(kind: str, name: str, candidates: Iterable[str], listed: Iterable[str]) -> str:
    """Say that a name is unknown, and list the nearest names and those that exist.

    Args:
        kind: What the name stands for, such as ``encoder``.
        name: The name.
        candidates: Names that it may have been meant to be.
        listed: Names to list.

    Returns:
        One line.
    """
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    near = difflib.get_close_matches(name.lower(), by_lower, n=5, cutoff=0.5)
    nearest = f' Nearest: {", ".join(by_lower[match] for match in near)}.' if near else ''
    return f'there is no {kind} {name!r}.{nearest} There are: {", ".join(listed)}'


def _encoder_table() -> dict[str, dict]:
    """Return smp's table of its own encoders."""
    return import_extra('segmentation_models_pytorch.encoders', 'smp').encoders


def _timm_models() -> list[str]:
    return import_extra('timm', 'smp').list_models()
