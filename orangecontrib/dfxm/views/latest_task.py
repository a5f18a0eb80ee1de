"""Work beside the window: reading frames and curves must not make it stand still."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from AnyQt.QtCore import QObject
from AnyQt.QtCore import pyqtSignal as Signal


class LatestTask(QObject):
    """Runs a function in a thread of its own; a new one takes the place of the last.

    The function is called as ``function(*args, stop)`` and may return early once the event `stop` is set: its
    result is not wanted any more.

    Signals
    -------
    done(object)
        The result of the last function that was started, or its error. Sent in the thread of the window.
    """

    done = Signal(object)
    _finished = Signal(object, object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._stop = threading.Event()
        self._executor: ThreadPoolExecutor | None = None
        self._finished.connect(self._pass_on)

    def start(self, function: Callable[..., Any], *args: Any) -> None:
        """Run a function; one that runs is given up, but its thread is not waited for."""
        self.cancel()
        self._stop = threading.Event()
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="dfxm-view")
        self._executor.submit(self._run, function, args, self._stop)

    def cancel(self) -> None:
        """Give up what runs."""
        self._stop.set()

    def close(self) -> None:
        """Give up what runs, and wait for it."""
        self.cancel()
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None

    def _run(self, function: Callable[..., Any], args: tuple[Any, ...], stop: threading.Event) -> None:
        if stop.is_set():
            return
        result: Any
        try:
            result = function(*args, stop)
        except Exception as error:  # noqa: BLE001  (handed to the window, which shows it)
            result = error
        if not stop.is_set():
            self._finished.emit(stop, result)

    def _pass_on(self, stop: threading.Event, result: Any) -> None:
        if not stop.is_set():
            self.done.emit(result)
