"""The two file formats of ``torch.save``, read without executing anything.

Since PyTorch 1.6 a file is a zip archive with a pickle and one record per storage. Before, it was
a sequence of pickles followed by the storages.
"""

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import torch

from .pickled_values import Name, read_values
from .stored_values import SIZE_LIMIT, STORAGE_TYPES, InvalidValueError, TypedBytes

#: How the files begin: as a zip archive, or as a bare pickle.
ZIP, PICKLE = b'PK', b'\x80'
#: Errors that Python's reader of zip archives raises for damaged ones.
ZIP_FAULTS = (
    zipfile.BadZipFile,
    OSError,
    EOFError,
    RuntimeError,  # of encrypted or unknown kinds
    ValueError,
    LookupError,
    struct.error,
)
#: First pickle of the old format.
MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
#: Bytes of the header of a record in a zip archive, without name and extra field.
ZIP_HEADER = 30
#: The names of PyTorch's two types of zip archives end in these.
PICKLED = '/data.pkl'


def read_torch_file(content: Path | io.BytesIO, device: torch.device, in_file: bool = False) -> Any:
    """Read a file of ``torch.save``.

    Args:
        content: The file, or its content.
        device: The device of the tensors.
        in_file: Leave tensors in the file until they are used; only for zip archives on disk, whose
            checksums are then not verified.

    Returns:
        Numbers, texts, bytes, containers and tensors.

    Raises:
        ForbiddenError: If something would have to be executed.
        InvalidValueError: If the file is damaged or was not written by ``torch.save``.
    """
    file = content.open('rb') if isinstance(content, Path) else content
    with file:
        start = file.read(2)
        file.seek(0)
        if start[:1] == PICKLE:
            return _read_old(io.BytesIO(file.read()), device)
        if start != ZIP:
            raise InvalidValueError('it was not written by torch.save')
        try:
            with zipfile.ZipFile(file) as archive:
                mapped = content if in_file and isinstance(content, Path) else None
                return _Archive(archive, device, mapped).read()
        except ZIP_FAULTS as error:
            raise InvalidValueError(str(error)) from error


class _Archive:
    """A zip archive of ``torch.save``."""

    def __init__(self, archive: zipfile.ZipFile, device: torch.device, mapped: Path | None) -> None:
        self._archive, self._device = archive, device
        self._records = {info.filename: info for info in archive.infolist()}
        pickles = [name for name in self._records if name.endswith(PICKLED)]
        if len(pickles) != 1 or any(info.compress_type for info in self._records.values()):
            raise InvalidValueError('it is a zip archive, but was not written by torch.save')
        self._folder = pickles[0].removesuffix(PICKLED)
        self._storages: dict[str, torch.UntypedStorage] = {}
        self._mapped = None
        if mapped is not None:
            size = mapped.stat().st_size
            self._mapped = torch.UntypedStorage.from_file(str(mapped), False, size)

    def read(self) -> Any:
        if self._archive_text('byteorder') not in ('', 'little'):
            raise InvalidValueError('it was written by a big-endian machine')
        return read_values(self._archive.read(f'{self._folder}{PICKLED}'), self._storage)

    def _archive_text(self, name: str) -> str:
        path = f'{self._folder}/{name}'
        return self._archive.read(path).decode('latin1') if path in self._records else ''

    def _storage(self, persistent_id: Any) -> TypedBytes:
        key, dtype, size = _described(persistent_id)
        record = self._records.get(f'{self._folder}/data/{key}')
        if record is None or record.file_size < size:
            raise InvalidValueError(f'storage {key[:40]!r} is missing or too short')
        if key not in self._storages:
            self._storages[key] = self._bytes(record).to(device=self._device)
        return TypedBytes(self._storages[key], dtype)

    def _bytes(self, record: zipfile.ZipInfo) -> torch.UntypedStorage:
        if self._mapped is not None:
            start = self._start(record)
            return self._mapped[start : start + record.file_size]
        return _storage_of(self._archive.read(record))

    def _start(self, record: zipfile.ZipInfo) -> int:
        """Find the first byte of a record, after the header with its own extra field."""
        file = self._archive.fp
        assert file is not None
        file.seek(record.header_offset)
        header = file.read(ZIP_HEADER)
        lengths = (int.from_bytes(header[place : place + 2], 'little') for place in (26, 28))
        return record.header_offset + ZIP_HEADER + sum(lengths)


def _described(persistent_id: Any) -> tuple[str, torch.dtype, int]:
    """Read a persistent id: key, type and bytes of a storage."""
    valid = isinstance(persistent_id, tuple) and len(persistent_id) in (5, 6)
    if not valid or persistent_id[0] != 'storage' or any(persistent_id[5:]):
        raise InvalidValueError('it refers to something that is not a storage')
    kind, key, number = persistent_id[1], persistent_id[2], persistent_id[4]
    dtype = STORAGE_TYPES.get(kind.text) if isinstance(kind, Name) else None
    if dtype is None or type(key) is not str or type(number) is not int:
        raise InvalidValueError('it has a storage of an unknown type')
    if not 0 <= number < SIZE_LIMIT:
        raise InvalidValueError(f'storage {key[:40]!r} is missing or too short')
    return key, dtype, number * dtype.itemsize


def _read_old(file: io.BytesIO, device: torch.device) -> Any:
    """Read the format before PyTorch 1.6."""
    if read_values(file, _no_storage) != MAGIC_NUMBER:
        raise InvalidValueError('a pickle of an old kind')
    for _ in ('version of the format', 'about the machine'):
        read_values(file, _no_storage)
    storages: dict[str, TypedBytes] = {}
    room = file.getbuffer().nbytes

    def storage(persistent_id: Any) -> TypedBytes:
        key, dtype, size = _described(persistent_id)
        if key not in storages:
            if sum(each.content.nbytes() for each in storages.values()) + size > room:
                raise InvalidValueError('it has fewer bytes than its tensors')
            storages[key] = TypedBytes(torch.UntypedStorage(size, device=device), dtype)
        if storages[key].content.nbytes() < size:
            raise InvalidValueError(f'storage {key[:40]!r} is too short')
        return storages[key]

    values = read_values(file, storage)
    keys = read_values(file, _no_storage)
    if not isinstance(keys, list) or set(keys) != storages.keys():
        raise InvalidValueError('its tensors have no content')
    for key in keys:
        content = storages[key].content
        count = int.from_bytes(file.read(8), 'little')
        stored = file.read(content.nbytes())
        if len(stored) < content.nbytes() or count * storages[key].dtype.itemsize != len(stored):
            raise InvalidValueError(f'storage {key[:40]!r} is cut off')
        content.copy_(_storage_of(stored))
    return values


def _storage_of(content: bytes) -> torch.UntypedStorage:
    if not content:
        return torch.UntypedStorage(0)
    return torch.frombuffer(bytearray(content), dtype=torch.uint8).untyped_storage()


def _no_storage(persistent_id: Any) -> Any:
    raise InvalidValueError('it refers to a storage where there is none')
