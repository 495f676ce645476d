"""One network from two sets that know different classes: what it gains over taking them as absent.

    python -m benchmarks.studies.partly_annotated --markdown docs/results.md
    python -m benchmarks.studies.partly_annotated --equality

``configs/partly_annotated/two_sets.py`` is trained on phantoms three times: as it is; with the
classes that a set does not know taken as background, which is what a loss without unknown bits
does; and with all classes of all images. It is scored on test images that know all bones. Losses
and gradients are compared with those of their plain definition in float64; ``--equality`` does
nothing else, which takes seconds.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

from benchmarks.harness.table import machine, with_section
from handbone.models.losses import (
    MultilabelBCELoss,
    MultilabelDiceLoss,
    MultilabelFocalLoss,
    MultilabelTverskyLoss,
    PackedLoss,
    class_by_class_loss,
)

from .jsrt import class_scores, run

CONFIG = Path('configs/partly_annotated/two_sets.py')
TRAIN, TEST, SIZE = 120, 40, 512
GROUPS = ('mean', 'fingers', 'carpals', 'forearm')
SET = 'train_dataloader.dataset.datasets.{}.{}'
#: Options of each training, beside the config.
ARMS = {
    'unknown, as the config has it': [],
    'taken as background': [f'{SET.format(i, "annotated_classes")}=None' for i in (0, 1)],
    'all classes known in both sets': [
        f'{SET.format(i, key)}={value}'
        for i in (0, 1)
        for key, value in (('annotated_classes', 'None'), ('skip_labels', '[]'))
    ],
}
LOSSES: dict[str, PackedLoss] = {
    'BCE': MultilabelBCELoss(),
    'focal': MultilabelFocalLoss(),
    'Dice of the batch': MultilabelDiceLoss(),
    'Dice of each image': MultilabelDiceLoss(per_image=True),
    'Tversky, gamma 0.75': MultilabelTverskyLoss(gamma=0.75),
}


def definition(name: str, x: torch.Tensor, t: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """Compute a loss by its definition, with one mask per class.

    Args:
        name: Of :data:`LOSSES`.
        x: Logits, (N, C, H, W).
        t: 1 where a class is present, same shape.
        known: 1 where it is known, same shape.

    Returns:
        Mean over the classes.
    """
    p = x.sigmoid()
    if name in ('BCE', 'focal'):
        values = F.binary_cross_entropy_with_logits(x, t, reduction='none')
        if name == 'focal':
            values = values * (0.25 * t * (1 - p) ** 2 + 0.75 * (1 - t) * p**2)
        return ((values * known).sum((0, 2, 3)) / known.sum((0, 2, 3)).clamp(min=1)).mean()
    axes = (2, 3) if name == 'Dice of each image' else (0, 2, 3)
    hit, false, miss = (
        (part * known).sum(axes) for part in (p * t, p * (1 - t), (1 - p) * t)
    )  # fmt: skip
    if name.startswith('Tversky'):
        index = (hit + 1) / (hit + 0.3 * false + 0.7 * miss + 1)
        return ((1 - index).clamp(min=1e-30) ** 0.75).mean()
    losses = 1 - (2 * hit + 1) / (2 * hit + false + miss + 1)
    if losses.ndim == 1:
        return losses.mean()
    images = (known.sum(axes) > 0).double()
    return ((losses * images).sum(0) / images.sum(0).clamp(min=1)).mean()


def differences(name: str) -> tuple[float, float]:
    """Compare a loss and its gradients with those of its definition.

    Args:
        name: Of :data:`LOSSES`.

    Returns:
        The difference of the losses as a share of the loss, and the largest difference of the
        gradients as a share of the largest gradient.
    """
    generator = torch.Generator().manual_seed(0)
    shape = (4, 29, 64, 64)
    logits = torch.randn(4, 29, 16, 16, generator=generator, dtype=torch.float64) * 2
    present = torch.rand(shape, generator=generator) < 0.2
    known = torch.rand(shape, generator=generator) < 0.9
    known[:2, :19] = known[2:, 19:] = False  # as in the two sets; and places
    known[0, 25, :, :20] = False
    present &= known
    weights = 2 ** torch.arange(29)[:, None, None]
    packed = [(each * weights).sum(1, keepdim=True).int() for each in (present, ~known)]
    found, expected = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    ours = class_by_class_loss(found, torch.cat(packed, 1), [LOSSES[name]])[0]
    full = F.interpolate(expected, shape[2:], mode='bilinear')
    theirs = definition(name, full, present.double(), known.double())
    ours.backward()
    theirs.backward()
    assert found.grad is not None and expected.grad is not None
    gradients = (found.grad - expected.grad).abs().max() / expected.grad.abs().max()
    return float((ours - theirs).detach().abs() / theirs.detach()), float(gradients)


def equality() -> list[str]:
    """Compare every loss with its definition.

    Returns:
        Lines of Markdown.
    """
    return [
        'Losses and their gradients against those of their plain definition with one mask per '
        'class, in float64, 29 classes, 4 images of 64 x 64 with whole classes and places unknown: '
        'the difference as a share of the loss, and the largest difference as a share of the '
        'largest gradient.',
        '',
        '| loss | losses | gradients |',
        '|---|---:|---:|',
        *(
            f'| {name} | {" | ".join(f"{each:.1e}" for each in differences(name))} |'
            for name in LOSSES
        ),
    ]


def train_and_test(options: list[str], seed: int, data: Path, work_dir: Path) -> dict[str, float]:
    """Train and score once; what is there already is not repeated.

    Args:
        options: Settings beside those of the config.
        seed: Of weights, order and augmentation.
        data: Folder of the phantoms.
        work_dir: Where the run is written.

    Returns:
        Dice on the test images by group.
    """
    record = work_dir / 'score.json'
    if record.exists():
        return json.loads(record.read_text())
    work_dir.mkdir(parents=True, exist_ok=True)
    places = [f'{SET.format(i, "data_root")}={data}' for i in (0, 1)]
    places += [f'{split}_dataloader.dataset.data_root={data}' for split in ('val', 'test')]
    shared = ['--cfg-options', *places, f'randomness.seed={seed}', *options]
    train = ['tools/train.py', str(CONFIG), '--work-dir', str(work_dir), *shared]
    run([sys.executable, *train], work_dir / 'train.log')
    rows = class_scores(work_dir)
    dice = {row['name']: float(row['dice']) for row in rows if row['name'] in GROUPS}
    record.write_text(json.dumps(dice))
    return dice


def section(scores: dict[str, dict[str, float]], command: str) -> str:
    """Write the section of a document.

    Args:
        scores: Dice by group, by training.
        command: The command that gives it.

    Returns:
        Markdown.
    """
    text = [
        '## Partly annotated data',
        '',
        f'`{command}` on {machine()}: {TRAIN} phantoms of {SIZE} x {SIZE} to train on, of which '
        'one half has labels of the fingers and the other of carpals and forearm; '
        f'`{CONFIG}` from scratch. Mean Dice over {TEST} test phantoms, which know all bones.',
        '',
        f'| what a set does not know is | {" | ".join(GROUPS)} |',
        f'|{"---|" * (1 + len(GROUPS))}',
    ]
    for name, dice in scores.items():
        text.append(f'| {name} | {" | ".join(f"{dice[group]:.4f}" for group in GROUPS)} |')
    text += ['', *equality()]
    return '\n'.join(text) + '\n'


def main() -> None:
    """Run what is missing and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/partly_annotated'))
    parser.add_argument('--markdown', type=Path, help='put the tables into this document')
    parser.add_argument(
        '--equality', action='store_true', help='compare losses and gradients only, train nothing'
    )
    args = parser.parse_args()
    if args.equality:
        print('\n'.join(equality()))
        return
    data = args.work_dir / 'phantom'
    data.mkdir(parents=True, exist_ok=True)
    make = ['tools/make_phantom.py', str(data), '--train', str(TRAIN), '--test', str(TEST)]
    run([sys.executable, *make, '--size', str(SIZE), '--workers', '2'], args.work_dir / 'make.log')
    scores = {}
    for number, (name, options) in enumerate(ARMS.items()):
        work_dir = args.work_dir / f'{number}_{args.seed}'
        scores[name] = train_and_test(options, args.seed, data, work_dir)
        print(name, scores[name], flush=True)
    text = section(scores, f'python -m benchmarks.studies.partly_annotated --seed {args.seed}')
    print(text)
    if args.markdown:
        args.markdown.write_text(with_section(args.markdown.read_text(), text))


if __name__ == '__main__':
    main()
