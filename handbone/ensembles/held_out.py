"""The images of a fold, which its network has not seen."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS


@dataclass(frozen=True)
class HeldOut:
    """An image and the fold in which no network has seen it.

    Attributes:
        path: The image, absolute.
        patient: The patient.
        fold: Number of the fold.
    """

    path: str
    patient: str
    fold: int


def held_out_images(cfg: Config, fold: int) -> tuple[Any, list[HeldOut]]:
    """List the images on which the training of a fold is validated.

    Args:
        cfg: Config of the training.
        fold: Number of the fold.

    Returns:
        The dataset, and its images in its order.

    Raises:
        HandboneError: If the data are not there any more.
    """
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    dataset = DATASETS.build(cfg.val_dataloader.dataset)
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    paths = [str(Path(info['img_path']).resolve()) for info in infos]
    patients = [info.get('patient', path) for info, path in zip(infos, paths, strict=True)]
    return dataset, [HeldOut(*each, fold) for each in zip(paths, patients, strict=True)]
