"""Let a worker of the data loader fail in a named way, and end as the tools do.

python failing_loader.py kill [tensors]
"""

import os
import signal
import sys

from torch.utils.data import DataLoader, Dataset

from handbone.cli.user_errors import user_errors_in_one_line

ACTS = {
    'kill': lambda: os.kill(os.getpid(), signal.SIGKILL),
    'bus': lambda: os.kill(os.getpid(), signal.SIGBUS),
    'exit': lambda: os._exit(1),
    'memory': lambda: bytearray(2**60),
}


class Failing(Dataset):
    """Does something to the worker that prepares its third sample."""

    def __len__(self):
        return 6

    def __getitem__(self, index):
        if index == 2:
            ACTS[sys.argv[1]]()
        return index


# tensors go over a connection of their own, which breaks when the worker dies
collate = {} if 'tensors' in sys.argv else dict(collate_fn=list)
with user_errors_in_one_line():
    list(DataLoader(Failing(), num_workers=1, timeout=60, **collate))
