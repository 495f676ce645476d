"""Classes of a dataset by the names that a transform gives."""

from collections.abc import Iterable, Sequence

from handbone.errors import HandboneError
from handbone.listing import normal_forms


def class_indices(names: Iterable[str], classes: Sequence[str], what: str) -> list[int]:
    """Find classes by name.

    Args:
        names: Names of classes.
        classes: Class names of the dataset in order.
        what: Who names them, for the message: ``RandomBend: wrist``.

    Returns:
        The index of each name, in the order of the names.

    Raises:
        HandboneError: If there is no class of a name; it lists these and the classes.
    """
    names, classes = normal_forms(names), normal_forms(classes)
    unknown = sorted(set(names) - set(classes))
    if unknown:
        raise HandboneError(
            f'{what} names classes that do not exist: {", ".join(unknown)}; '
            f'the classes are {", ".join(classes)}'
        )
    return [classes.index(name) for name in names]
