"""Whether models answer for the same classes."""

from collections.abc import Sequence

from handbone.errors import HandboneError


def check_same_classes(
    name: str, classes: Sequence[str], first_name: str, first_classes: Sequence[str]
) -> None:
    """Refuse models of different class lists in one ensemble.

    Args:
        name: What the message calls the model.
        classes: Its classes, in order.
        first_name: What the message calls the first model.
        first_classes: The first model's classes, in order.

    Raises:
        HandboneError: If the lists differ; it says in what.
    """
    classes, first_classes = tuple(classes), tuple(first_classes)
    if classes == first_classes:
        return
    missing = [each for each in first_classes if each not in classes]
    more = [each for each in classes if each not in first_classes]
    faults = [f'it lacks {", ".join(missing)}'] * bool(missing)
    faults += [f'it has {", ".join(more)} in addition'] * bool(more)
    if not faults:
        place = next(
            place
            for place, pair in enumerate(zip(classes, first_classes, strict=True))
            if pair[0] != pair[1]
        )
        faults = [
            f'they stand in another order from class {place} on, {classes[place]} in place of '
            f'{first_classes[place]}'
        ]
    raise HandboneError(
        f'{name} has other classes than {first_name}: {"; ".join(faults)}. Models of one ensemble '
        'must have one class list'
    )
