"""The one thread pool of the process, and tasks run on it in order."""

from __future__ import annotations

import contextvars
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from darfix_core.engine.execution import Execution

T = TypeVar("T")
R = TypeVar("R")

_PREFIX = "darfix-block"
_lock = threading.Lock()
_pools: dict[int, ThreadPoolExecutor] = {}


def _pool(threads: int) -> ThreadPoolExecutor:
    """Executor with that many threads, made once; asking for another number makes another."""
    with _lock:
        if threads not in _pools:
            _pools[threads] = ThreadPoolExecutor(threads, thread_name_prefix=_PREFIX)
        return _pools[threads]


def _forget_pools() -> None:
    """Threads do not live on in a forked process: it makes its own."""
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()
    _pools.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pools)


def in_worker() -> bool:
    """True in a thread of the pool, where tasks run one after the other instead of waiting for the pool."""
    return threading.current_thread().name.startswith(_PREFIX)


def run_in_order(function: Callable[[T], R], items: Iterable[T], run: Execution) -> Iterator[R]:
    """Results of ``function(item)``, computed by several threads, in the order of the items.

    At most two items a thread are under way, so that results do not pile up. Between items the loop looks
    whether the computation was cancelled. After an error or a cancellation nothing new is started, and what
    runs is waited for.

    Parameters
    ----------
    function : callable
    items : iterable
    run : Execution

    Yields
    ------
    object
        Result of each item.

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
    if run.threads == 1 or in_worker():
        for item in items:
            run.check_cancelled()
            yield function(item)
        return
    pool, pending = _pool(run.threads), deque[Future[R]]()
    try:
        for item in items:
            run.check_cancelled()
            # Under the conditions of the caller: a source that reads long looks whether it was cancelled.
            pending.append(pool.submit(contextvars.copy_context().run, function, item))
            if len(pending) > 2 * run.threads:
                yield pending.popleft().result()
        while pending:
            run.check_cancelled()
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()
        for future in pending:
            if not future.cancelled():
                future.exception()


def run_all(function: Callable[[T], object], items: Iterable[T], run: Execution) -> None:
    """Call ``function(item)`` for all items, for what it does; see `run_in_order`."""
    deque(run_in_order(function, items, run), maxlen=0)


def read_ahead(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Results of ``function(item)`` in order, the next one being computed while the caller uses the last.

    The reader works under the conditions of the caller: the same execution, threads and cancelling.

    Parameters
    ----------
    function : callable
        Reads a block of a file.
    items : iterable

    Yields
    ------
    object
    """
    with ThreadPoolExecutor(1, thread_name_prefix="darfix-read") as reader:
        ahead: Future[R] | None = None
        try:
            for item in items:
                following = reader.submit(contextvars.copy_context().run, function, item)
                if ahead is not None:
                    yield ahead.result()
                ahead = following
            if ahead is not None:
                yield ahead.result()
        finally:
            reader.shutdown(wait=True, cancel_futures=True)
