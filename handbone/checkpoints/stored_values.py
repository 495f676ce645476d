"""Tensors, arrays and histories of losses made from the bytes in a checkpoint."""

import math
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

from handbone.errors import counted

#: The types of NumPy numbers and arrays that are accepted.
PLAIN_TYPES = ('b1', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'f2', 'f4', 'f8')
#: Maximum number of elements of a tensor that repeats its storage, as ``expand`` does.
MAX_REPEATED = 2**24
#: Limit for sizes.
SIZE_LIMIT = 2**48
#: Maximum depth of nesting, and maximum number of values if shared ones are counted repeatedly.
MAX_LEVELS, MAX_VALUES = 50, 50_000_000
CONTAINERS = (dict, list, tuple, set, frozenset)
DTYPES = {
    f'torch.{name}': value
    for name, value in vars(torch).items()
    if isinstance(value, torch.dtype) and not name.startswith(('q', 'bits'))
}
#: The types of storages, by the names of their classes.
STORAGE_TYPES = {
    'torch.FloatStorage': torch.float32,
    'torch.DoubleStorage': torch.float64,
    'torch.HalfStorage': torch.float16,
    'torch.BFloat16Storage': torch.bfloat16,
    'torch.LongStorage': torch.int64,
    'torch.IntStorage': torch.int32,
    'torch.ShortStorage': torch.int16,
    'torch.CharStorage': torch.int8,
    'torch.ByteStorage': torch.uint8,
    'torch.BoolStorage': torch.bool,
    'torch.ComplexFloatStorage': torch.complex64,
    'torch.ComplexDoubleStorage': torch.complex128,
    'torch.storage.UntypedStorage': torch.uint8,
}


class InvalidValueError(Exception):
    """A file describes a value that is impossible or does not fit its bytes."""


class TypedBytes:
    """The storage of tensors: bytes and their type.

    Args:
        content: The bytes.
        dtype: The type, which a tensor may override.
    """

    def __init__(self, content: torch.UntypedStorage, dtype: torch.dtype) -> None:
        self.content, self.dtype = content, dtype


def make_tensor(
    storage: Any, offset: Any, size: Any, stride: Any, grad: bool, dtype: Any = None
) -> torch.Tensor:
    """Make a tensor inside a storage.

    Args:
        storage: A :class:`TypedBytes`.
        offset: Number of the first element.
        size: Elements along each axis.
        stride: Steps along each axis, in elements.
        grad: Whether the tensor requires a gradient.
        dtype: Its type; that of the storage by default.

    Returns:
        The tensor, which shares the memory of the storage.

    Raises:
        InvalidValueError: If it reaches beyond the storage.
    """
    if not isinstance(storage, TypedBytes) or not (isinstance(size, tuple)):
        raise InvalidValueError('it has a tensor without a storage')
    dtype = storage.dtype if dtype is None else dtype
    numbers = [offset, *size, *(stride if isinstance(stride, tuple) else [None])]
    plain = all(type(number) is int and 0 <= number < SIZE_LIMIT for number in numbers)
    if not plain or len(size) != len(stride) or not isinstance(dtype, torch.dtype):
        raise InvalidValueError('it has a tensor whose size is not made of whole numbers')
    elements = storage.content.nbytes() // dtype.itemsize
    steps = zip(size, stride, strict=True)
    last = offset + sum((length - 1) * step for length, step in steps if length)
    number = math.prod(size)
    if (number and last >= elements) or number > max(elements, MAX_REPEATED):
        raise InvalidValueError(f'it has a tensor of {number} elements where {elements} are stored')
    if number == 0:
        offset = 0
    tensor = torch.empty(0, dtype=dtype, device=storage.content.device)
    tensor.set_(storage.content, offset, size, stride)
    return tensor.requires_grad_() if grad and dtype.is_floating_point else tensor


def make_scalar(dtype: Any, content: Any = None) -> float:
    """Make a number from one that NumPy stored.

    Args:
        dtype: Its type.
        content: Its bytes.

    Returns:
        A plain number.

    Raises:
        InvalidValueError: If type and bytes do not fit.
    """
    dtype = _plain_type(dtype)
    if not isinstance(content, bytes) or len(content) != dtype.itemsize:
        raise InvalidValueError('it has a number of NumPy that does not fit its bytes')
    return np.frombuffer(content, dtype)[0].item()


class UnfinishedDtype:
    """The type of an array, whose byte order is set afterwards.

    Args:
        code: Kind and bytes, as 'f8'.
        _align: Not used.
        _copy: Not used.
    """

    def __init__(self, code: Any, _align: Any = False, _copy: Any = False) -> None:
        if code not in PLAIN_TYPES:
            raise InvalidValueError(f'it has an array of NumPy of the type {str(code)[:40]!r}')
        self.code: str = code
        self.value: np.dtype | None = None

    def complete(self, state: Any) -> None:
        """Set the byte order; any other state, such as that of subarrays, is refused."""
        plain = (None, None, None, -1, -1, 0)
        if not isinstance(state, tuple) or len(state) != 8 or tuple(state[2:]) != plain:
            raise InvalidValueError('it has a type of NumPy that is not a plain number')
        if state[1] not in ('<', '>', '|', '='):
            raise InvalidValueError('it has a type of NumPy of an unknown byte order')
        self.value = np.dtype(self.code).newbyteorder(state[1])


class UnfinishedArray:
    """A NumPy array, whose content is set afterwards.

    Args:
        *_: Class, shape and type of an empty array, not used.
    """

    def __init__(self, *_: Any) -> None:
        self.value: np.ndarray | None = None

    def complete(self, state: Any) -> None:
        """Set shape, type and bytes."""
        if not isinstance(state, tuple) or len(state) != 5:
            raise InvalidValueError('it has an array of NumPy in an unknown form')
        _, shape, dtype, by_columns, content = state
        dtype = _plain_type(dtype)
        whole = isinstance(shape, tuple) and all(
            type(side) is int and 0 <= side < SIZE_LIMIT for side in shape
        )
        if not whole or not isinstance(content, bytes):
            raise InvalidValueError('it has an array of NumPy without shape or content')
        if math.prod(shape) * dtype.itemsize != len(content):
            raise InvalidValueError(
                f'it has an array of NumPy of the shape {shape} in {counted(len(content), "byte")}'
            )
        array = np.frombuffer(content, dtype)
        array = array.reshape(shape[::-1]).T if by_columns else array.reshape(shape)
        self.value = array.copy('K')


class UnfinishedHistory:
    """mmengine's ``HistoryBuffer``, whose content is set afterwards.

    Unpickling a ``HistoryBuffer`` adds functions from the pickle to its class; here only the
    numbers are read.

    Args:
        *_: Not used.
    """

    def __init__(self, *_: Any) -> None:
        self.value: HistoryBuffer | None = None

    def complete(self, state: Any) -> None:
        """Set values, counts and the maximum length."""
        if not isinstance(state, dict):
            raise InvalidValueError('it has a history of losses in an unknown form')
        self.value = make_history(
            state.get('_log_history'), state.get('_count_history'), state.get('max_length')
        )


def make_history(values: Any, counts: Any, max_length: Any) -> HistoryBuffer:
    """Make a history of losses.

    Args:
        values: The losses, (N,).
        counts: Number of losses that each value stands for, (N,).
        max_length: Maximum number of losses that are kept.

    Returns:
        The history.

    Raises:
        InvalidValueError: If the three do not fit together.
    """
    whole = all(isinstance(each, np.ndarray) and each.ndim == 1 for each in (values, counts))
    if not whole or len(values) != len(counts):
        raise InvalidValueError('it has a history of losses without values or counts')
    if type(max_length) is not int or not 0 < max_length < SIZE_LIMIT:
        raise InvalidValueError('it has a history of losses of an unknown length')
    return HistoryBuffer(np.asarray(values, float), counts, max_length)


def _plain_type(dtype: Any) -> np.dtype:
    if isinstance(dtype, UnfinishedDtype) or not isinstance(dtype, np.dtype):
        raise InvalidValueError('it has an array of NumPy without a type')
    return dtype


def check_extent(value: Any) -> None:
    """Refuse values that are nested too deeply, contain themselves or multiply by sharing.

    Args:
        value: What a file holds.

    Raises:
        InvalidValueError: If so; functions that traverse the value would not end.
    """
    sizes: dict[int, int] = {}
    path: list[tuple[Any, list]] = [(value, _elements(value))]
    open_ = {id(value)}
    while path:
        if len(path) > MAX_LEVELS:
            raise InvalidValueError(f'its values are nested more than {MAX_LEVELS} levels deep')
        container, waiting = path[-1]
        if waiting:
            element = waiting.pop()
            if id(element) in open_:
                raise InvalidValueError('one of its values contains itself')
            if id(element) not in sizes and isinstance(element, CONTAINERS):
                path.append((element, _elements(element)))
                open_.add(id(element))
            continue
        path.pop()
        open_.discard(id(container))
        sizes[id(container)] = 1 + sum(sizes.get(id(each), 1) for each in _elements(container))
        if sizes[id(container)] > MAX_VALUES:
            raise InvalidValueError('its values multiply without end')


def _elements(value: Any) -> list:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return list(value) if isinstance(value, CONTAINERS) else []
