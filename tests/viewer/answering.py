"""A viewer that answers in this process."""

import threading
from contextlib import contextmanager


@contextmanager
def answering(app, host='127.0.0.1', **settings):
    """Let an application answer on a free port; gives the address of its page."""
    from handbone.viewer.server import prepare

    prepared = prepare(app, host, 0, **settings)
    thread = threading.Thread(target=prepared.run)
    thread.start()
    try:
        yield prepared.address
    finally:
        prepared.server.should_exit = True
        thread.join()
