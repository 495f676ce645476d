"""Whether models have the same classes."""

from collections.abc import Sequence

from handbone.errors import HandboneError
from handbone.listing import normal_forms


def check_same_classes(
    name: str, classes: Sequence[str], first_name: str, first_classes: Sequence[str]
) -> None:
    """Refuse models with different class lists in one ensemble.

    Args:
        name: What the message calls the model.
        classes: Its classes, in order.
        first_name: What the message calls the first model.
        first_classes: The first model's classes, in order.

    Raises:
        HandboneError: If the lists differ; the message says how.
    """
    classes, first_classes = normal_forms(classes), normal_forms(first_classes)
    if classes == first_classes:
        return
    missing = [each for each in first_classes if each not in classes]
    added = [each for each in classes if each not in first_classes]
    faults = [f'it lacks {", ".join(missing)}'] * bool(missing)
    faults += [f'it has {", ".join(added)} in addition'] * bool(added)
    if not faults:
        place = next(
            place
            for place, pair in enumerate(zip(classes, first_classes, strict=True))
            if pair[0] != pair[1]
        )
        faults = [
            f'their order differs from class {place} on, {classes[place]} in place of '
            f'{first_classes[place]}'
        ]
    raise HandboneError(
        f'{name} has different classes from {first_name}: {"; ".join(faults)}. All models of an '
        'ensemble must have the same class list'
    )
