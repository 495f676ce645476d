"""Steps of mmseg and mmcv that would write classes into packed labels."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mmcv.transforms import Pad
from mmengine.config import Config
from mmseg.datasets.transforms import RandomMosaic, RandomRotate, RandomRotFlip
from mmseg.models import SegDataPreProcessor

from handbone.errors import HandboneError
from handbone.masks import IGNORE_BIT

from .known_settings import find_type, name_of
from .typed_parts import typed_parts

#: What mmseg and mmcv pad labels with unless told otherwise: eight classes of a packed map.
STOCK_PADDING = 255
#: Values that are no classes: background, and pixels that do not count.
HARMLESS = (0, IGNORE_BIT)
#: The step that says that a pipeline has packed labels, and the one before which it has none.
PACKING, LOADING = 'PackMultilabelInputs', 'LoadPolygonAnnotations'


def check_label_steps(cfg: Config) -> None:
    """Refuse a training whose steps would write classes into packed labels.

    Args:
        cfg: Complete configuration. Without packed labels nothing is checked.

    Raises:
        HandboneError: If a step pads labels with a number that is classes, or interpolates them.
    """
    key = 'train_dataloader'
    steps = list(typed_parts(cfg.get(key), key))
    if not any(_name(step['type']) == PACKING for _, step in steps):
        return
    loading = [key.rpartition('.') for key, step in steps if _name(step['type']) == LOADING]
    steps = [(key, step) for key, step in steps if not _is_before(key, loading)]
    key = 'model.data_preprocessor'
    preprocessor = (cfg.get('model') or {}).get('data_preprocessor')
    if preprocessor is None:
        key, preprocessor = 'data_preprocessor', cfg.get('data_preprocessor')
    steps += [(key, preprocessor)] if isinstance(preprocessor, Mapping) else []
    faults = [fault for key, step in steps for fault in _faults(key, step)]
    if faults:
        raise HandboneError(f'{name_of(cfg)}: {"; ".join(faults[:3])}')


def _is_before(key: str, loading: Iterable[tuple[str, str, str]]) -> bool:
    """Tell whether a step comes before the labels are drawn, in the same pipeline."""
    for pipeline, _, place in loading:
        own = key.removeprefix(f'{pipeline}.').partition('.')[0]
        if key.startswith(f'{pipeline}.') and own.isdigit() and int(own) < int(place):
            return True
    return False


def _faults(key: str, step: Mapping) -> Iterator[str]:
    """Say what a step would do to packed labels."""
    kind = find_type(key, step.get('type'))
    if kind is RandomRotFlip and step.get('rotate_prob', 0.5) > 0:
        yield (
            f'{key}.type=RandomRotFlip interpolates the numbers of packed labels: take '
            'MultilabelRandomRotFlip'
        )
    value, remedy = _padding(kind, step)
    if value not in HARMLESS:
        yield (
            f'{key}.type={_name(step["type"])} pads labels with {value}, which are classes in a '
            f'packed map: set {remedy}'
        )


def _padding(kind: Any, step: Mapping) -> tuple[Any, str]:
    """Find what a step pads labels with, 0 if with nothing, and the setting that it should have."""
    if not isinstance(kind, type):
        return 0, ''
    if issubclass(kind, Pad):
        value = step.get('pad_val', 0)
        of_labels = value.get('seg', STOCK_PADDING) if isinstance(value, Mapping) else STOCK_PADDING
        return of_labels, 'pad_val=dict(img=0, seg=0)'
    never = issubclass(kind, SegDataPreProcessor) and not (
        step.get('size') or step.get('size_divisor')
    )
    if never or not issubclass(kind, (RandomRotate, RandomMosaic, SegDataPreProcessor)):
        return 0, ''
    return step.get('seg_pad_val', STOCK_PADDING), 'seg_pad_val=0'


def _name(kind: Any) -> str:
    return str(getattr(kind, '__name__', kind)).rpartition('.')[2]
