"""Learn the template of a region from the training images of a config."""

import logging

import numpy as np
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from handbone.configuration.dataset_configs import dataset_classes, only_dataset
from handbone.configuration.faults import config_faults_explained
from handbone.configuration.mirrored_sides import kept_side
from handbone.errors import HandboneError
from handbone.masks import rasterize
from handbone.regions import Outlined, learn_template, masses_of_labels

#: Longest side, in pixels, at which polygons are drawn to measure where the classes are.
MEASURED = 512


def region_template(
    cfg: Config, size: tuple[int, int] = (1, 1), mirror: bool = False, margin: float = 0.05
) -> dict[str, tuple[float, float] | None]:
    """Learn where each class lies in an upright view of the region that all classes make up.

    >>> region_template(read_config_file('configs/demo.py'), mirror=True)['finger-1']
    (0.94, 0.5)

    Args:
        cfg: Complete configuration, whose training images are read.
        size: Width and height of the view; only their ratio matters.
        mirror: Mirror images that agree better with the others that way.
        margin: Space that is left on each side of the view, as a share of it.

    Returns:
        Place by class, in class order: x and y from 0 to 1, None for a class that is too rare or
        lies in a different place in every image.

    Raises:
        HandboneError: If the config or the data are faulty, or there is no common place of at least
            three classes.
    """
    init_default_scope(cfg.get('default_scope') or 'mmseg')
    classes = dataset_classes(cfg)
    key, settings = only_dataset(cfg, 'train_dataloader', 'a template is learnt from one')
    with config_faults_explained(cfg):
        dataset = DATASETS.build(dict(settings, pipeline=[]))
    side = kept_side(classes) if mirror else ''
    if side:
        print_log(
            f'A mirrored template shows mirror images, and {side}. Leave mirror out',
            level=logging.WARNING,
        )
    images = []
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        if info['polygons'] is None or not len(info['polygons'].ends):
            continue
        scale = min(1.0, MEASURED / max(info['height'], info['width']))
        height, width = (max(1, round(info[side] * scale)) for side in ('height', 'width'))
        packed = rasterize(info['polygons'].split(), height, width, len(classes), scale=scale)
        masses = masses_of_labels(packed, len(classes), scale)
        centroids = np.where(masses.areas[0, :, None] > 0, masses.centroids[0], np.nan)
        images.append(Outlined(centroids, info['polygons'].points))
    if not images:
        raise HandboneError(
            f'{key} has no images with polygons to learn a template from; `handbone convert --to '
            'hand-bone` makes polygons of masks'
        )
    return dict(zip(classes, learn_template(images, size, mirror, margin), strict=True))
