"""The test pipeline of a config, for images that are in memory already."""

from collections.abc import Sequence

import cv2
import numpy as np
from mmcv.transforms import Compose
from mmengine.config import Config

LOADING = 'LoadRadiograph'
LABELS = 'LoadPolygonAnnotations'
PACKING = 'PackMultilabelInputs'
VIEWS = 'TestTimeAug'


class ArrayPipeline:
    """What a test pipeline does between loading and labels, and the packing for the model.

    Args:
        steps: Configs of the pipeline's steps; the first one loads.

    Raises:
        ValueError: If the pipeline does not begin by ``LoadRadiograph``.
    """

    def __init__(self, steps: Sequence[dict]) -> None:
        loading = dict(steps[0]) if steps else {}
        if loading.get('type') != LOADING:
            raise ValueError(
                f'the test pipeline begins by {loading.get("type")}, so it cannot take images from '
                f"memory: begin it by dict(type='{LOADING}')"
            )
        self.window = loading.get('window', 'file')
        self.color = loading.get('color_type') == 'color'
        self._steps = Compose(without_labels(steps[1:]))

    def __call__(self, image: np.ndarray) -> dict:
        """Prepare one image.

        Args:
            image: Grey values (H, W), uint8 or float32 from 0 to 255.

        Returns:
            What the data loader gives for one image: ``inputs`` and ``data_samples``.

        Raises:
            ValueError: If it is not such an array.
        """
        if image.ndim != 2 or image.dtype not in (np.uint8, np.float32):
            raise ValueError(
                'images are grey values (H, W), uint8 or float32 from 0 to 255, got an array '
                f'{image.shape} of {image.dtype}'
            )
        size = image.shape
        if self.color:
            image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
        return self._steps(dict(img=image, img_shape=size, ori_shape=size, img_path=''))


def without_labels(steps: Sequence[dict]) -> list[dict]:
    """Take the loading of annotations out of a pipeline.

    Args:
        steps: Configs of the steps, ``TestTimeAug`` among them or not.

    Returns:
        New configs.
    """
    kept = []
    for step in steps:
        step = dict(step)
        if step.get('type') == VIEWS:
            views = [without_labels(choices) for choices in step['transforms']]
            step['transforms'] = [choices for choices in views if choices]
        if step.get('type') != LABELS:
            kept.append(step)
    return kept


def augmented_pipeline(cfg: Config) -> list[dict]:
    """Build the pipeline whose views are averaged over at test time.

    The views are those of ``cfg.tta_pipeline``, or, without it, those of ``cfg.tta_views``: steps
    as in mmcv's ``TestTimeAug``, put into the test pipeline where the labels are drawn, since the
    truth is not augmented.

    Args:
        cfg: Configuration.

    Returns:
        Configs of the steps.

    Raises:
        ValueError: If the configuration names no views.
    """
    if 'tta_pipeline' in cfg:
        return cfg.tta_pipeline
    if 'tta_views' not in cfg:
        raise ValueError(
            f'--tta: {cfg.filename} names no views; add, for flips, tta_views = '
            "[[dict(type='RandomFlip', prob=0.0), dict(type='RandomFlip', prob=1.0)]]"
        )
    steps = cfg.test_dataloader.dataset.pipeline
    place = min(index for index, step in enumerate(steps) if step.type in (LABELS, PACKING))
    views = [*cfg.tta_views, *([step] for step in steps[place:])]
    return [*steps[:place], dict(type=VIEWS, transforms=views)]
