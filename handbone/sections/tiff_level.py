"""One resolution of a TIFF, of which parts are read without decoding the rest."""

import math
import os
import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handbone.radiographs import RadiographError
from handbone.radiographs.errors import COPY_AGAIN, reason

if TYPE_CHECKING:
    from tifffile import TiffPage

#: Decoded tiles and strips that a process keeps, as neighbouring windows share them.
CACHE_BYTES = 64 * 2**20
#: Values of a tile or strip, which are decoded at once.
MOST_DECODED = 2**30
UNCOMPRESSED = 1
COLORS = 3


class TiffLevel:
    """Reads parts of one page of a TIFF, tile by tile or strip by strip.

    No file stays open: a data loader's workers and reading threads share the object.

    Args:
        path: The file.
        page: The page, with 3 or 4 samples of 8 bits.
        file_size: Bytes of the file.

    Attributes:
        size: Height and width in pixels.

    Raises:
        RadiographError: A tile or strip lies beyond the end of the file, or is too large.
    """

    def __init__(self, path: Path, page: 'TiffPage', file_size: int) -> None:
        self.path = path
        self.size = (int(page.imagelength), int(page.imagewidth))
        self._page = page
        self._offsets, self._counts = tuple(page.dataoffsets), tuple(page.databytecounts)
        self._check_complete(file_size)
        # both are read from the file at the first access, which is not safe in threads
        self._decode, self._jpegtables = page.decode, page.jpegtables
        self._key = (str(path), path.stat().st_mtime_ns, int(page.offset))
        self._plain = (
            page.is_contiguous
            and page.compression == UNCOMPRESSED
            and not page.is_tiled
            and page.planarconfig == 1
        )
        if not self._plain and math.prod(page.chunks) > MOST_DECODED:
            raise RadiographError.at(
                path,
                f'the TIFF is compressed in parts of {" x ".join(map(str, page.chunks))} values, '
                'which are decoded as a whole',
                'Save it in tiles',
            )

    def read(self, rows: slice, columns: slice) -> np.ndarray:
        """Read a rectangle.

        Args:
            rows: Its rows, within the level.
            columns: Its columns, within the level.

        Returns:
            (height, width, 3) RGB, uint8.

        Raises:
            RadiographError: It cannot be read or decoded.
        """
        try:
            if self._plain:
                return self._read_plain(rows, columns)
            return self._read_segments(rows, columns)
        except OSError as error:
            raise RadiographError.at(
                self.path,
                f'the image cannot be read ({error.strerror or error})',
                'Check that the file exists and that you may read it',
            ) from error

    def _read_plain(self, rows: slice, columns: slice) -> np.ndarray:
        """Map uncompressed rows into memory and copy the rectangle."""
        shape = (*self.size, self._page.samplesperpixel)
        mapped = np.memmap(self.path, np.uint8, 'r', self._offsets[0], shape)
        return np.array(mapped[rows, columns, :COLORS])

    def _read_segments(self, rows: slice, columns: slice) -> np.ndarray:
        height, width = rows.stop - rows.start, columns.stop - columns.start
        image = np.empty((height, width, COLORS), np.uint8)
        for index in self._touched(rows, columns):
            segment, (sample, top, left) = self._segment(index)
            first, last = max(top, rows.start), min(top + segment.shape[0], rows.stop)
            start, stop = max(left, columns.start), min(left + segment.shape[1], columns.stop)
            if sample >= COLORS or first >= last or start >= stop:
                continue
            part = segment[first - top : last - top, start - left : stop - left, :COLORS]
            planes = slice(sample, sample + part.shape[2])
            place = slice(first - rows.start, last - rows.start)
            image[place, start - columns.start : stop - columns.start, planes] = part
        return image

    def _touched(self, rows: slice, columns: slice) -> list[int]:
        """List the tiles or strips that a rectangle needs."""
        page = self._page
        length = page.tilelength if page.is_tiled else min(page.rowsperstrip, self.size[0])
        width = page.tilewidth if page.is_tiled else self.size[1]
        down, across = -(-self.size[0] // length), -(-self.size[1] // width)
        grid_rows = range(rows.start // length, -(-rows.stop // length))
        grid_columns = range(columns.start // width, -(-columns.stop // width))
        planes = COLORS if page.planarconfig == 2 else 1
        return [
            (plane * down + row) * across + column
            for plane in range(planes)
            for row in grid_rows
            for column in grid_columns
        ]

    def _segment(self, index: int) -> tuple[np.ndarray, tuple[int, int, int]]:
        """Decode a tile or strip: (height, width, samples), and its sample, row and column."""
        key = (*self._key, index)
        cached = _cache.get(key)
        if cached is not None:
            return cached
        data = None  # a sparse file leaves out what is empty
        if self._counts[index]:
            with self.path.open('rb') as file:
                data = os.pread(file.fileno(), self._counts[index], self._offsets[index])
        try:
            decoded, place, shape = self._decode(data, index, jpegtables=self._jpegtables)
        except MemoryError:
            raise
        except Exception as error:  # decoders raise whatever damaged bytes lead them to
            raise self._undecodable(index, error) from error
        sample, _, top, left, _ = place
        if decoded is None:
            decoded = np.full(shape, self._page.nodata, np.uint8)
        segment = decoded.reshape(decoded.shape[-3:])[: shape[1], : shape[2]]
        _cache.put(key, (segment, (sample, top, left)), segment.nbytes)
        return segment, (sample, top, left)

    def _undecodable(self, index: int, error: Exception) -> RadiographError:
        kind = 'tile' if self._page.is_tiled else 'strip'
        if 'imagecodecs' in str(error):  # tifffile asks for it by name
            remedy = 'Install it: pip install "handbone[tissue]"'
        else:
            remedy = COPY_AGAIN
        problem = f'{kind} {index} of the TIFF cannot be decoded ({reason(error)})'
        return RadiographError.at(self.path, problem, remedy)

    def _check_complete(self, file_size: int) -> None:
        ends = [start + count for start, count in zip(self._offsets, self._counts, strict=True)]
        missing = sum(end > file_size for end in ends)
        if missing or not ends:
            raise RadiographError.at(
                self.path,
                f'the TIFF is cut off: {missing} of its {len(ends)} '
                f'{"tiles" if self._page.is_tiled else "strips"} lie beyond the end of the file '
                f'of {file_size} bytes',
                COPY_AGAIN,
            )


class _Cache:
    """The tiles and strips that were used last, up to a number of bytes."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self.clear()

    def clear(self) -> None:
        self._bytes = 0
        self._entries: OrderedDict[tuple, tuple] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple) -> tuple | None:
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            return self._entries[key][0]

    def put(self, key: tuple, value: tuple, size: int) -> None:
        with self._lock:
            if key in self._entries or size > self._capacity:
                return
            self._entries[key] = value, size
            self._bytes += size
            while self._bytes > self._capacity:
                self._bytes -= self._entries.popitem(last=False)[1][1]


_cache = _Cache(CACHE_BYTES)
# a lock that another thread holds would stay locked in a worker that is forked meanwhile
if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_cache.clear)
