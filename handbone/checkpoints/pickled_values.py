"""Rebuild the values in a pickle without importing or calling anything that the pickle names.

``torch.save`` writes pickles, whose instructions may call any function. Here the instructions are
followed one by one; the few names that a checkpoint needs are replaced by code in this file, and
every other name is refused. Arrays and tensors never reach beyond the bytes stored for them.
"""

import pickletools
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import IO, Any, NamedTuple

import torch

from .stored_values import (
    DTYPES,
    STORAGE_TYPES,
    InvalidValueError,
    UnfinishedArray,
    UnfinishedDtype,
    UnfinishedHistory,
    check_extent,
    make_scalar,
    make_tensor,
)

HISTORY = 'mmengine.logging.history_buffer.HistoryBuffer'
STATISTICS = ('min', 'max', 'current', 'mean')


class ForbiddenError(Exception):
    """A pickle asks for something that would have to be executed; the text names it."""


class Name(NamedTuple):
    """The name of a function or class in a pickle, only as text."""

    text: str


class _Mark:
    """Where the elements of a container begin on the stack."""


MARK = _Mark()
#: Errors of damaged instructions, such as an empty stack or a list as a key.
FAULTS = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)


def read_values(pickled: bytes | IO[bytes], storage: Callable[[Any], Any]) -> Any:
    """Follow the instructions of a pickle.

    Args:
        pickled: The pickle; of a file, what comes after the pickle is not read.
        storage: Makes the storage of tensors that a persistent id describes.

    Returns:
        Numbers, texts, bytes, containers and tensors.

    Raises:
        ForbiddenError: If something would have to be executed.
        InvalidValueError: If the instructions are damaged, or describe more than there are bytes.
    """
    reader = _Reader(storage)
    try:
        for opcode, argument, _ in pickletools.genops(pickled):
            reader.follow(opcode.name, argument)
        result = reader.stack.pop()
    except FAULTS as error:
        raise InvalidValueError(f'its instructions are damaged: {error}') from error
    if reader.unfinished:
        raise InvalidValueError('it has arrays without content')
    check_extent(result)
    return result


class _Reader:
    """A stack of values and a memo, as in pickle."""

    def __init__(self, storage: Callable[[Any], Any]) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.unfinished = 0
        self._storage = storage

    def follow(self, instruction: str, argument: Any) -> None:
        """Follow one instruction, named as in ``pickletools``."""
        stack = self.stack
        if instruction in CONSTANTS:
            stack.append(CONSTANTS[instruction])
        elif instruction in LITERALS:
            if type(argument) is int and abs(argument) > LARGEST_NUMBER:
                raise InvalidValueError('it has a number of many digits')
            stack.append(argument)
        elif instruction in EMPTY:
            stack.append(EMPTY[instruction]())
        elif instruction in FROM_MARK:
            elements = self._from_mark()
            stack.append(FROM_MARK[instruction](elements))
        elif instruction in TUPLES:
            elements = [stack.pop() for _ in range(TUPLES[instruction])]
            stack.append(tuple(elements[::-1]))
        elif instruction in ADDING:
            self._add(instruction)
        elif instruction in ('PUT', 'BINPUT', 'LONG_BINPUT'):
            self.memo[argument] = stack[-1]
        elif instruction == 'MEMOIZE':
            self.memo[len(self.memo)] = stack[-1]
        elif instruction in ('GET', 'BINGET', 'LONG_BINGET'):
            stack.append(_finished(self.memo[argument]))
        elif instruction == 'GLOBAL':
            stack.append(_named(argument.replace(' ', '.', 1)))
        elif instruction == 'STACK_GLOBAL':
            name, module = stack.pop(), stack.pop()
            stack.append(_named(f'{module}.{name}' if isinstance(name, str) else '?'))
        elif instruction in ('REDUCE', 'NEWOBJ'):
            arguments, made = stack.pop(), stack.pop()
            stack.append(self._make(made, arguments))
        elif instruction == 'BUILD':
            state = stack.pop()
            stack.append(self._complete(stack.pop(), state))
        elif instruction == 'BINPERSID':
            stack.append(self._storage(stack.pop()))
        elif instruction not in ('PROTO', 'FRAME', 'STOP'):
            raise ForbiddenError(f'the instruction {instruction}')

    def _from_mark(self) -> list[Any]:
        elements = []
        while (value := self.stack.pop()) is not MARK:
            elements.append(value)
        return elements[::-1]

    def _add(self, instruction: str) -> None:
        if instruction.endswith('S'):
            elements = self._from_mark()
        else:
            elements = [self.stack.pop() for _ in range(ADDING[instruction])][::-1]
        container = self.stack[-1]
        if type(container) is list and 'APPEND' in instruction:
            container.extend(elements)
        elif type(container) is set and instruction == 'ADDITEMS':
            container.update(elements)
        elif type(container) in (dict, OrderedDict, Counter) and 'SETITEM' in instruction:
            container.update(_pairs(elements))
        else:
            raise InvalidValueError('elements are added to something that is not a container')

    def _make(self, made: Any, arguments: Any) -> Any:
        """Make the value that a call of a name would make."""
        if not isinstance(made, Name) or not isinstance(arguments, tuple):
            raise InvalidValueError('it calls something that is not a function')
        name = made.text
        if name == 'torch._tensor._rebuild_from_type_v2':  # with attributes, which are left out
            function, kind, inner, _ = arguments
            if kind not in (Name('torch.Tensor'), Name('torch.nn.parameter.Parameter')):
                raise ForbiddenError(getattr(kind, 'text', str(kind)))
            return self._make(function, inner)
        if name.startswith('copyreg._reconstructor') and arguments[0] == Name(HISTORY):
            name = HISTORY
        if name in UNFINISHED:
            self.unfinished += 1
            return UNFINISHED[name](*arguments)
        if name not in FUNCTIONS:
            raise ForbiddenError(name)
        return FUNCTIONS[name](*arguments)

    def _complete(self, made: Any, state: Any) -> Any:
        """Set the state of a value."""
        if isinstance(made, (UnfinishedArray, UnfinishedDtype, UnfinishedHistory)):
            if made.value is None:
                self.unfinished -= 1
            made.complete(state)
            return made.value
        if type(made) is OrderedDict and isinstance(state, dict):
            metadata = state.get('_metadata')  # of a state dict: versions of its modules
            if isinstance(metadata, dict):
                made._metadata = metadata  # type: ignore[attr-defined]
            return made
        raise ForbiddenError(f'the state of a {type(made).__name__}')


def _named(text: str) -> Any:
    """Turn a name into what it stands for, without importing it."""
    text = text.replace('__builtin__.', 'builtins.').replace('copy_reg.', 'copyreg.')
    if text in DTYPES:
        return DTYPES[text]
    if text in FUNCTIONS or text in UNFINISHED or text in STORAGE_TYPES or text in NAMES:
        return Name(text)
    raise ForbiddenError(text)


def _finished(value: Any) -> Any:
    """Replace an unfinished array by the finished one."""
    done = getattr(value, 'value', None)
    unfinished = isinstance(value, (UnfinishedArray, UnfinishedDtype, UnfinishedHistory))
    return done if unfinished and done is not None else value


def _pairs(elements: list) -> dict:
    return dict(zip(elements[::2], elements[1::2], strict=True))


def _encoded(text: str, encoding: str = 'latin1') -> bytes:
    if not isinstance(text, str) or encoding not in ('latin1', 'latin-1'):
        raise InvalidValueError(f'it has bytes in the encoding {encoding!r}')
    return text.encode('latin1')


def _statistic(owner: Any, name: Any) -> Name:
    """Replace ``getattr``, with which a history of mmengine names its statistics."""
    if owner != Name(HISTORY) or name not in STATISTICS:
        raise ForbiddenError(f'getattr of {str(name)[:40]!r}')
    return Name(HISTORY)


def _device(name: str, index: int | None = None) -> torch.device:
    try:
        return torch.device(name) if index is None else torch.device(name, index)
    except (RuntimeError, TypeError) as error:
        raise InvalidValueError('it has an unknown device') from error


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *rest: Any) -> torch.Tensor:
    return make_tensor(storage, offset, size, stride, bool(rest and rest[0]))


def _tensor_of_type(
    storage: Any, offset: Any, size: Any, stride: Any, grad: Any, hooks: Any, dtype: Any, *_: Any
) -> torch.Tensor:
    return make_tensor(storage, offset, size, stride, bool(grad), dtype)


def _parameter(data: Any, requires_grad: Any, *_: Any) -> torch.nn.Parameter:
    if not isinstance(data, torch.Tensor):
        raise InvalidValueError('it has a parameter without a tensor')
    return torch.nn.Parameter(data.detach(), bool(requires_grad) and data.is_floating_point())


def _sized(sizes: Any = ()) -> torch.Size:
    if not all(type(size) is int and 0 <= size < 2**48 for size in sizes):
        raise InvalidValueError('it has a size that is not made of whole numbers')
    return torch.Size(sizes)


CONSTANTS = dict(NONE=None, NEWTRUE=True, NEWFALSE=False, MARK=MARK)
LITERALS = frozenset(
    [
        *('INT', 'BININT', 'BININT1', 'BININT2', 'LONG', 'LONG1', 'LONG4', 'FLOAT', 'BINFLOAT'),
        *('STRING', 'BINSTRING', 'SHORT_BINSTRING', 'UNICODE', 'BINUNICODE', 'BINUNICODE8'),
        *('SHORT_BINUNICODE', 'BINBYTES', 'BINBYTES8', 'SHORT_BINBYTES'),
    ]
)
EMPTY: dict[str, Callable] = dict(
    EMPTY_LIST=list, EMPTY_TUPLE=tuple, EMPTY_DICT=dict, EMPTY_SET=set
)
FROM_MARK: dict[str, Callable] = dict(LIST=list, TUPLE=tuple, FROZENSET=frozenset, DICT=_pairs)
TUPLES = dict(TUPLE1=1, TUPLE2=2, TUPLE3=3)
#: Number of values that each takes from the stack; 0 for all back to the mark.
ADDING = dict(APPEND=1, SETITEM=2, APPENDS=0, SETITEMS=0, ADDITEMS=0)
#: Largest absolute value of an integer; Python refuses to print much larger ones.
LARGEST_NUMBER = 2**256
#: What a checkpoint may call, and what is called instead.
FUNCTIONS: dict[str, Callable] = {
    'torch._utils._rebuild_tensor': _tensor,
    'torch._utils._rebuild_tensor_v2': _tensor,
    'torch._utils._rebuild_tensor_v3': _tensor_of_type,
    'torch._utils._rebuild_parameter': _parameter,
    'torch._tensor._rebuild_from_type_v2': _tensor,  # see _Reader._make
    'torch.Size': _sized,
    'torch.device': _device,
    'collections.OrderedDict': OrderedDict,
    'collections.Counter': Counter,
    'builtins.set': set,
    'builtins.frozenset': frozenset,
    'builtins.bytes': lambda: b'',
    'builtins.getattr': _statistic,
    '_codecs.encode': _encoded,
    'numpy.core.multiarray.scalar': make_scalar,
    'numpy._core.multiarray.scalar': make_scalar,
}
#: Values that are made empty and get their content afterwards.
UNFINISHED: dict[str, Callable] = {
    'numpy.dtype': UnfinishedDtype,
    'numpy.core.multiarray._reconstruct': UnfinishedArray,
    'numpy._core.multiarray._reconstruct': UnfinishedArray,
    HISTORY: UnfinishedHistory,
}
#: Names that are only arguments of calls.
NAMES = frozenset(
    [
        'numpy.ndarray',
        'torch.Tensor',
        'torch.nn.parameter.Parameter',
        'copyreg._reconstructor',
        'builtins.object',
    ]
)
