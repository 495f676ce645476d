"""Checkpoints that reach for memory which is not theirs, or that never end."""

import io
import pickle
import zipfile

import numpy as np
import torch


class Made:
    """Becomes, in a pickle, the call of a function and a state set afterwards."""

    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


def array(shape=(1,), dtype=None, content=b'\0'):
    """An array of NumPy in a pickle, of any claims."""
    dtype = np.dtype('u1') if dtype is None else dtype
    start = (np.ndarray, (0,), b'b')
    return Made(np._core.multiarray._reconstruct, start, (1, shape, dtype, False, content))


def dtype_of(code='u1', *state):
    return Made(np.dtype, (code, False, True), (3, '|', *(state or (None, None, None, -1, -1, 0))))


def saved(**content):
    """A checkpoint with a few weights and something else."""
    file = io.BytesIO()
    torch.save(dict(state_dict=dict(weight=torch.arange(4.0)), **content), file)
    return file.getvalue()


def rewritten(old, new, content=None):
    """A checkpoint whose instructions are changed."""
    source = zipfile.ZipFile(io.BytesIO(saved() if content is None else content))
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w') as archive:
        for info in source.infolist():
            data = source.read(info)
            if info.filename.endswith('data.pkl'):
                assert old in data
                data = data.replace(old, new)
            archive.writestr(info, data)
    return file.getvalue()


def number(value):
    """A number of four bytes in a pickle."""
    return pickle.BININT + value.to_bytes(4, 'little', signed=True)


def nested(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value


def bare(instructions):
    """A checkpoint of the instructions alone."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w') as archive:
        archive.writestr('archive/data.pkl', instructions)
        archive.writestr('archive/version', '3\n')
    return file.getvalue()


def multiplying():
    """Lists of ten times the list before: 200 bytes for more values than a disk can hold."""
    value = [0] * 10
    for _ in range(15):
        value = [value] * 10
    return value


def holding_itself():
    value = []
    value.append(value)
    return value


def old_format_without_content():
    """Before PyTorch 1.6: the list of the storages that follow is empty."""
    file = io.BytesIO()
    weights = dict(state_dict=dict(weight=torch.arange(4.0)))
    torch.save(weights, file, _use_new_zipfile_serialization=False)
    data = file.getvalue()
    end = data.rindex(pickle.STOP, 0, data.rindex((4).to_bytes(8, 'little')))
    start = data.rindex(pickle.PROTO + b'\x02', 0, end)
    return data[:start] + pickle.dumps([], 2)


SIZE = b'K\x00K\x04\x85'  # offset 0, size (4,) in the instructions
STRIDE = b'K\x01\x85'  # stride (1,)
COUNT = b'K\x04t'  # the four elements of the storage
HOSTILE = {
    'an array whose elements are arrays': lambda: saved(
        reach=array(dtype=dtype_of('u1', (np.dtype('u1'), (2**20,)), None, None, -1, -1, 0))
    ),
    'a type with fields': lambda: saved(
        reach=array(dtype=dtype_of('u1', None, ('a',), {'a': (np.dtype('u1'), 4096)}, 1, 1, 0))
    ),
    'a type of 4096 bytes': lambda: saved(
        reach=array(dtype=dtype_of('u1', None, None, None, 4096, 1, 0))
    ),
    'an array of objects': lambda: saved(reach=array(dtype=np.dtype('O'), content=bytes(8))),
    'an array larger than its bytes': lambda: saved(reach=array(shape=(2**20,))),
    'an array of negative size': lambda: saved(reach=array(shape=(-1, -1))),
    'an array without content': lambda: saved(
        reach=Made(np._core.multiarray._reconstruct, (np.ndarray, (4096,), b'b'))
    ),
    'a number of a foreign type': lambda: saved(
        reach=Made(np._core.multiarray.scalar, (np.dtype('O'), bytes(8)))
    ),
    'a number without bytes': lambda: saved(
        reach=Made(np._core.multiarray.scalar, (np.dtype('f8'), b''))
    ),
    'a tensor larger than its storage': lambda: rewritten(SIZE, b'K\x00' + number(4096) + b'\x85'),
    'a tensor behind its storage': lambda: rewritten(SIZE, number(4096) + b'K\x04\x85'),
    'a tensor before its storage': lambda: rewritten(SIZE, number(-4) + b'K\x04\x85'),
    'a tensor of negative stride': lambda: rewritten(STRIDE, number(-1) + b'\x85'),
    'a tensor of large stride': lambda: rewritten(STRIDE, number(2**30) + b'\x85'),
    'a storage larger than its record': lambda: rewritten(COUNT, number(4096) + b't'),
    'a storage of negative size': lambda: rewritten(COUNT, number(-4) + b't'),
    'a storage of another record': lambda: rewritten(b'X\x01\x00\x00\x000', b'X\x01\x00\x00\x009'),
    'a storage of an unknown type': lambda: rewritten(b'ctorch\nFloatStorage\n', b'K\x01'),
    'a tensor repeated without end': lambda: rewritten(
        SIZE, b'K\x00' + number(2**30) + b'\x85', rewritten(STRIDE, b'K\x00\x85')
    ),
    'deep nesting': lambda: saved(reach=nested(300)),
    'very deep nesting': lambda: bare(b'\x80\x02' + b']' * 100_000 + b'a' * 99_999 + b'.'),
    'a list in itself': lambda: saved(reach=holding_itself()),
    'values that multiply': lambda: saved(reach=multiplying()),
    'a number of a million bits': lambda: saved(meta=dict(iter=2**1_000_000)),
    'a list as a key': lambda: bare(b'\x80\x02}]Ns.'),
    'an empty stack': lambda: bare(b'\x80\x02s.'),
    'no end': lambda: bare(b'\x80\x02}'),
    'a storage that never comes': old_format_without_content,
}
