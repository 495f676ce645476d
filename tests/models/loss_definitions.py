"""The losses by their plain definitions, on unpacked targets and by autograd."""

import numpy as np
import torch
import torch.nn.functional as F

from handbone.masks import pack, planes_first
from handbone.models.losses import (
    MultilabelBCELoss,
    MultilabelDiceLoss,
    MultilabelFocalLoss,
    MultilabelTverskyLoss,
    class_by_class_loss,
)


def make_target(images, classes, height, width, ignored=0.1, seed=0):
    """Overlapping masks, packed and as floats, and which pixels count."""
    rng = np.random.default_rng(seed)
    masks = rng.random((images, classes, height, width)) < 0.3
    ignore = rng.random((images, height, width)) < ignored
    packed = torch.stack([planes_first(pack(*pair)) for pair in zip(masks, ignore, strict=True)])
    return packed, torch.from_numpy(masks).double(), torch.from_numpy(~ignore).double()[:, None]


def make_unknown(images, classes, height, width, seed=1):
    """What is known, as floats: places, whole classes of images, and a class of all images."""
    rng = np.random.default_rng(seed)
    unknown = rng.random((images, classes, height, width)) < 0.2
    unknown[0, 1] = unknown[-1, 2] = unknown[:, -1] = True
    packed = torch.stack([planes_first(pack(image)) for image in unknown])
    return packed, torch.from_numpy(~unknown).double()


def make_logits(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.randn(*shape, generator=generator, dtype=torch.float64)


def mean_of_known(values, valid):
    """Mean over the pixels of each class that count; 0 for a class without any."""
    valid = valid.expand_as(values)
    return (values * valid).sum((0, 2, 3)) / valid.sum((0, 2, 3)).clamp(min=1)


def mean_of_images(losses, valid):
    """Mean over the images that have a pixel of the class that counts."""
    counted = (valid.expand(-1, losses.shape[1], -1, -1).sum((2, 3)) > 0).double()
    return (losses * counted).sum(0) / counted.sum(0).clamp(min=1)


def bce(x, t, valid, positive_weight=1.0):
    p = torch.sigmoid(x)
    values = -(positive_weight * t * torch.log(p) + (1 - t) * torch.log(1 - p))
    return mean_of_known(values, valid)


def focal(x, t, valid, gamma=2.0, alpha=0.25):
    p = torch.sigmoid(x)
    present = -alpha * (1 - p) ** gamma * torch.log(p)
    absent = -(1 - alpha) * p**gamma * torch.log(1 - p)
    return mean_of_known(torch.where(t > 0, present, absent), valid)


def dice(x, t, valid, eps=1.0, per_image=False):
    axes = (2, 3) if per_image else (0, 2, 3)
    p, t = torch.sigmoid(x) * valid, t * valid
    coefficient = (2 * (p * t).sum(axes) + eps) / (p.sum(axes) + t.sum(axes) + eps)
    return mean_of_images(1 - coefficient, valid) if per_image else 1 - coefficient


def tversky(x, t, valid, alpha=0.3, beta=0.7, gamma=1.0, eps=1.0, per_image=False):
    axes = (2, 3) if per_image else (0, 2, 3)
    p = torch.sigmoid(x)
    hit, false_alarm, miss = (
        (part * valid).sum(axes) for part in (p * t, p * (1 - t), (1 - p) * t)
    )
    index = (hit + eps) / (hit + alpha * false_alarm + beta * miss + eps)
    loss = (1 - index).clamp(min=1e-30) ** gamma  # the slope at 0 may be infinite
    return mean_of_images(loss, valid) if per_image else loss


CASES = [
    (MultilabelBCELoss, bce, {}),
    (MultilabelBCELoss, bce, dict(positive_weight=3.5)),
    (MultilabelDiceLoss, dice, {}),
    (MultilabelDiceLoss, dice, dict(eps=1e-3, per_image=True)),
    (MultilabelFocalLoss, focal, {}),
    (MultilabelFocalLoss, focal, dict(gamma=0.0, alpha=0.6)),
    (MultilabelFocalLoss, focal, dict(gamma=3.5, alpha=0.4)),
    (MultilabelTverskyLoss, tversky, {}),
    (MultilabelTverskyLoss, tversky, dict(alpha=0.6, beta=0.2, gamma=0.75, eps=0.1)),
    (MultilabelTverskyLoss, tversky, dict(gamma=4 / 3, per_image=True)),
]
IDS = [f'{case[0].__name__[10:-4]}{i}' for i, case in enumerate(CASES)]


def plain(definition, settings, logits, target, valid, class_weight=None, align_corners=False):
    """Value and gradient of the definition at the size of the target."""
    logits = logits.clone().requires_grad_()
    full = F.interpolate(logits, target.shape[2:], mode='bilinear', align_corners=align_corners)
    losses = definition(full, target, valid, **settings)
    if class_weight is not None:
        losses = losses * torch.tensor(class_weight, dtype=losses.dtype)
    value = losses.mean()
    return value.detach(), torch.autograd.grad(value, logits)[0]


def ours(losses, logits, packed, align_corners=False):
    logits = logits.clone().requires_grad_()
    total, parts = class_by_class_loss(logits, packed, losses, align_corners)
    assert not any(part.requires_grad for part in parts)
    return total.detach(), torch.autograd.grad(total, logits)[0]


def assert_same(found, expected, rtol=1e-9, atol=1e-13):
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=rtol, atol=atol)
