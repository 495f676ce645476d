"""Radiographs read ahead of the network, in threads."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from handbone.radiographs import Radiograph, RadiographError, read_radiograph
from handbone.radiographs.window import Window

from .sources import Source


def read_ahead(
    sources: Iterable[Source], workers: int, ahead: int, window: Window = 'file'
) -> Iterator[tuple[Source, Radiograph | RadiographError]]:
    """Read sources in threads and give them out in their order.

    Args:
        sources: The sources.
        workers: Number of threads.
        ahead: How many images are read before they are asked for, at most.
        window: As :func:`handbone.radiographs.read_radiograph` takes it.

    Yields:
        Each source with its image, or with what is wrong with its file.
    """
    waiting: deque[tuple[Source, Future]] = deque()
    with ThreadPoolExecutor(workers, 'reading') as threads:
        try:
            for source in sources:
                waiting.append((source, threads.submit(_read, source, window)))
                if len(waiting) > ahead:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            threads.shutdown(cancel_futures=True)


def _read(source: Source, window: Window) -> Radiograph | RadiographError:
    if source.image is not None:
        return Radiograph(source.image)
    try:
        return read_radiograph(source.path, window)
    except RadiographError as error:
        return error
