"""Learning rates that decrease from the last layer of a pretrained backbone to the first."""

import bisect
import math
import re

from mmengine.logging import MMLogger
from mmseg.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn

from handbone.errors import HandboneError

from .grouped_weights import GroupedOptimWrapperConstructor

#: Stages and their blocks in the weight names of mmseg's backbones: Swin's ``stages.2.blocks.5``,
#: MiT's ``layers.2.1.5``, ConvNeXt's ``stages.2.5``, ResNet's ``layer3.5``, MSCAN's ``block3.5``,
#: ViT's ``layers.7``.
BLOCK = re.compile(r'(?:stages\.|layers\.|layer|block)(\d+)(?:\.blocks)?((?:\.\d+)*)\.')
#: Downsampling between stages: ConvNeXt's comes before the stage, Swin's at its end.
BEFORE_STAGE = re.compile(r'downsample_layers\.(\d+)\.')
AFTER_STAGE = re.compile(r'stages\.(\d+)\.downsample\.')


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class LayerDecayOptimWrapperConstructor(GroupedOptimWrapperConstructor):
    """Multiply the learning rate by ``layer_decay`` for every block further from the head.

    With L blocks in the backbone, the learning rate that the other settings give is multiplied by
    ``layer_decay ** (L + 1 - l)`` for block l (1 to L), by ``layer_decay ** (L + 1)`` for what is
    before the blocks (patch embedding, stem) and by 1 for the heads: section 3.3.3 of Clark et al.,
    ELECTRA, ICLR 2020 (https://arxiv.org/abs/2003.10555), as BEiT uses it for segmentation. The
    constructor of mmseg supports BEiT, MAE and ConvNeXt; this one supports any backbone whose
    weights are numbered by stage or layer.

    ``paramwise_cfg`` takes the settings of mmengine's constructor and ``layer_decay``, which must
    be above 0 and at most 1.
    """

    def adjust(self, params: list[dict], model: nn.Module) -> None:
        """Multiply the learning rates.

        Args:
            params: One group per weight, changed in place.
            model: The model.

        Raises:
            HandboneError: If ``layer_decay`` is absent or out of range, or the backbone's weights
                are not numbered.
        """
        rate = self.paramwise_cfg.get('layer_decay')
        if rate is None or not 0 < rate <= 1:
            raise HandboneError(
                f'optim_wrapper.paramwise_cfg.layer_decay is {rate}; '
                'it must be above 0 and at most 1, such as 0.9'
            )
        backbone = getattr(model, 'backbone', model)
        depths = layer_depths(backbone)
        layers = max(depths.values())
        depth_of = {id(weight): depths[name] for name, weight in backbone.named_parameters()}
        for group in params:
            depth = depth_of.get(id(group['params'][0]), layers + 1)
            group['lr'] = group.get('lr', self.base_lr) * rate ** (layers + 1 - depth)
        MMLogger.get_current_instance().info(
            f'Layer-wise learning rates: {layers} layers, the first weights learn at '
            f'{rate ** (layers + 1):.3g} of the rate of the head'
        )


def layer_depths(backbone: nn.Module) -> dict[str, int]:
    """Number the blocks of a backbone from its input to its output.

    Weights between two blocks, such as those of a norm or of downsampling, have the depth of the
    block before them.

    Args:
        backbone: A backbone whose weights are numbered by stage or layer.

    Returns:
        The depth of every weight by its name: 0 before the first block, 1 to L in and after them.

    Raises:
        HandboneError: If no weight is numbered.
    """
    places = {name: _place(name) for name, _ in backbone.named_parameters()}
    numbered = sorted({place for place in places.values() if place is not None})
    if not numbered:
        raise HandboneError(
            f'layer_decay: the weights of {type(backbone).__name__} are not numbered by stage or '
            'layer; leave constructor and layer_decay out of optim_wrapper'
        )
    # MiT also numbers the parts of a stage, and its blocks one level below
    levels = max(map(len, numbered))
    blocks = [
        place for place in numbered if len(place) == levels and math.inf not in map(abs, place)
    ]
    depths, depth = {}, 0
    for name, place in places.items():
        if place is not None:
            depth = bisect.bisect_right(blocks, place)
        depths[name] = depth
    return depths


def _place(name: str) -> tuple[float, ...] | None:
    """Read the numbers of stage and block from the name of a weight."""
    if match := BEFORE_STAGE.match(name):
        return (int(match[1]), -math.inf)
    if match := AFTER_STAGE.match(name):
        return (int(match[1]), math.inf)
    if match := BLOCK.match(name):
        return (int(match[1]), *map(int, match[2].split('.')[1:]))
    return None
