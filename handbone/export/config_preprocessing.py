"""Reads from a config what an exported file must do to an image."""

from collections.abc import Mapping, Sequence
from typing import Any

from handbone.errors import HandboneError

from .preprocessing import INTERPOLATIONS, Preprocessing

#: Steps that leave the image as it is, or put it into a tensor.
WITHOUT_EFFECT = ('LoadPolygonAnnotations', 'PackMultilabelInputs')
#: Settings of each step that the exporter follows; others must not be set.
KNOWN_SETTINGS = {
    'LoadRadiograph': {'color_type', 'window', 'cache_megabytes'},
    'Resize': {'scale', 'keep_ratio', 'interpolation', 'backend'},
    'SegDataPreProcessor': {
        *('mean', 'std', 'size', 'size_divisor', 'pad_val', 'seg_pad_val', 'bgr_to_rgb'),
        *('rgb_to_bgr', 'batch_augments', 'test_cfg', 'stages', 'ranks', 'non_blocking'),
    },
}
PREPROCESSORS = ('SegDataPreProcessor', 'ProgressiveDataPreProcessor', 'RankDataPreProcessor')


def read_preprocessing(
    pipeline: Sequence[Mapping[str, Any]],
    preprocessor: Mapping[str, Any],
    size: tuple[int, int] | None = None,
) -> Preprocessing:
    """Translate a test pipeline and a data preprocessor.

    Args:
        pipeline: Steps from file to tensor.
        preprocessor: Configuration of the model's data preprocessor.
        size: Height and width that replace those of the ``Resize`` step and that all images are
            padded to; without it images are padded as in PyTorch.

    Returns:
        Resizing, padding and normalisation.

    Raises:
        HandboneError: If there is a step or a setting that an exported file would not follow.
    """
    steps: dict[str, Any] = {'LoadRadiograph': None, 'Resize': None}
    channels = 3
    for index, step in enumerate(pipeline):
        kind = step['type'] if isinstance(step['type'], str) else step['type'].__name__
        kind = kind.rpartition('.')[2]
        if kind in steps and steps[kind] is None:
            steps[kind] = step
            _check_settings(f'step {index} of the test pipeline', kind, step)
        elif kind not in WITHOUT_EFFECT:
            raise HandboneError(
                f'step {index} of the test pipeline is {kind}, which cannot be exported: it takes '
                f'{", ".join((*steps, *WITHOUT_EFFECT))}, each once; take the step out, or predict '
                'with the checkpoint'
            )
        if kind == 'PackMultilabelInputs':
            channels = step.get('channels', 3)
    loading, resizing = steps['LoadRadiograph'], steps['Resize']
    if loading is None or resizing is None:
        raise HandboneError('the test pipeline lacks LoadRadiograph or Resize')
    mean, std = _normalisation(preprocessor, channels)
    window = loading.get('window', 'file')
    divisor, padded = _padding(preprocessor)
    keep_ratio = resizing.get('keep_ratio', False)
    preprocessing = Preprocessing(
        scale=_scale(resizing, size),
        keep_ratio=keep_ratio,
        interpolation=_interpolation(resizing),
        divisor=divisor,
        size=padded,
        mean=mean,
        std=std,
        window=window if isinstance(window, str) else tuple(window),
        channels=_channels(loading, preprocessor),
    )
    return preprocessing if size is None else preprocessing.with_fixed_size()


def _channels(loading: Mapping[str, Any], preprocessor: Mapping[str, Any]) -> str:
    """What the network takes, before the normalisation."""
    if loading.get('color_type', 'grayscale') == 'grayscale':
        return 'grey'
    turned = preprocessor.get('bgr_to_rgb') or preprocessor.get('rgb_to_bgr')
    return 'rgb' if turned else 'bgr'


def _check_settings(place: str, kind: str, settings: Mapping[str, Any]) -> None:
    unknown = set(settings) - KNOWN_SETTINGS[kind] - {'type', '_scope_'}
    if unknown:
        raise HandboneError(
            f'{place}: {kind} has settings that cannot be exported: {", ".join(sorted(unknown))}'
        )


def _scale(resizing: Mapping[str, Any], size: tuple[int, int] | None) -> tuple[int, int]:
    """Width and height to resize to."""
    if size is not None:
        return int(size[1]), int(size[0])
    scale = resizing.get('scale')
    if scale is None:
        raise HandboneError('Resize has no scale: give --size HEIGHT WIDTH')
    width, height = (scale, scale) if isinstance(scale, int) else scale
    return int(width), int(height)


def _interpolation(resizing: Mapping[str, Any]) -> str:
    interpolation = resizing.get('interpolation', 'bilinear')
    if interpolation not in INTERPOLATIONS or resizing.get('backend', 'cv2') != 'cv2':
        raise HandboneError(
            f'Resize with interpolation={interpolation!r} and backend='
            f'{resizing.get("backend", "cv2")!r} cannot be exported: use the backend cv2 and one '
            f'of {", ".join(INTERPOLATIONS)}'
        )
    return interpolation


def _normalisation(
    preprocessor: Mapping[str, Any], channels: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel of the network's input."""
    kind = preprocessor['type']
    if kind not in PREPROCESSORS:
        raise HandboneError(
            f'the data preprocessor {kind} cannot be exported: use {", ".join(PREPROCESSORS)}'
        )
    _check_settings('model.data_preprocessor', 'SegDataPreProcessor', preprocessor)
    if preprocessor.get('pad_val', 0) != 0:
        raise HandboneError('model.data_preprocessor.pad_val must be 0 to be exported')
    mean, std = preprocessor.get('mean') or [0.0], preprocessor.get('std') or [1.0]
    # one value serves all channels, and one channel takes as many values as there are
    count = max(len(mean), len(std), channels)
    filled = [
        tuple(float(value) for value in (list(values) * count)[:count]) for values in (mean, std)
    ]
    return filled[0], filled[1]


def _padding(preprocessor: Mapping[str, Any]) -> tuple[int, tuple[int, int] | None]:
    """Divisor and fixed size of padded test images."""
    settings = preprocessor.get('test_cfg') or {}
    size = settings.get('size')
    if size is not None:
        size = (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
    return int(settings.get('size_divisor') or 1), size
