"""A training step and a prediction of whole models, 29 classes, batch 1.

    python -m benchmarks train_step.segformer_1536_train
    python -m benchmarks train_step.upernet_1024_train train_step.upernet_1024_predict

The usual way is mmseg's own model and heads with one output per class. In training its logits are
upsampled to the labels and compared with float planes; in prediction they are upsampled and
thresholded. Both have the same weights. The model of segmentation_models.pytorch of the same family
is measured too, where it can be imported. On a GPU all run in bfloat16, and UPerNet with Swin-B at
1536 can be measured as well:

    python -m benchmarks train_step.segformer_1536_train train_step.upernet-b_1536_train
"""

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from benchmarks.harness import subject
from benchmarks.harness.plain_packages import import_smp
from benchmarks.harness.row import Row, Way
from handbone.masks import planes_first, unpack

from .loss import plain_loss

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
MODEL_CONFIGS = {'segformer': 'segformer_mit-b0_1024.py', 'upernet': 'upernet_swin-t_1536.py'}
#: Models that are measured at 1536 only, where there is a GPU.
GPU_CONFIGS = {'upernet-b': 'upernet_swin-b_1536.py'}
#: The counterpart in segmentation_models.pytorch: architecture, encoder, other settings.
SMP_MODELS = {
    'segformer': ('Segformer', 'mit_b0', {}),
    # without the auxiliary head, which smp does not have
    'upernet': ('UPerNet', 'tu-swin_tiny_patch4_window7_224', dict(decoder_channels=512)),
}
SIZES = (512, 1024, 1536)
DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'


def build(name: str, stock: bool) -> nn.Module:
    """Build a model from its config, with random weights from one seed.

    Args:
        name: Key of :data:`MODEL_CONFIGS` or :data:`GPU_CONFIGS`.
        stock: Build mmseg's own classes instead of ours.

    Returns:
        The model in training mode.
    """
    import handbone  # noqa: F401  registers the models

    init_default_scope('mmseg')
    settings = Config.fromfile(CONFIGS / (MODEL_CONFIGS | GPU_CONFIGS)[name]).model
    settings.backbone.init_cfg = None
    if stock:
        settings = stock_settings(settings)
    torch.manual_seed(0)
    return MODELS.build(settings).to(DEVICE)


def stock_settings(settings: ConfigDict) -> ConfigDict:
    """Turn the types of a model's config into mmseg's own.

    Args:
        settings: Configuration of one of our models.

    Returns:
        A new configuration, with one output per class.
    """
    settings = settings.copy()
    settings.type = settings.type.removeprefix('Multilabel')
    settings.backbone.type = settings.backbone.type.removeprefix('SDPA')
    settings.test_cfg = dict(mode='whole')
    for key in ('decode_head', 'auxiliary_head'):
        if key in settings:
            head = settings[key]
            head.type = head.type.removeprefix('Multilabel')
            head.out_channels = head.num_classes
            head.loss_decode = dict(type='CrossEntropyLoss', use_sigmoid=True)
    return settings


def image(size: int) -> Tensor:
    """Make a normalised grey image, (1, 3, size, size)."""
    noise = torch.randn(1, 1, size, size, generator=torch.Generator().manual_seed(0))
    return noise.expand(-1, 3, -1, -1).contiguous().to(DEVICE)


def precision() -> contextlib.AbstractContextManager:
    """The usual precision of the device: bfloat16 on a GPU, float32 on a CPU."""
    return torch.autocast('cuda', torch.bfloat16) if DEVICE == 'cuda' else contextlib.nullcontext()


def upsampled_loss(logits: Tensor, target: Tensor) -> Tensor:
    """BCE + Dice of upsampled logits and float planes."""
    full = F.interpolate(logits.float(), target.shape[2:], mode='bilinear', align_corners=False)
    return plain_loss(full, target)


def train_planes(
    model: nn.Module, logits_of: Callable[[Tensor], Sequence[tuple[Tensor, float]]], size: int
) -> Callable[[], Any]:
    """Train on float planes.

    Args:
        model: The model.
        logits_of: Gives the logits of each head with the weight of its loss.
        size: Height and width of image and labels.

    Returns:
        A step; it returns the loss.
    """
    inputs = image(size)
    masks = torch.from_numpy(np.ascontiguousarray(subject.planes(size)))[None].to(DEVICE)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6)

    def step() -> float:
        torch.manual_seed(0)
        with precision():
            outputs = logits_of(inputs)
        target = masks.float()
        loss = sum(weight * upsampled_loss(logits, target) for logits, weight in outputs)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss.item()

    return step


def train_stock(name: str, size: int) -> Callable[[], Any]:
    """Train mmseg's model."""
    model = build(name, stock=True)

    def logits_of(inputs: Tensor) -> list[tuple[Tensor, float]]:
        features = model.extract_feat(inputs)
        outputs = [(model.decode_head(features), 1.0)]
        if model.with_auxiliary_head:
            outputs.append((model.auxiliary_head(features), 0.4))
        return outputs

    return train_planes(model, logits_of, size)


def smp_model(name: str, size: int) -> nn.Module:
    """Build the counterpart of segmentation_models.pytorch for images of a size."""
    if SMP_MODELS.get(name) is None:
        raise ImportError(f'segmentation_models.pytorch has no counterpart of {name}')
    smp = import_smp()
    architecture, encoder, settings = SMP_MODELS[name]
    if encoder.startswith('tu-swin'):
        settings = settings | dict(img_size=size)
    torch.manual_seed(0)
    model = smp.create_model(architecture, encoder, encoder_weights=None, classes=29, **settings)
    if name == 'upernet':
        group_norms(model.decoder)
    return model.to(DEVICE)


def group_norms(module: nn.Module) -> None:
    """Replace BatchNorm by what our UPerNet has: its pooling branch takes no batch of one image."""
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(module, name, nn.GroupNorm(32, child.num_features))
        else:
            group_norms(child)


def train_smp(name: str, size: int) -> Callable[[], Any]:
    """Train the counterpart of segmentation_models.pytorch."""
    model = smp_model(name, size)
    return train_planes(model, lambda inputs: [(model(inputs), 1.0)], size)


def train_ours(name: str, size: int) -> Callable[[], Any]:
    """Train our model on packed labels."""
    model = build(name, stock=False)
    inputs = image(size)
    sample = SegDataSample()
    sample.set_data(dict(gt_sem_seg=labels(size)))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6)

    def step() -> float:
        torch.manual_seed(0)
        with precision():
            losses = model.loss(inputs, [sample])
        loss = sum(value for key, value in losses.items() if 'loss' in key)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss.item()

    return step


def labels(size: int) -> PixelData:
    """Make the packed labels of the image, (1, size, size)."""
    return PixelData(data=planes_first(subject.packed(size)).to(DEVICE))


def predict_planes(network: Callable[[Tensor], Tensor], size: int) -> Callable[[], Any]:
    """Predict one bool plane per class."""
    inputs = image(size)

    def step() -> Tensor:
        with torch.inference_mode(), precision():
            full = F.interpolate(network(inputs).float(), (size, size), mode='bilinear')
            return full.sigmoid()[0] > 0.5

    return step


def predict_stock(name: str, size: int) -> Callable[[], Any]:
    """Predict with mmseg's model."""
    model = build(name, stock=True)
    model.eval()
    return predict_planes(lambda inputs: model.decode_head(model.extract_feat(inputs)), size)


def predict_smp(name: str, size: int) -> Callable[[], Any]:
    """Predict with the counterpart of segmentation_models.pytorch."""
    model = smp_model(name, size)
    model.eval()
    return predict_planes(model, size)


def predict_ours(name: str, size: int) -> Callable[[], Any]:
    """Predict a packed map with our model."""
    model = build(name, stock=False)
    model.eval()
    inputs = image(size)

    def step() -> Tensor:
        with torch.inference_mode(), precision():
            return model.predict(inputs)[0].pred_sem_seg.data

    return step


def check_loss(usual: float, ours: float) -> None:
    """Compare the losses of the same weights."""
    assert abs(usual - ours) < 2e-3 * abs(usual), (usual, ours)


def check_masks(usual: Tensor, ours: Tensor) -> None:
    """Compare the masks of the same weights, but for pixels at the threshold."""
    ours = unpack(ours[0].cpu().numpy(), 29)
    assert (usual.cpu().numpy() != ours).mean() < 1e-2


def _row(name: str, size: int, kind: str, check: Callable[[Any, Any], None], target: str) -> Row:
    ways = {
        'mmseg, float planes': f'{kind}_stock',
        'segmentation_models.pytorch': f'{kind}_smp',
        'handbone': f'{kind}_ours',
    }
    config = (MODEL_CONFIGS | GPU_CONFIGS)[name].rsplit('_', 1)[0]
    word = {'train': 'training step', 'predict': 'prediction'}[kind]
    return Row(
        work=f'{config}, {word}, {size} x {size}, batch 1',
        ways=tuple(
            Way(text, partial(globals()[function], name, size)) for text, function in ways.items()
        ),
        check=check,
        target=target,
        images=1,
    )


TARGETS = {
    ('segformer', 1536, 'train'): '2.2 x faster, 0.35 of the memory',
    ('segformer', 1536, 'predict'): '3 x faster, 0.25 of the memory',
    ('upernet', 1024, 'train'): '1.1 x faster, 0.75 of the memory',
    ('upernet-b', 1536, 'train'): 'below 24 GB',
}
MODELS_AND_SIZES = [(name, size) for name in MODEL_CONFIGS for size in SIZES]
if DEVICE == 'cuda':
    MODELS_AND_SIZES += [(name, 1536) for name in GPU_CONFIGS]
ROWS = {
    f'{name}_{size}_{kind}': _row(
        name, size, kind, check, TARGETS.get((name, size, kind), 'no target')
    )
    for name, size in MODELS_AND_SIZES
    for kind, check in (('train', check_loss), ('predict', check_masks))
}
