"""The test pipeline of a config, for images that are in memory already."""

from collections.abc import Sequence

import numpy as np
from mmcv.transforms import Compose

from handbone.errors import HandboneError
from handbone.radiographs import check_colors, check_grey_values
from handbone.sections import Section

LOADING = 'LoadRadiograph'
SECTIONS = 'LoadSection'
LABELS = 'LoadPolygonAnnotations'
VIEWS = 'TestTimeAug'


class ArrayPipeline:
    """What a test pipeline does between loading and labels, and the packing for the model.

    Args:
        steps: Configs of the pipeline's steps; the first one loads.

    Raises:
        HandboneError: If the pipeline does not begin with ``LoadRadiograph``.
    """

    def __init__(self, steps: Sequence[dict]) -> None:
        loading = dict(steps[0]) if steps else {}
        self.reads_sections = loading.get('type') == SECTIONS
        if self.reads_sections:
            loading, steps = {}, [{}, *steps]
        elif loading.get('type') != LOADING:
            raise HandboneError(
                f'the test pipeline begins with {loading.get("type")}, so it cannot take images '
                f"from memory: begin it with dict(type='{LOADING}')"
            )
        self.window = loading.get('window', 'file')
        self.color = loading.get('color_type') == 'color'
        self._steps = Compose(without_labels(steps[1:]))

    def __call__(self, image: np.ndarray | Section, place: str = 'the image') -> dict:
        """Prepare one image.

        Args:
            image: Grey values (H, W), uint8 or float from 0 to 255; where the pipeline loads
                colours, also blue, green and red (H, W, 3) of these types; or a section, where the
                pipeline begins with ``LoadSection``.
            place: Which image it is, for messages.

        Returns:
            What the data loader gives for one image: ``inputs`` and ``data_samples``.

        Raises:
            HandboneError: If it is not such an array.
        """
        if self.reads_sections:
            return self._steps(dict(img_path=str(_section(image, place).path)))
        image = check_colors(image, place) if self.color else check_grey_values(image, place)
        size = image.shape[:2]
        return self._steps(dict(img=image, img_shape=size, ori_shape=size, img_path=''))


def _section(image: object, place: str) -> Section:
    if not isinstance(image, Section):
        raise HandboneError(
            f'{place}: this model reads tissue sections window by window, so it takes their files: '
            'name the file'
        )
    return image


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
