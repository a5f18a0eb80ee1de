"""Ctrl-C, and SIGTERM as batch systems send it: a run stops in order, then the process tells why."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from darfix_core.commands.terminal import PROGRAM
from darfix_core.errors import Cancelled

# Seconds that the end of a run waits for the line, should the terminal be stuck.
_PATIENCE = 1.0

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

    The first one is answered at once by a line, since what runs may take a moment to stop.

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
    teller = threading.Thread(target=_tell_of_cancelling, daemon=True)

    def interrupted(number: int, frame: FrameType | None) -> None:
        nonlocal first
        if event.is_set():
            raise Terminated if number == signal.SIGTERM else KeyboardInterrupt
        first = signal.Signals(number)
        event.set()
        # Who was interrupted may be writing, and hold what a line needs: another thread waits for it.
        teller.start()

    with _handlers({signal.SIGINT: interrupted, signal.SIGTERM: interrupted}):
        try:
            yield event
        except Cancelled:
            if first == signal.SIGTERM:
                raise Terminated from None
            raise
        finally:
            if teller.ident is not None:
                teller.join(_PATIENCE)


def _tell_of_cancelling() -> None:
    sys.stderr.write(f"{PROGRAM}: cancelling ... (once more to stop at once)\n")
    sys.stderr.flush()


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
