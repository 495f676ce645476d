"""Print what the user is told when a worker of the data loader fails in a named way."""

import os
import signal
import sys

from torch.utils.data import DataLoader, Dataset

from handbone.apis.user_errors import user_message

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


try:
    list(DataLoader(Failing(), num_workers=1, timeout=60))
except Exception as error:
    print(user_message(error))
