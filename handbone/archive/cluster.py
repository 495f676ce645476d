"""Runs work with Ray, on this machine or on a cluster."""

import contextlib
import logging
import os
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from handbone.errors import HandboneError

#: Seconds in which the address of a cluster must answer.
CONNECTION_TIMEOUT = 5
#: Processes exchange names and hashes only; images stay in the process that reads them.
OBJECT_STORE_BYTES = 100 * 2**20


@contextlib.contextmanager
def ray_session(address: str | None = None, processes: int | None = None) -> Iterator[None]:
    """Use the Ray that is already running or a cluster, or start Ray on this machine.

    Args:
        address: ``auto``, ``host:port`` or ``ray://host:port``; ``None`` starts Ray on this
            machine until the block ends.
        processes: Processes that Ray on this machine must be able to run at once, even if there are
            fewer cores.

    Yields:
        Nothing.

    Raises:
        HandboneError: If no cluster answers at the address.
    """
    os.environ.setdefault('RAY_USAGE_STATS_ENABLED', '0')
    import ray

    if ray.is_initialized():
        yield
        return
    options: dict[str, Any] = {'log_to_driver': False, 'logging_level': logging.ERROR}
    if address is None:
        cores = len(os.sched_getaffinity(0))
        options |= {
            'address': 'local',
            'num_cpus': max(cores, processes or 1),
            'include_dashboard': False,
            'object_store_memory': OBJECT_STORE_BYTES,
        }
    else:
        check_address(address)
        options['address'] = address
    try:
        ray.init(**options)
    except (ConnectionError, RuntimeError) as error:
        if address is None:
            raise
        raise _no_cluster(address, error) from error
    try:
        yield
    finally:
        ray.shutdown()


def check_address(address: str) -> None:
    """Fail within seconds if nothing listens at an address; Ray itself tries for minutes.

    Args:
        address: As for :func:`ray_session`.

    Raises:
        HandboneError: If it is not an address or nothing listens there.
    """
    if address == 'auto':
        return
    parts = re.fullmatch(r'(?:ray://)?(\[[^\]]+\]|[^:/]+):(\d{1,5})', address)
    if parts is None:
        raise HandboneError(
            f'--address {address!r} is not the address of a cluster: give auto, HOST:6379 or '
            'ray://HOST:10001'
        )
    try:
        socket.create_connection((parts[1].strip('[]'), int(parts[2])), CONNECTION_TIMEOUT).close()
    except (OSError, OverflowError) as error:
        raise _no_cluster(address, error) from error


def map_tables(
    tables: Sequence[pa.Table],
    work: Callable[..., pa.Table] | type,
    arguments: tuple = (),
    actors: int | None = None,
    device: str = 'cpu',
) -> Iterator[pa.Table]:
    """Apply a function to tables, or a class whose objects live in processes of their own.

    Ray restarts processes that are killed and repeats their work, as often as that happens.

    Args:
        tables: Each one is one call, as a whole.
        work: A function, or a class whose objects are called.
        arguments: Arguments of the class.
        actors: Number of objects; each has its own process and core, and on ``cuda`` its own GPU.
        device: ``cpu`` or ``cuda``.

    Yields:
        The results, as they come.

    Raises:
        HandboneError: If a machine of the cluster lacks this package.
    """
    import ray
    import ray.data

    if ray.util.client.ray.is_connected():
        yield from _on_the_cluster(tables, work, arguments, actors, device)
        return
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    logging.getLogger('ray.data').setLevel(logging.ERROR)
    options: dict[str, Any] = {'batch_size': None, 'batch_format': 'pyarrow', 'num_cpus': 1}
    if actors is not None:
        size = min(actors, len(tables))
        options['compute'] = ray.data.ActorPoolStrategy(size=size, max_tasks_in_flight_per_actor=2)
        options['fn_constructor_args'] = arguments
        options['num_gpus'] = 1 if device.startswith('cuda') else None
    try:
        results = ray.data.from_arrow(list(tables)).map_batches(work, **options)
        yield from results.iter_batches(batch_size=None, batch_format='pyarrow', prefetch_batches=0)
    except ray.exceptions.RayError as error:
        if "No module named 'handbone" not in str(error):
            raise
        raise HandboneError(
            'a machine of the cluster has no handbone: install it there with the same extras as '
            'here'
        ) from error


def _on_the_cluster(*call: Any) -> Iterator[pa.Table]:
    """Call :func:`map_tables` on the cluster: Ray Data does not work through ``ray://`` itself."""
    import ray

    class Mapping:
        def __init__(self) -> None:
            self._results = map_tables(*call)

        def next(self) -> pa.Table | None:
            return next(self._results, None)

    mapping: Any = ray.remote(num_cpus=0)(Mapping).remote()
    while (table := ray.get(mapping.next.remote())) is not None:
        yield table


def processes_for(device: str | None, wanted: int | None) -> tuple[str, int]:
    """Decide on which devices to predict, and in how many processes.

    Args:
        device: ``cpu`` or ``cuda``; ``None`` takes GPUs where the cluster has some.
        wanted: Processes; ``None`` takes one per GPU, or one per core.

    Returns:
        The device and the number of processes.

    Raises:
        HandboneError: If the cluster has fewer GPUs or cores.
    """
    import ray

    resources = ray.cluster_resources()
    cores, gpus = int(resources.get('CPU', 0)), int(resources.get('GPU', 0))
    device = device or ('cuda' if gpus else 'cpu')
    on_gpus = device.startswith('cuda')
    present, kind = (gpus, 'GPUs') if on_gpus else (cores, 'cores')
    if not present:
        other = 'cpu' if on_gpus else 'cuda'
        raise HandboneError(f'Ray has no {kind}: give --device {other}, or add a machine with some')
    if wanted is not None and wanted > present:
        raise HandboneError(
            f'{wanted} processes on {device} need as many {kind}, and Ray has {present}: lower '
            '--actors'
        )
    return device, wanted or present


def _no_cluster(address: str, error: Exception) -> HandboneError:
    reason = str(error).strip().partition('\n')[0]
    return HandboneError(
        f'no Ray cluster answers at {address} ({reason}): start one with "ray start --head", '
        'correct --address, set RAY_AUTH_MODE=token if the cluster asks for a token, or leave out '
        '--address to use this machine'
    )
