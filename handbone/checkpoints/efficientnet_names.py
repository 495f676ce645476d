"""The names that EfficientNets without squeeze-and-excitation have in three packages.

EfficientNet-PyTorch numbers all blocks in one row (``_blocks.3._expand_conv``), timm and handbone
by stage and block (``blocks.2.0.conv_pw``, ``stages.2.0.expand_conv.conv``).
"""

import re
from collections.abc import Iterable

#: Names of timm in a block that begins with a 1 x 1 convolution.
TIMM = dict(
    conv_pw='expand_conv.conv',
    bn1='expand_conv.bn',
    conv_dw='depthwise_conv.conv',
    bn2='depthwise_conv.bn',
    conv_pwl='linear_conv.conv',
    bn3='linear_conv.bn',
)
#: The same in the first block, which has no such convolution.
TIMM_FIRST = dict(
    conv_dw='depthwise_conv.conv',
    bn1='depthwise_conv.bn',
    conv_pw='linear_conv.conv',
    bn2='linear_conv.bn',
)
#: Names of EfficientNet-PyTorch in a block.
PYTORCH = dict(
    _expand_conv='expand_conv.conv',
    _bn0='expand_conv.bn',
    _depthwise_conv='depthwise_conv.conv',
    _bn1='depthwise_conv.bn',
    _project_conv='linear_conv.conv',
    _bn2='linear_conv.bn',
)
#: Names outside of the blocks.
STEM = dict(_conv_stem='stem.conv', _bn0='stem.bn', conv_stem='stem.conv', bn1='stem.bn')
#: A block of handbone, timm or EfficientNet-PyTorch and its number.
BLOCK = re.compile(r'(?:(?P<ours>stages)|(?P<timm>blocks)|_blocks)\.(\d+(?:\.\d+)?)\.')


def common_names(names: Iterable[str]) -> dict[str, str]:
    """Translate the names of weights into those that the three packages share.

    Args:
        names: Names of one package, without a prefix.

    Returns:
        The common name of each that has one, such as ``3.expand_conv.conv.weight`` and
        ``stem.bn.bias``.
    """
    names = list(names)
    matches = {name: BLOCK.match(name) for name in names}
    places = {match[3] for match in matches.values() if match}
    # 2.10 comes after 2.9
    order = sorted(places, key=lambda place: [int(number) for number in place.split('.')])
    number = {place: index for index, place in enumerate(order)}
    common = {}
    for name, match in matches.items():
        rest = name[match.end() :] if match else name
        layer, _, tail = rest.partition('.')
        if match is None:
            if layer in STEM:
                common[name] = f'{STEM[layer]}.{tail}'
            elif layer == 'stem':
                common[name] = name
            continue
        block = number[match[3]]
        if match['ours']:
            common[name] = f'{block}.{rest}'
            continue
        table = PYTORCH if not match['timm'] else TIMM_FIRST if block == 0 else TIMM
        if layer in table:
            common[name] = f'{block}.{table[layer]}.{tail}'
    return common
