"""What counts as the failure of one image, and what ends a run."""

import errno

import torch

from handbone.errors import HandboneError
from handbone.extras import MissingExtraError

#: How the text of a RuntimeError tells that memory ran out or a GPU stopped working.
MACHINE_FAULTS = ('CUDA error', 'CUBLAS_STATUS', "can't allocate memory", 'not enough memory')
#: Numbers of an OSError that is due to the name of a file.
NAME_FAULTS = (errno.ENAMETOOLONG, errno.EILSEQ)
#: Characters of an error that are kept.
LONGEST_REASON = 500


def failure_text(error: Exception, place: str, step: str) -> str:
    """Say in one line why an image failed, unless its error ends the run.

    Any error that one image raises is its failure. Faults of the machine are not: lack of memory,
    a disk that is full, a GPU that stopped working, a package that is not installed. They would
    come again with the next image.

    Args:
        error: What was raised.
        place: The file or the name of the image.
        step: What could not be done to the image, as a participle such as 'read'.

    Returns:
        The image, what is wrong with it and, if known, what to do.

    Raises:
        Exception: The error, if it ends the run.
    """
    if _ends_run(error):
        raise error
    text = ' '.join(str(error).split())
    if len(text) > LONGEST_REASON:
        text = f'{text[:LONGEST_REASON]} …'
    if isinstance(error, HandboneError):
        return text if place in text else f'{place}: {text}'
    kind = type(error).__name__
    return (
        f'{place}: the image cannot be {step} ({kind}: {text})'
        if text
        else (f'{place}: the image cannot be {step} ({kind})')
    )


def _ends_run(error: Exception) -> bool:
    if isinstance(error, OSError):  # decoders raise it too, but without a number
        return error.errno is not None and error.errno not in NAME_FAULTS
    if isinstance(error, (MemoryError, torch.OutOfMemoryError, MissingExtraError)):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in MACHINE_FAULTS)
