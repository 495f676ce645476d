"""Work that is ended without a word, as by ``kill -9``, and what it leaves behind."""

import os
import signal


def contents(folder):
    """Content of every file by its name, hidden ones included."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file()
    }


def is_hidden(name):
    """Whether a file is one that is being written, or in a folder that is."""
    return any(part.startswith('.') for part in name.split('/'))


def dying_at(number, function):
    """A function that does its work until it is called for this time, and then ends its process."""
    calls = 0

    def called(*arguments, **settings):
        nonlocal calls
        calls += 1
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **settings)

    return called


def killed(work):
    """Do work in a child process, and check that it was killed in the middle of it."""
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
