from .durable_backend import CheckpointWriteError, DurableBackend
from .loading import CheckpointError, load_checkpoint_file
from .newest import (
    checkpoint_folder,
    find_checkpoint,
    is_address,
    last_checkpoint,
    newest_checkpoint,
)
from .published import read_published, write_published
from .trust import unpickling
from .writing import write_checkpoint

__all__ = [
    'CheckpointError',
    'CheckpointWriteError',
    'DurableBackend',
    'checkpoint_folder',
    'find_checkpoint',
    'is_address',
    'last_checkpoint',
    'load_checkpoint_file',
    'newest_checkpoint',
    'read_published',
    'unpickling',
    'write_checkpoint',
    'write_published',
]
