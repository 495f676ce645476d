"""What Ray does, in this process, for tests of what surrounds it."""

import contextlib


@contextlib.contextmanager
def ray_session(address=None, processes=None):
    yield


def map_tables(tables, work, arguments=(), actors=None, device='cpu'):
    call = work(*arguments) if isinstance(work, type) else work
    yield from (call(table) for table in tables)


def processes_for(device, wanted):
    return device or 'cpu', wanted or 1


#: What stands in :mod:`handbone.archive.prediction` under the same names.
REPLACEMENTS = (ray_session, map_tables, processes_for)


def use(monkeypatch):
    """Put these in the place of handbone's."""
    from handbone.archive import prediction

    for replacement in REPLACEMENTS:
        monkeypatch.setattr(prediction, replacement.__name__, replacement)
