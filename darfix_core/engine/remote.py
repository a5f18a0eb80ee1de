"""Blocks computed by the workers of a Dask cluster: read where they are computed, small results travel.

Everything goes through the executor of ``distributed.Client.get_executor()``. What all tasks of a computation
share, the frames' recipe and the function, is sent to each worker once.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from darfix_core.engine.execution import THREADS, Execution, collect_warnings, execution, warn
from darfix_core.errors import DarfixError

T = TypeVar("T")
R = TypeVar("R")

#: Tasks for each thread of a cluster: progress is told, and cancelling waits, by tasks.
TASKS = 4
# How often a wait looks whether it was cancelled, and how long a cluster may take to answer or to get a worker.
_POLL_S = 0.1
_CONNECT_S = 10.0
_WORKERS_S = 120.0


@dataclass(eq=False)
class Cluster:
    """A Dask cluster that this process is connected to.

    Parameters
    ----------
    client : distributed.Client
    name : str
        How the user named it, for messages.
    """

    client: Any
    name: str
    _checked: set[str] = field(default_factory=set)

    def threads(self, run: Execution) -> int:
        """Number of threads of all workers; waits for the first of them.

        Raises
        ------
        DarfixError
            If there are no workers, or one has another version of this program.
        Cancelled
            If the computation was cancelled while waiting.
        """
        end = time.monotonic() + _WORKERS_S
        while not (threads := self.client.nthreads()):
            run.check_cancelled()
            run.report(0.0, f"waiting for workers of {self.name}")
            if time.monotonic() > end:
                raise DarfixError(f"the scheduler {self.name} has no workers after {_WORKERS_S:.0f} s")
            time.sleep(_POLL_S)
        self._check_versions(set(threads))
        return sum(threads.values())

    def _check_versions(self, workers: set[str]) -> None:
        new = sorted(workers - self._checked)
        if not new:
            return
        here = _version()
        for worker, there in self.client.run(_version, workers=new, on_error="return").items():
            if isinstance(there, Exception):
                raise DarfixError(f"worker {worker} of {self.name} cannot load darfix-core: {there}")
            if there != here:
                raise DarfixError(f"worker {worker} of {self.name} has darfix-core {there}, this is {here}")
        self._checked.update(new)

    def in_order(
        self, function: Callable[[Any, T], R], shared: Any, items: Iterable[T], run: Execution, threads: int
    ) -> Iterator[R]:
        """Results of ``function(shared, item)``, computed by the workers, in the order of the items.

        As many items as the workers have threads are under way, and one more. After an error or a cancellation
        nothing new is started, and what runs is left to end by itself.

        Parameters
        ----------
        function : callable
            Of a module, so that workers find it.
        shared : object
            Sent to every worker once.
        items : iterable
        run : Execution
        threads : int
            From `threads`.

        Yields
        ------
        object
            Result of each item.

        Raises
        ------
        Cancelled
            If the computation was cancelled.
        DarfixError
            If the workers are lost.
        """
        executor = self.client.get_executor(pure=False)
        (sent,) = self.client.scatter([shared], broadcast=True, hash=False)
        pending: deque[Future[tuple[R, list[str]]]] = deque()
        memory = max(1, run.memory // threads)
        try:
            for item in items:
                run.check_cancelled()
                pending.append(executor.submit(_task, function, sent, item, memory))
                if len(pending) > threads:
                    yield self._result(pending.popleft(), run)
            while pending:
                yield self._result(pending.popleft(), run)
        finally:
            for future in pending:
                future.cancel()
            sent.release()

    def _result(self, future: Future[tuple[R, list[str]]], run: Execution) -> R:
        while True:
            run.check_cancelled()
            try:
                result, messages = future.result(timeout=_POLL_S)
            except TimeoutError:
                if not future.done():
                    continue
                raise
            except CancelledError as error:
                # Nobody here has cancelled it: the scheduler has, with the worker that held what the task needs.
                raise DarfixError(f"the workers of {self.name} were lost: they died, or ran out of memory") from error
            except Exception as error:
                if type(error).__module__.startswith("distributed"):
                    raise DarfixError(f"the workers of {self.name} were lost: {error}") from error
                raise
            for message in messages:
                warn(message)
            return result


def _task(function: Callable[[Any, T], R], shared: Any, item: T, memory: int) -> tuple[R, list[str]]:
    """What a worker does: compute one item in its own thread, and tell of warnings."""
    with execution(threads=1, memory=memory, scheduler=THREADS), collect_warnings() as messages:
        return function(shared, item), messages


def _version() -> str:
    from darfix_core import __version__

    return __version__


_lock = threading.Lock()
_clusters: dict[str, Cluster] = {}


@atexit.register
def close_clusters() -> None:
    """Disconnect from all clusters, and end those that this process has started."""
    with _lock:
        while _clusters:
            _, cluster = _clusters.popitem()
            cluster.client.close()
            if cluster.client.cluster is not None:
                cluster.client.cluster.close()


def cluster_of(run: Execution) -> Cluster:
    """Cluster that the execution names, connected once a process.

    Raises
    ------
    DarfixError
        If ``distributed`` is not installed, or the scheduler does not answer.
    ValueError
        If the name is no scheduler.
    """
    if not isinstance(run.scheduler, str):
        return Cluster(run.scheduler, str(run.scheduler.scheduler.address))
    with _lock:
        known = _clusters.get(run.scheduler)
        if known is None or known.client.status != "running":
            known = _clusters[run.scheduler] = Cluster(_connect(run.scheduler, run.threads), run.scheduler)
        return known


def _connect(scheduler: str, threads: int) -> Any:
    try:
        import distributed
    except ImportError as error:
        raise DarfixError(
            f"the scheduler {scheduler!r} needs Dask: pip install 'darfix-core[distributed]' ({error})"
        ) from error
    kind, _, number = scheduler.partition(":")
    if kind == "local":
        if number and not (number.isdecimal() and int(number)):
            raise ValueError(f"scheduler must be 'local' or 'local:N' with N workers, got {scheduler!r}")
        return _start_workers(distributed, int(number or threads))
    if "://" not in scheduler:
        raise ValueError(f"scheduler must be 'threads', 'local', 'local:N' or an address, got {scheduler!r}")
    try:
        return distributed.Client(scheduler, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise DarfixError(f"the scheduler {scheduler} does not answer: {error}") from error


def _start_workers(distributed: Any, number: int) -> Any:
    """Client of a cluster of worker processes on this machine."""
    try:
        # Port 0 is any that is free: several programs may each have a cluster.
        cluster = distributed.LocalCluster(
            n_workers=number, threads_per_worker=1, dashboard_address=":0", silence_logs=logging.CRITICAL
        )
    except RuntimeError as error:
        raise DarfixError(
            f"the worker processes do not start: {error} (a script must start them under "
            "if __name__ == '__main__', as they load it too)"
        ) from error
    return distributed.Client(cluster, set_as_default=False)
