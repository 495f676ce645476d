"""Decoding in processes of their own, so that a decoder that crashes costs one file.

Native decoders may abort on a damaged file, and take the process with them. Worker processes are
started when they are first needed, one per thread that decodes at the same time, and then reused.
"""

import atexit
import contextlib
import io
import json
import os
import subprocess
import sys
import threading
from typing import BinaryIO, cast

import numpy as np

#: Longer than any radiograph takes; damaged files can keep a decoder busy without end.
MAX_SECONDS = 60.0
#: Address space of a worker; what needs more is a damaged file.
MAX_MEMORY = 8 * 2**30
#: The worker finds the package where this process found it.
START = (
    'import json, sys; sys.path[:] = json.loads(sys.argv[1]); '
    'import handbone_command; handbone_command.running = True; '  # register nothing, so quickly
    'from handbone.radiographs.isolated_decoding import main; main()'
)
ATTEMPTS = 2  # a worker may also have been ended from outside


class IsolatedDecodingError(RuntimeError):
    """A worker process could not decode a file, or ended while it did."""


class _Worker:
    """A process that decodes one file at a time; it ends when its input does."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, '-c', START, json.dumps([str(place) for place in sys.path])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl+C at the terminal must not look like a crash
        )
        self._requests = cast(io.BufferedWriter, self._process.stdin)
        self._answers = cast(io.BufferedReader, self._process.stdout)

    def decode(self, kind: str, data: bytes, options: dict[str, int]) -> np.ndarray:
        """Decode a file; ``EOFError`` or ``OSError`` if the process ends."""
        requests, answers = self._requests, self._answers
        timer = threading.Timer(MAX_SECONDS, self._process.kill)
        timer.start()
        try:
            requests.write(json.dumps(dict(kind=kind, size=len(data), options=options)).encode())
            requests.write(b'\n')
            requests.write(data)
            requests.flush()
            line = answers.readline()
            if not line.endswith(b'\n'):
                raise EOFError
            answer = json.loads(line)
            if 'error' in answer:
                raise IsolatedDecodingError(answer['error'])
            pixels = np.empty(answer['shape'], answer['dtype'])
            if answers.readinto(pixels.data.cast('B')) < pixels.nbytes:
                raise EOFError
            return pixels
        finally:
            timer.cancel()

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        for stream in (self._requests, self._answers):
            with contextlib.suppress(OSError):
                stream.close()
        self._process.wait()


class _Workers:
    """The workers of this process that are not decoding at the moment."""

    def __init__(self) -> None:
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()

    def take(self) -> _Worker:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return _Worker()

    def give_back(self, worker: _Worker) -> None:
        with self._lock:
            self._idle.append(worker)

    def stop(self) -> None:
        with self._lock:
            while self._idle:
                self._idle.pop().stop()

    def forget(self) -> None:
        """Leave the workers to the process that this one was forked from."""
        self._idle, self._lock = [], threading.Lock()


_workers = _Workers()
atexit.register(lambda: _workers.stop())
if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=lambda: _workers.forget())


def decode_isolated(kind: str, data: bytes, **options: int) -> np.ndarray:
    """Decode a file in a worker process.

    Args:
        kind: 'dicom' or 'picture'.
        data: Content of the file.
        **options: Arguments of the decoder.

    Returns:
        The stored pixels.

    Raises:
        IsolatedDecodingError: If the file cannot be decoded, or the decoder crashes on it or takes
            too long.
    """
    for _ in range(ATTEMPTS):
        worker = _workers.take()
        try:
            pixels = worker.decode(kind, data, options)
        except IsolatedDecodingError:
            _workers.give_back(worker)
            raise
        except (EOFError, OSError, ValueError):
            worker.stop()
        except BaseException:
            worker.stop()
            raise
        else:
            _workers.give_back(worker)
            return pixels
    raise IsolatedDecodingError('its decoder crashes or does not come to an end')


def main() -> None:
    """Decode what the other process sends, until it ends."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), 'wb')
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # decoders print where the answers go
    _limit_resources()
    while line := requests.readline():
        request = json.loads(line)
        _answer(answers, request['kind'], requests.read(request['size']), request['options'])


def _answer(answers: BinaryIO, kind: str, data: bytes, options: dict[str, int]) -> None:
    try:
        pixels = _decode(kind, data, options)
    except Exception as error:  # decoders raise whatever damaged bytes lead them to
        answers.write(json.dumps(dict(error=str(error) or type(error).__name__)).encode() + b'\n')
    else:
        about = dict(shape=pixels.shape, dtype=pixels.dtype.str)
        answers.write(json.dumps(about).encode() + b'\n')
        answers.write(np.ascontiguousarray(pixels).data.cast('B'))
    answers.flush()


def _decode(kind: str, data: bytes, options: dict[str, int]) -> np.ndarray:
    if kind == 'picture':
        from .picture_formats import decode_by_opencv

        return decode_by_opencv(data, **options)
    from .dicom_decoding import decode_by_pydicom

    return decode_by_pydicom(data)


def _limit_resources() -> None:
    """Let a decoder run out of memory before the machine does, and leave no core files."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    for limit, value in ((resource.RLIMIT_AS, MAX_MEMORY), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):
            _, hard = resource.getrlimit(limit)
            highest = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(limit, (highest, hard))


if __name__ == '__main__':
    main()
