"""How a computation runs: threads, memory, progress, warnings and cancellation.

Steps do not carry these as parameters. The caller (a notebook, a widget, the command line) opens an
:func:`execution`; the engine finds it, through a context variable, wherever it is called below.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

import psutil

from darfix_core.errors import Cancelled, DarfixWarning

ProgressCallback = Callable[[float, str], None]

#: The scheduler that computes here, in threads of this process.
THREADS = "threads"

_SIZE = re.compile(r"(?P<number>\d+(\.\d+)?)\s*(?P<unit>[KMGT]?)(i?B)?", re.IGNORECASE)
_FACTORS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True, eq=False)
class Execution:
    """Conditions of a computation.

    Parameters
    ----------
    threads : int
        Number of threads that compute.
    memory : int, bytes
        What the blocks in flight may occupy.
    progress : callable or None
        ``progress(fraction, what)``, with fraction in 0 to 1; called from the thread that runs the step.
    cancelled : callable or None
        Returns True once the computation should stop.
    on_warning : callable or None
        Takes the text of a warning; None: `warnings.warn`.
    scheduler : str or distributed.Client
        ``"threads"``, or the cluster that computes: see :func:`execution`.
    """

    threads: int
    memory: int
    progress: ProgressCallback | None = None
    cancelled: Callable[[], bool] | None = None
    on_warning: Callable[[str], None] | None = None
    scheduler: Any = THREADS

    @property
    def remote(self) -> bool:
        """True where a cluster computes."""
        return not (isinstance(self.scheduler, str) and self.scheduler == THREADS)

    def check_cancelled(self) -> None:
        """Stop here if asked to.

        Raises
        ------
        Cancelled
            If the computation was cancelled.
        """
        if self.cancelled is not None and self.cancelled():
            raise Cancelled("the computation was cancelled")

    def report(self, fraction: float, what: str) -> None:
        """Tell how far the computation is."""
        if self.progress is not None:
            self.progress(min(1.0, fraction), what)


_current: ContextVar[Execution | None] = ContextVar("darfix_execution", default=None)


# Texts that are collected instead of being told at once.
_collected: ContextVar[list[str] | None] = ContextVar("darfix_warnings", default=None)


def available_threads() -> int:
    """Number of threads by default: ``DARFIX_THREADS``, else the processors that this process may use.

    Raises
    ------
    ValueError
        If ``DARFIX_THREADS`` is no positive integer.
    """
    text = os.environ.get("DARFIX_THREADS", "")
    if not text:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"DARFIX_THREADS must be a positive integer, got {text!r}")
    return int(text)


def memory_budget() -> int:
    """Bytes that blocks may occupy: ``DARFIX_MEMORY`` ("2GB", "500M"), else a quarter of the free memory.

    Raises
    ------
    ValueError
        If ``DARFIX_MEMORY`` is no size.
    """
    text = os.environ.get("DARFIX_MEMORY", "")
    if not text:
        return int(psutil.virtual_memory().available // 4)
    match = _SIZE.fullmatch(text.strip())
    if match is None or float(match["number"]) == 0:
        raise ValueError(f"DARFIX_MEMORY must be a size such as '2GB' or '500M', got {text!r}")
    return int(float(match["number"]) * _FACTORS[match["unit"].upper()])


def default_scheduler() -> str:
    """Scheduler by default: ``DARFIX_SCHEDULER``, else the threads of this process."""
    return os.environ.get("DARFIX_SCHEDULER", "") or THREADS


def current_execution() -> Execution:
    """Conditions in force: those of the innermost :func:`execution`, else the defaults."""
    return _current.get() or Execution(available_threads(), memory_budget(), scheduler=default_scheduler())


def check_cancelled() -> None:
    """Stop here if the computation in force was asked to. Cheap: nothing is asked of the system.

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
    run = _current.get()
    if run is not None:
        run.check_cancelled()


@contextlib.contextmanager
def execution(
    *,
    threads: int | None = None,
    memory: int | None = None,
    progress: ProgressCallback | None = None,
    cancelled: Callable[[], bool] | threading.Event | None = None,
    on_warning: Callable[[str], None] | None = None,
    scheduler: Any = None,
) -> Iterator[Execution]:
    """Run the steps inside the ``with`` block under the given conditions.

    Threads, memory and scheduler that are not given are those of the execution around this one.

    Parameters
    ----------
    threads : int, optional
        Number of threads; default: see `available_threads`.
    memory : int, bytes, optional
        What blocks may occupy; default: see `memory_budget`.
    progress : callable, optional
        ``progress(fraction, what)``.
    cancelled : callable or threading.Event, optional
        Tells when to stop.
    on_warning : callable, optional
        Takes the text of a warning instead of `warnings.warn`.
    scheduler : str or distributed.Client, optional
        Who computes what is read from files: ``"threads"``, those of this process; ``"local"`` or ``"local:4"``,
        a Dask cluster of worker processes on this machine; the address of a Dask scheduler, such as
        ``"tcp://host:8786"``; or a client that is connected to one. Default: ``DARFIX_SCHEDULER``, else threads.

    Yields
    ------
    Execution

    Raises
    ------
    ValueError
        If a value is none of these.
    """
    for name, value in (("threads", threads), ("memory", memory)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise ValueError(f"{name} must be a positive integer, got {value!r}")
    asked = cancelled.is_set if isinstance(cancelled, threading.Event) else cancelled
    if scheduler == "" or isinstance(scheduler, bool | int | float):
        raise ValueError(f"scheduler must be 'threads', 'local', an address or a client, got {scheduler!r}")
    outer = _current.get()
    run = Execution(
        threads or (outer.threads if outer else available_threads()),
        memory or (outer.memory if outer else memory_budget()),
        progress,
        asked,
        on_warning,
        scheduler or (outer.scheduler if outer else default_scheduler()),
    )
    token = _current.set(run)
    try:
        yield run
    finally:
        _current.reset(token)


@contextlib.contextmanager
def part_of_progress(start: float, stop: float) -> Iterator[None]:
    """Let what is computed inside the ``with`` block move the progress from one fraction to another.

    Parameters
    ----------
    start, stop : float
        Fractions of the whole work, 0 to 1.
    """
    run = current_execution()

    def report(fraction: float, what: str) -> None:
        run.report(start + fraction * (stop - start), what)

    token = _current.set(replace(run, progress=report))
    try:
        yield
    finally:
        _current.reset(token)


def warn(message: str) -> None:
    """Tell the user something about the result: in the widget, on the terminal, in the history."""
    messages = _collected.get()
    if messages is None:
        warnings.warn(message, DarfixWarning, stacklevel=2)
    elif message not in messages:
        messages.append(message)


@contextlib.contextmanager
def collect_warnings() -> Iterator[list[str]]:
    """Collect what :func:`warn` is told inside the ``with`` block."""
    messages: list[str] = []
    token = _collected.set(messages)
    try:
        yield messages
    finally:
        _collected.reset(token)


def deliver_warnings(messages: list[str], stacklevel: int = 3) -> None:
    """Pass collected warnings on: to an enclosing step, the execution's callback, or `warnings.warn`."""
    outer, run = _collected.get(), current_execution()
    for message in messages:
        if outer is not None:
            warn(message)
        elif run.on_warning is not None:
            run.on_warning(message)
        else:
            warnings.warn(message, DarfixWarning, stacklevel=stacklevel)
