"""Class names in the settings of steps."""

from collections.abc import Mapping, Sequence
from typing import Any

from handbone.errors import HandboneError
from handbone.listing import normal_form

#: Names of the steps in configs and in ``--postprocess``.
STEPS = ('LargestComponent', 'FillHoles', 'LeastArea', 'DenseCRF')


def index_classes(
    steps: Sequence[Mapping[str, Any]], classes: Sequence[str]
) -> list[dict[str, Any]]:
    """Replace class names by class indices in ``test_cfg.postprocess``.

    A model knows the number of its classes but not their names.

    Args:
        steps: Settings, each with a ``type`` and perhaps ``classes``, names or indices.
        classes: Names in class order.

    Returns:
        Copies of the settings in which ``classes`` are indices.

    Raises:
        HandboneError: If a class does not exist.
    """
    places = {normal_form(name): index for index, name in enumerate(classes)}
    indexed = []
    for step in steps:
        step = dict(step)
        if step.get('classes') is not None:
            names = [
                normal_form(name) if isinstance(name, str) else name for name in step['classes']
            ]
            unknown = [name for name in names if isinstance(name, str) and name not in places]
            if unknown:
                raise HandboneError(
                    f'postprocess: {step.get("type")} names classes that do not exist: '
                    f'{", ".join(unknown)}; the classes are {", ".join(classes)}'
                )
            step['classes'] = [places.get(name, name) for name in names]
        indexed.append(step)
    return indexed
