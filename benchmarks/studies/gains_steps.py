"""The steps that the study of gains compares: each a list of commands that end in a CSV."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from handbone.bones import CLASSES

Command = list[str | Path]
POSTPROCESSING = ('LargestComponent', 'FillHoles', 'LeastArea', 'DenseCRF')


class Step(NamedTuple):
    """One line of the table.

    Attributes:
        key: Name of its files.
        name: What the table says.
        commands: Takes the CSV to write; returns what to run, in order.
        reference: Key of the step that it is compared with; empty for a line without.
    """

    key: str
    name: str
    commands: Callable[[Path], list[Command]]
    reference: str = 'alone'


class Study(NamedTuple):
    """Models, images and steps.

    Attributes:
        title: Heading.
        text: What was trained and tested.
        truth: Folder of JSON files.
        images: Folder of images.
        classes: Names in class order.
        steps: What to run, references first.
    """

    title: str
    text: str
    truth: str
    images: str
    classes: Sequence[str]
    steps: list[Step]


def tested(config: str | Path, checkpoint: str | Path, *options: str | Path) -> Callable:
    """Predict with one model."""
    return lambda out: [['tools/test.py', config, checkpoint, '--out', out, *options]]


def whole(config: str, checkpoint: Path) -> Callable:
    """Predict images as a whole with a model that is made for windows."""
    return tested(config, checkpoint, '--cfg-options', 'model.test_cfg.mode=whole')


def soft(models: Sequence[tuple[str, Path]], *options: str) -> Callable:
    """Predict with the mean of several models."""
    named = [word for model in models for word in ('--model', *model)]
    return lambda out: [['tools/soft_vote.py', *named, '--out', out, *options]]


def hard(sources: Sequence[Path]) -> Callable:
    """Let files vote."""
    return lambda out: [['tools/vote.py', *sources, '--out', out]]


def soup(config: str, fold: Path, method: str, *options: str) -> Callable:
    """Average the last checkpoints of a training, and predict."""
    checkpoints = sorted(fold.glob('iter_*.pth'))
    return lambda out: [
        [
            'tools/soup.py',
            config,
            *checkpoints,
            '--method',
            method,
            '--out',
            out.with_suffix('.pth'),
        ],
        ['tools/test.py', config, out.with_suffix('.pth'), '--out', out, *options],
    ]


def with_views(config: str, views: str, folder: Path) -> Path:
    """Write a config with other views for ``--tta``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / 'views.py'
    path.write_text(f'_base_ = [{json.dumps(str(Path(config).resolve()))}]\ntta_views = {views}\n')
    return path


def decisions(config: str, model: Path, *options: str) -> list[Step]:
    """List the steps on the logits of one model: windows and post-processing."""
    loader = 'val' if '--val' in options else 'test'
    scaled = ['--cfg-options', f'{loader}_dataloader.dataset.pipeline.1.scale=(320,320)']
    slide = [*scaled, 'model.test_cfg.mode=slide', 'model.test_cfg.crop_size=(256,256)']
    slide += ['model.test_cfg.stride=(64,64)']
    coarse = [*slide, 'model.test_cfg.logit_stride=4']
    steps = [
        Step('scaled', 'images of 320 as a whole', tested(config, model, *options, *scaled)),
        Step('slide', 'windows of 256 on them', tested(config, model, *options, *slide), 'scaled'),
        Step(
            'coarse',
            'windows, the mean of 4 x 4 logits kept',
            tested(config, model, *options, *coarse),
            'slide',
        ),
    ]
    for name in POSTPROCESSING:
        command = tested(config, model, *options, '--postprocess', name)
        steps.append(Step(name, f'`{name}`', command))
    return steps


def phantom_shift(folder: Path) -> Study:
    """Phantoms with the bent-wrist shift.

    Args:
        folder: Where the folds were trained, as ``folds``, and files go.

    Returns:
        The study.
    """
    config = 'configs/phantom_shift/folded_unet_256.py'
    trained = Path('work_dirs/phantom_shift')
    seeds = [trained / f'folded_unet_256_{seed}' for seed in range(3)]
    others = [
        (f'configs/phantom_shift/{name}.py', trained / f'{name}_0')
        for name in ('folded_unet_384', 'segformer_mit-b0_256')
    ]
    windows = (
        'configs/phantom_shift/folded_unet_512_windows.py',
        trained / 'folded_unet_512_windows_0',
    )
    folds = [folder / 'folds' / f'fold_{fold}' for fold in range(5)]
    views = '[dict(flip=f, angle=a, scale=s) for f in (None, "horizontal") for a in (-8, 0, 8)'
    views = with_views(config, f'{views} for s in (0.9, 1.1)]', folder)
    tune = ['tools/tune_thresholds.py', config, seeds[0], '--out', folder / 'thresholds.json']
    files = [folder / f'{key}.csv' for key in ('alone', 'seed_1', 'seed_2')]
    steps = [
        Step('alone', 'one model', tested(config, seeds[0]), ''),
        Step('tta', 'two flips', tested(config, seeds[0], '--tta')),
        Step('views', 'twelve views: flips, angles, scales', tested(views, seeds[0], '--tta')),
        Step(
            'thresholds',
            'thresholds tuned on the validation images',
            lambda out: [
                tune,
                *tested(config, seeds[0], '--thresholds', folder / 'thresholds.json')(out),
            ],
        ),
        *decisions(config, seeds[0]),
        Step('windows', 'a network trained on windows, whole images', whole(*windows), ''),
        Step('windows_slide', 'the same network in windows', tested(*windows), 'windows'),
        Step('seed_1', 'the second seed', tested(config, seeds[1])),
        Step('seed_2', 'the third seed', tested(config, seeds[2])),
        Step('hard', 'hard vote of the three seeds', hard(files)),
        Step('soft', 'soft vote of the three seeds', soft([(config, seed) for seed in seeds])),
        Step('soft_others', 'soft vote of three networks', soft([(config, seeds[0]), *others])),
        Step('fold', 'one model of five folds', tested(config, folds[0]), ''),
        Step(
            'folds',
            'the ensemble of five folds',
            soft([(config, fold) for fold in folds]),
            'fold',
        ),
        Step(
            'uniform',
            'uniform soup of its last checkpoints',
            soup(config, folds[0], 'uniform'),
            'fold',
        ),
        Step('greedy', 'greedy soup of the same', soup(config, folds[0], 'greedy'), 'fold'),
    ]
    return Study(
        'After the training: phantoms with bent wrists',
        'The models of the table above, `folded_unet_256` of seed 0 where nothing else is said, '
        'and its five folds of seed 0 (`tools/train_folds.py`); 200 test images, 60 % of them '
        'with a bent wrist.',
        'data/phantom_shift/test/outputs_json',
        'data/phantom_shift/test/DCM',
        CLASSES,
        steps,
    )


def jsrt(folder: Path) -> Study:
    """Real chest radiographs.

    Args:
        folder: Where folds and seeds were trained, as ``folds`` and ``seed_1``, and files go.

    Returns:
        The study.
    """
    config = 'configs/jsrt/folded_unet_256.py'
    folds = [folder / 'folds' / f'fold_{fold}' for fold in range(5)]
    seeds = [folds[0], folder / 'seed_1', folder / 'seed_2']
    files = [folder / f'{key}.csv' for key in ('alone', 'seed_1', 'seed_2')]
    thresholds = folder / 'thresholds.json'
    steps = [
        Step('alone', 'one model', tested(config, seeds[0], '--val'), ''),
        Step('tta', 'three angles', tested(config, seeds[0], '--val', '--tta')),
        Step(
            'thresholds',
            'thresholds tuned on its training images',
            lambda out: [
                ['tools/tune_thresholds.py', config, seeds[0], '--train', '--out', thresholds],
                *tested(config, seeds[0], '--val', '--thresholds', thresholds)(out),
            ],
        ),
        *decisions(config, seeds[0], '--val'),
        Step('seed_1', 'the second seed', tested(config, seeds[1], '--val')),
        Step('seed_2', 'the third seed', tested(config, seeds[2], '--val')),
        Step('hard', 'hard vote of the three seeds', hard(files)),
        Step(
            'soft',
            'soft vote of the three seeds',
            soft([(config, seed) for seed in seeds], '--val'),
        ),
        Step(
            'uniform',
            'uniform soup of the last checkpoints',
            soup(config, folds[0], 'uniform', '--val'),
        ),
        Step(
            'greedy',
            'greedy soup of the same, chosen on these very images',
            soup(config, folds[0], 'greedy', '--val'),
        ),
        Step(
            'out_of_fold',
            'five folds, every image by the model that has not seen it',
            lambda out: [['tools/test_folds.py', config, folder / 'folds', '--out-of-fold', out]],
            '',
        ),
    ]
    return Study(
        'After the training: real radiographs',
        '`configs/jsrt/folded_unet_256.py` from scratch: five folds of seed 0 '
        '(`tools/train_folds.py`) and fold 0 with two more seeds; the 25 images of fold 0, in the '
        'last line all 124.',
        '../shared/data/jsrt/train/outputs_json',
        '../shared/data/jsrt/train/DCM',
        ('right_lung', 'left_lung', 'heart', 'right_clavicle', 'left_clavicle'),
        steps,
    )


STUDIES: dict[str, Callable[[Path], Study]] = dict(phantom_shift=phantom_shift, jsrt=jsrt)
