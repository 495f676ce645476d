"""Memory allocation when training on CPUs."""

import ctypes
import sys

# Parameters of glibc's mallopt, from malloc.h.
M_TRIM_THRESHOLD = -1
M_TOP_PAD = -2
M_MMAP_THRESHOLD = -3


def keep_freed_memory() -> None:
    """Let the C library keep the memory of freed tensors instead of giving it back each time.

    A training step frees and allocates the same large tensors again and again. By default the
    kernel maps each of them again and fills it with zeros page by page, which takes up to a quarter
    of the step. Does nothing if the C library is not glibc.
    """
    if not sys.platform.startswith('linux'):
        return
    library = ctypes.CDLL(None)
    if hasattr(library, 'gnu_get_libc_version'):
        library.mallopt(M_MMAP_THRESHOLD, 1 << 30)
        library.mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1)
        library.mallopt(M_TOP_PAD, 1 << 28)
