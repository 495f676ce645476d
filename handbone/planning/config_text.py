"""A plan as the text of a config."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from handbone.configuration.inheriting_config import written_value
from handbone.configuration.shipped import config_folder

from .fingerprint import Fingerprint
from .plan import Plan
from .progressive import reduced_share, size_divisor, stages
from .rules import use_ranks
from .source import Source

#: Decoded images that each worker may keep, in MB.
MOST_CACHED = 500
#: How the configs begin that are written here.
BEGINNING = '# Planned for '


def config_text(
    plan: Plan, fingerprint: Fingerprint, source: Source, out: Path, workers: int
) -> str:
    """Write the config of a plan.

    Args:
        plan: The plan.
        fingerprint: Measures of the dataset.
        source: How the dataset is read.
        out: The file that it is for; bases are named relative to it if it is in the same clone.
        workers: Processes that load images.

    Returns:
        Python source that mmengine reads.
    """
    network = plan.step.kind
    parts = [
        _head(plan, source),
        _bases(out, f'models/{network.base}.py', f'schedules/{network.schedule}.py'),
        _pipelines(plan, fingerprint, workers),
        _dataset(plan, source, workers),
        _model(plan, fingerprint),
        _schedule(plan),
    ]
    return '\n'.join(parts)


def is_planned(path: Path) -> bool:
    """Tell whether a file is the config of a plan.

    Args:
        path: Anything that exists.

    Returns:
        False for any other file, such as a config that was written by hand, and for a folder.

    Raises:
        OSError: The file cannot be read.
    """
    if not path.is_file():
        return False
    with path.open('rb') as file:
        return file.read(len(BEGINNING)) == BEGINNING.encode()


def _head(plan: Plan, source: Source) -> str:
    lines = [f'{BEGINNING}{source.settings["data_root"]} by the rules of docs/plan.md.']
    lines += [f'# {name}: {choice} ({reason})' for name, choice, reason in plan.reasons]
    return '\n'.join(lines)


def _bases(out: Path, *parts: str) -> str:
    names = [parts[0], 'datasets/any_format.py', parts[1], 'default_runtime.py']
    folder = config_folder().resolve()
    place = out.resolve().parent
    if place.is_relative_to(folder.parent):
        base = Path(os.path.relpath(folder / '_base_', place)).as_posix()
        lines = [f"    '{base}/{name}'," for name in names]
    else:
        # found wherever the package is installed
        finder = "__import__('handbone.configuration.shipped', fromlist=['base_path']).base_path"
        lines = [f"    {finder}('{name}'),  # noqa: E501" for name in names]
    return '\n'.join(['_base_ = [', *lines, ']'])


def _pipelines(plan: Plan, fingerprint: Fingerprint, workers: int) -> str:
    augmentation = plan.augmentation
    zoom = augmentation.zoom
    factor = max(plan.image_size) / max(plan.step.size)
    shift = max(augmentation.shift, round((factor - 1) / 2, 2))
    scale = (round(factor / zoom, 2), round(factor * zoom, 2))
    cached = _cached(fingerprint, workers)
    colours = dict(color_type='color') if fingerprint.color else {}
    load = dict(type='LoadRadiograph', **colours)
    cached_load = load | (dict(cache_megabytes=cached) if cached else {})
    lines = [
        f'crop_size = {plan.step.size}',
        'train_pipeline = [',
        f'    {written_value(cached_load)},',
        '    dict(',
        "        type='RandomAffine',",
        '        size=crop_size,',
        f'        degrees={augmentation.degrees},',
        f'        scale={scale},',
        f'        translate={shift},',
        '    ),',
        "    dict(type='LoadPolygonAnnotations', frame='image'),",
        *_flip(plan),
        *_exposure(fingerprint),
        "    dict(type='PackMultilabelInputs'),",
        ']',
        'test_pipeline = [',
        f'    {written_value(load)},',
        f"    dict(type='Resize', scale={plan.image_size}, keep_ratio=True, interpolation='area'),",
        '    # predictions are scored at the size of the file',
        "    dict(type='LoadPolygonAnnotations', frame='original'),",
        "    dict(type='PackMultilabelInputs'),",
        ']',
    ]
    mirrored = augmentation.flip and not augmentation.swap
    views = "dict(flip='horizontal')" if mirrored else 'dict(angle=-5), dict(angle=5)'
    return '\n'.join([*lines, f'tta_views = [dict(), {views}]'])


def _cached(fingerprint: Fingerprint, workers: int) -> int:
    """Find how many MB all decoded images take; 0 if that is too much for each worker."""
    megabytes = fingerprint.images * fingerprint.width * fingerprint.height / 1e6
    megabytes *= 3 if fingerprint.color else 1
    return int(1.1 * megabytes) + 1 if megabytes * max(workers, 1) <= MOST_CACHED * 2 else 0


def _flip(plan: Plan) -> Iterator[str]:
    if not plan.augmentation.flip:
        yield f'    # no flip: {plan.augmentation.flip_reason}'
    elif plan.augmentation.swap:
        yield '    dict('
        yield "        type='MultilabelRandomFlip',"
        yield '        prob=0.5,'
        yield '        swap=['
        yield from (f'            {pair!r},' for pair in plan.augmentation.swap)
        yield '        ],'
        yield '    ),'
    else:
        yield "    dict(type='RandomFlip', prob=0.5),"


def _exposure(fingerprint: Fingerprint) -> Iterator[str]:
    if not fingerprint.color:
        yield "    dict(type='RandomExposure'),"
        return
    yield '    # brightness, contrast, saturation and hue; then blur and noise'
    yield '    dict('
    yield "        type='PhotoMetricDistortion',"
    yield '        brightness_delta=20,'
    yield '        contrast_range=(0.8, 1.2),'
    yield '        saturation_range=(0.6, 1.4),'
    yield '        hue_delta=10,'
    yield '    ),'
    yield "    dict(type='RandomExposure', gamma=(1, 1), contrast=(1, 1), brightness=(0, 0)),"


def _dataset(plan: Plan, source: Source, workers: int) -> str:
    loader = [f'    num_workers={workers},', f'    persistent_workers={workers > 0},']
    split = 'val' if plan.folds else 'train'
    lines = ['dataset = dict(', *_arguments(source.settings, 1), ')']
    folds: dict[str, Any] = dict(fold=0, num_folds=plan.folds) if plan.folds else {}
    if plan.fold_file:
        folds['fold_file'] = plan.fold_file
    lines.append(f'folds = {written_value(folds)}')
    lines += ['train_dataloader = dict(', f'    batch_size={plan.step.batch},', *loader]
    lines += ["    dataset=dict(**dataset, **folds, split='train', pipeline=train_pipeline),", ')']
    lines += ['val_dataloader = dict(', *loader]
    lines += [
        f"    dataset=dict(**dataset, **folds, split='{split}', pipeline=test_pipeline),",
        ')',
    ]
    if source.test is None:
        lines.append('test_dataloader = val_dataloader')
    else:
        lines += ['test_dataloader = dict(', *loader, '    dataset=dict(', '        dataset,']
        lines += [*_arguments(source.test, 2), '        pipeline=test_pipeline,', '    ),', ')']
    return '\n'.join(lines)


def _arguments(settings: Mapping[str, Any], depth: int) -> Iterator[str]:
    for key, value in settings.items():
        yield f'{"    " * depth}{key}={written_value(value)},'


def _model(plan: Plan, fingerprint: Fingerprint) -> str:
    step, number = plan.step, len(fingerprint.classes)
    lines = ['model = dict(']
    if not step.kind.pretrained:
        lines.insert(0, 'data_preprocessor = None  # the model has its own')
        lines += _from_scratch(plan, fingerprint)
        lines += [
            '    decode_head=dict(',
            f'        num_classes={number},',
            '        loss_decode=[',
            '            # times the number of classes, to sum over classes instead of averaging',
            f"            dict(type='MultilabelBCELoss', loss_weight={number}.0),",
            "            dict(type='MultilabelDiceLoss', loss_weight=1.0),",
            '        ],',
            '    ),',
        ]
    else:
        if fingerprint.color:
            lines.append('    data_preprocessor=dict(bgr_to_rgb=True),')
        lines.append(f'    decode_head=dict(num_classes={number}),')
        if step.kind.auxiliary:
            lines.append(f'    auxiliary_head=dict(num_classes={number}),')
        if step.recompute:
            lines.append('    backbone=dict(with_cp=True),')
    if plan.windows:
        (height, width) = step.size[::-1]
        stride = (height // 2, width // 2)
        lines.append(
            f"    test_cfg=dict(mode='slide', crop_size={(height, width)}, stride={stride}),"
        )
    return '\n'.join([*lines, ')'])


def _from_scratch(plan: Plan, fingerprint: Fingerprint) -> list[str]:
    side, channels = max(plan.step.size), 3 if fingerprint.color else 1
    sizes = [f'        stages={stages(side)},', f'        size_divisor={size_divisor(side)},']
    if use_ranks(fingerprint):
        return [
            '    data_preprocessor=dict(',
            '        _delete_=True,',
            "        type='RankDataPreProcessor',  # some images have hardly any contrast",
            '        seg_pad_val=0,',
            '        test_cfg=dict(size_divisor=64),',
            *sizes,
            '    ),',
        ]
    deviation = max(fingerprint.grey_deviation, 1.0)
    return [
        '    data_preprocessor=dict(',
        "        type='ProgressiveDataPreProcessor',",
        f'        mean={[fingerprint.grey_mean] * channels},',
        f'        std={[deviation] * channels},',
        *sizes,
        '    ),',
        *(['    backbone=dict(in_channels=3),'] if fingerprint.color else []),
    ]


def _schedule(plan: Plan) -> str:
    total = plan.iterations
    if plan.step.kind.pretrained:
        warm_up = min(1500, total // 10)
        interval = max(1, min(2000, total // 10))
        precision = plan.step.precision
        lines = [f'_base_.param_scheduler[0].end = {warm_up}']
        lines.append(f'_base_.param_scheduler[1].update(begin={warm_up}, end={total})')
        if plan.step.half:
            scale = ", loss_scale='dynamic'" if precision == 'float16' else ''
            lines.append(
                f"optim_wrapper = dict(type='AmpOptimWrapper', dtype='{precision}'{scale})"
            )
    else:
        full_size_from = round(reduced_share(max(plan.step.size)) * total)
        warm_up = min(150, total // 12)
        interval = total
        lines = [
            f'max_iters = {total}',
            f'full_size_from = {full_size_from}  # until then, batches are shrunk',
            f'_base_.param_scheduler[0].end = {warm_up}',
            '_base_.param_scheduler[1].update(',
            f'    T_max=full_size_from - {warm_up}, begin={warm_up}, end=full_size_from',
            ')',
            '_base_.param_scheduler[2].update(',
            '    T_max=max_iters - full_size_from, begin=full_size_from, end=max_iters',
            ')',
        ]
    lines.append(f'train_cfg = dict(max_iters={total}, val_interval={interval})')
    return '\n'.join([*lines, ''])
