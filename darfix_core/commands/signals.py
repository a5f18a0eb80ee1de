"""Ctrl-C, and SIGTERM as batch systems send it: a run stops in order, then the process tells why."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from darfix_core.errors import Cancelled

_Handler = Callable[[int, FrameType | None], None]


class Terminated(KeyboardInterrupt):
    """SIGTERM has asked the process to end."""


@contextlib.contextmanager
def terminate_as_interrupt() -> Iterator[None]:
    """SIGTERM raises `Terminated`, so that files are tidied up as after Ctrl-C."""

    def terminated(number: int, frame: FrameType | None) -> None:
        raise Terminated

    with _handlers({signal.SIGTERM: terminated}):
        yield


@contextlib.contextmanager
def cancel_on_interrupt() -> Iterator[threading.Event]:
    """Event that the first Ctrl-C or SIGTERM sets, so that a run stops in order; the second one interrupts at once.

    Yields
    ------
    threading.Event

    Raises
    ------
    Terminated
        If it was SIGTERM that cancelled the run.
    """
    event = threading.Event()
    first = signal.SIGINT

    def interrupted(number: int, frame: FrameType | None) -> None:
        nonlocal first
        if event.is_set():
            raise Terminated if number == signal.SIGTERM else KeyboardInterrupt
        first = signal.Signals(number)
        event.set()

    with _handlers({signal.SIGINT: interrupted, signal.SIGTERM: interrupted}):
        try:
            yield event
        except Cancelled:
            if first == signal.SIGTERM:
                raise Terminated from None
            raise


@contextlib.contextmanager
def _handlers(handlers: dict[signal.Signals, _Handler]) -> Iterator[None]:
    """Handlers of signals for a while; Python lets the main thread alone set them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
