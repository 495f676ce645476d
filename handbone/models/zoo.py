"""mmseg's own model configurations, made multilabel."""

from collections.abc import Sequence
from pathlib import Path

import mmseg
from mmengine.config import Config, ConfigDict

from handbone.errors import HandboneError

from .heads import ADAPTED, CONVERTED, FUSED
from .heads.multilabel_output import DEFAULT_LOSSES

#: Models of mmseg that do not become multilabel, and why.
WITHOUT_MULTILABEL = {
    'pointrend_r50': 'PointHead refines the points where the two best classes are close, which '
    'means one class per pixel',
    'san_vit-b16': 'SideAdapterCLIPHead classifies masks by the names of the classes',
    'vpd_sd': 'VPDDepthHead predicts depth',
}

#: Models of mmseg that need a further package to be multilabel: (module, what provides it).
WITH_MORE_PACKAGES = {
    'ccnet_r50-d8': ('mmcv._ext', 'the compiled operators of onedl-mmcv'),
    'psanet_r50-d8': ('mmcv._ext', 'the compiled operators of onedl-mmcv'),
    'fpn_poolformer_s12': ('mmpretrain', 'pip install handbone[mmpretrain]'),
    'upernet_convnext': ('mmpretrain', 'pip install handbone[mmpretrain]'),
}

#: Most backbones halve the resolution five times.
STRIDE = 32

SEGMENTORS = ('EncoderDecoder', 'CascadeEncoderDecoder')


def base_models() -> dict[str, Path]:
    """Find the model configurations that come with mmseg.

    Returns:
        Path of each by its name, sorted.
    """
    folder = Path(mmseg.__file__).parent / '.mim' / 'configs' / '_base_' / 'models'
    return {path.stem: path for path in sorted(folder.glob('*.py'))}


def multilabel_model(
    model: ConfigDict,
    num_classes: int,
    losses: Sequence[dict] = DEFAULT_LOSSES,
) -> ConfigDict:
    """Make the configuration of a model of mmseg multilabel.

    Changed are the types of the segmentor and of its heads, ``num_classes``, and the losses with
    the pixel samplers that belong to them; boundary heads keep their two classes. Whole images are
    predicted, padding is background, and images are padded to a multiple of 32 where the
    configuration names no size.

    Args:
        model: Configuration of an ``EncoderDecoder`` or a ``CascadeEncoderDecoder``.
        num_classes: Number of classes.
        losses: Losses of every head, scaled by the weight of the loss that they replace.

    Returns:
        A new configuration.

    Raises:
        HandboneError: If the segmentor or one of the heads has no multilabel counterpart.
    """
    model = ConfigDict(Config(dict(model=model)).to_dict()['model'])
    if model.type not in SEGMENTORS:
        raise HandboneError(
            f'{model.type} has no multilabel counterpart; there is one for {", ".join(SEGMENTORS)}'
        )
    model.type = f'Multilabel{model.type}'
    model.data_preprocessor.seg_pad_val = 0
    if 'size' not in model.data_preprocessor:
        model.data_preprocessor.setdefault('size_divisor', STRIDE)
        model.data_preprocessor.setdefault('test_cfg', dict(size_divisor=STRIDE))
    model.test_cfg = dict(model.get('test_cfg') or {}, mode='whole')
    for key in ('decode_head', 'auxiliary_head'):
        heads = model.get(key) or []
        for head in heads if isinstance(heads, list) else [heads]:
            _convert_head(head, num_classes, losses)
    return model


def _convert_head(head: ConfigDict, num_classes: int, losses: Sequence[dict]) -> None:
    if 'kernel_generate_head' in head:
        _convert_head(head.kernel_generate_head, num_classes, losses)
        for stage in head.kernel_update_head:
            stage.num_classes = num_classes
    elif head.type in CONVERTED + ADAPTED + FUSED:
        weight = _loss_weight(head.get('loss_decode'))
        head.loss_decode = [
            dict(loss, loss_weight=weight * loss.get('loss_weight', 1.0)) for loss in losses
        ]
        if head.type != 'STDCHead':
            head.num_classes = num_classes
        head.pop('sampler', None)
    else:
        raise HandboneError(f'{head.type} has no multilabel counterpart')
    head.type = f'Multilabel{head.type}'


def _loss_weight(loss: dict | list[dict] | None) -> float:
    """Weight of a head's loss; heads with several losses weigh their branches themselves."""
    return loss.get('loss_weight', 1.0) if isinstance(loss, dict) else 1.0
