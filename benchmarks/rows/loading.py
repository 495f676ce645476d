"""A phantom's PNG and JSON to an augmented training sample of 1536 x 1536.

``python -m benchmarks.rows.loading`` splits the time of handbone's way by step.
"""

import json
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.table import Table

from benchmarks.harness.row import Row, Way
from handbone.bones import CLASSES
from handbone.datasets import RandomAffine, XRayHandBoneDataset
from handbone.masks import pack, planes_last
from handbone.phantom import write_dataset

SIZE = 1536
SEED = 3
AFFINE = dict(degrees=20, scale=(0.8, 1.25), translate=0.05, size=(SIZE, SIZE))
GAMMA, CONTRAST, BLUR, NOISE = 0.8, 1.1, 0.7, 4.0
REPETITIONS = 20


@cache
def _folder() -> tempfile.TemporaryDirectory:
    """Write two phantoms; the folder goes with the process."""
    folder = tempfile.TemporaryDirectory()
    write_dataset(folder.name, train=2, test=0)
    return folder


def _files() -> tuple[Path, Path]:
    train = Path(_folder().name) / 'train'
    return min(train.glob('DCM/*/*.png')), min(train.glob('outputs_json/*/*.json'))


def _matrix() -> np.ndarray:
    """Take the matrix that handbone's way will draw, so that all ways give the same labels."""
    np.random.seed(SEED)
    blank = dict(img=np.zeros((2048, 2048), np.uint8), ori_shape=(2048, 2048))
    return RandomAffine(**AFFINE)(blank)['frame_matrix'][0]


def _read_planes(image_path: Path, annotation_path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read the image, (H, W), and draw each class into a plane, (H, W, C)."""
    image = cv2.imread(str(image_path), cv2.IMREAD_GRAYSCALE)
    label = np.zeros((*image.shape, len(CLASSES)), np.uint8)
    for annotation in json.loads(annotation_path.read_text())['annotations']:
        points = np.array(annotation['points'])
        class_label = np.zeros(image.shape, np.uint8)
        cv2.fillPoly(class_label, [np.rint(points).astype(np.int32)], 1)
        label[..., CLASSES.index(annotation['label'])] |= class_label
    return image, label


def _expose(image: np.ndarray) -> np.ndarray:
    """Change gamma and contrast, blur and add noise, in floating point."""
    shares = (image / 255.0) ** GAMMA
    shares = cv2.GaussianBlur((shares - 0.5) * CONTRAST + 0.5, (0, 0), BLUR)
    return np.clip(255 * shares + np.random.normal(0, NOISE, image.shape), 0, 255).astype(np.uint8)


def _tensors(image: np.ndarray, label: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Make (3, H, W) uint8 and (C, H, W) float32."""
    inputs = torch.from_numpy(np.repeat(image[None], 3, axis=0))
    return inputs, torch.from_numpy(np.ascontiguousarray(label.transpose(2, 0, 1))).float()


def opencv() -> Callable[[], Any]:
    """Read, warp and flip plane by plane with OpenCV."""
    image_path, annotation_path = _files()
    matrix = _matrix()

    def load() -> tuple[torch.Tensor, torch.Tensor]:
        image, label = _read_planes(image_path, annotation_path)
        image = cv2.warpAffine(image, matrix, (SIZE, SIZE))
        planes = [
            cv2.warpAffine(label[..., index], matrix, (SIZE, SIZE), flags=cv2.INTER_NEAREST)
            for index in range(label.shape[2])
        ]
        image, label = image[:, ::-1], np.stack(planes, axis=-1)[:, ::-1]
        return _tensors(_expose(image), label)

    return load


def albumentations() -> Callable[[], Any]:
    """Augment with Albumentations, the labels as one mask (H, W, C)."""
    import albumentations

    image_path, annotation_path = _files()
    transform = albumentations.Compose(
        [
            albumentations.Resize(SIZE, SIZE),
            albumentations.Affine(
                rotate=(-20, 20), scale=(0.8, 1.25), translate_percent=(-0.05, 0.05), p=1.0
            ),
            albumentations.HorizontalFlip(p=1.0),
            albumentations.RandomGamma(gamma_limit=(80, 80), p=1.0),
            albumentations.RandomBrightnessContrast(0, (0.1, 0.1), p=1.0),
            albumentations.GaussianBlur(sigma_limit=(BLUR, BLUR), p=1.0),
            albumentations.GaussNoise(std_range=(NOISE / 255, NOISE / 255), p=1.0),
        ],
        seed=SEED,
    )

    def load() -> tuple[torch.Tensor, torch.Tensor]:
        image, label = _read_planes(image_path, annotation_path)
        done = transform(image=image, mask=label)
        return _tensors(done['image'], done['mask'])

    return load


@cache
def _dataset() -> XRayHandBoneDataset:
    init_default_scope('mmseg')
    fixed = dict(gamma=(GAMMA, GAMMA), contrast=(CONTRAST, CONTRAST), brightness=(0, 0))
    fixed |= dict(blur=(BLUR, BLUR), noise=(NOISE, NOISE), prob=1.0)
    return XRayHandBoneDataset(
        data_root=_folder().name,
        pipeline=[
            dict(type='LoadRadiograph'),
            dict(type='RandomAffine', **AFFINE),
            dict(type='LoadPolygonAnnotations', frame='image'),
            dict(type='RandomFlip', prob=1.0),
            dict(type='RandomExposure', **fixed),
            dict(type='PackMultilabelInputs'),
        ],
    )


def packed() -> Callable[[], Any]:
    """Run the pipeline of the packed label map; the JSON was read when the dataset was built."""
    dataset = _dataset()

    def load() -> tuple[torch.Tensor, torch.Tensor]:
        np.random.seed(SEED)
        sample = dataset[0]
        return sample['inputs'], sample['data_samples'].gt_sem_seg.data

    return load


def check(usual: tuple, ours: tuple) -> None:
    """Compare: outlines moved and then drawn differ at edges from pixels moved after drawing."""
    labels = pack(usual[1].numpy())
    assert (labels != 0).mean() > 0.05
    assert (labels != planes_last(ours[1])).mean() < 0.01
    difference = usual[0].float() - ours[0].float()
    assert difference.mean().abs() < 2
    assert difference.std() < 3 * NOISE


def step_times(repetitions: int = REPETITIONS) -> dict[str, float]:
    """Time each step of handbone's way.

    Args:
        repetitions: Number of samples.

    Returns:
        Median seconds by step, in order.
    """
    dataset = _dataset()
    seconds: dict[str, list[float]] = {}

    def timed(name: str, work: Callable, *arguments: Any) -> Any:
        begin = perf_counter()
        result = work(*arguments)
        seconds.setdefault(name, []).append(perf_counter() - begin)
        return result

    for _ in range(repetitions):
        results = timed('polygons from shared memory', dataset.get_data_info, 0)
        data = np.frombuffer(Path(results['img_path']).read_bytes(), np.uint8)
        timed('(cv2.imdecode alone)', cv2.imdecode, data, cv2.IMREAD_GRAYSCALE)
        for transform in dataset.pipeline.transforms:
            results = timed(type(transform).__name__, transform, results)
    return {name: median(each) for name, each in seconds.items()}


def main() -> None:
    """Print the time of each step and its share of the whole."""
    times = step_times()
    decoder = times.pop('(cv2.imdecode alone)')
    whole = sum(times.values())
    table = Table('step', 'median', 'share')
    for name, seconds in [*times.items(), ('whole sample', whole), ('PNG decoder alone', decoder)]:
        table.add_row(name, f'{seconds * 1000:.1f} ms', f'{seconds / whole:.0%}')
    Console().print(table)


ROW = Row(
    work=f'phantom PNG + JSON to an augmented sample, {SIZE} x {SIZE}',
    ways=(
        Way('OpenCV per class, float planes', opencv),
        Way('Albumentations, mask (H, W, C)', albumentations),
        Way('handbone pipeline, all steps on', packed),
    ),
    check=check,
    target='only the PNG decoder left to see',
)

if __name__ == '__main__':
    main()
