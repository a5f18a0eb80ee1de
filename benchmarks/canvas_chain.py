"""Eight wired widgets in a canvas without windows: the memory that they take, beyond what a tiny scan takes.

    python -m benchmarks.canvas_chain scan.h5 tiny.h5

Prints a JSON object: nodes; peak and held, the growth of the memory while the scan is computed and when all is done,
in MB; stack, the size of its frames in MB.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyqt5")

import psutil

#: Module of each widget, and its settings that differ from the default.
CHAIN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("owdataselection", {}),
    ("owdimensions", {}),
    ("owroi", {"origin": (1, 1)}),
    ("owbackground", {}),
    ("owroi", {"origin": (1, 1)}),
    ("owroi", {"origin": (1, 1)}),
    ("owroi", {"origin": (1, 1)}),
    ("owgrainplot", {}),
)
_TIMEOUT = 300.0  # s


class Chain:
    """The widgets in their scheme, as the canvas has them, without its window."""

    def __init__(self) -> None:
        from AnyQt.QtWidgets import QApplication
        from orangewidget.workflow.discovery import widget_desc_from_module
        from orangewidget.workflow.widgetsscheme import WidgetsScheme

        self.application = QApplication.instance() or QApplication([])
        self.scheme = WidgetsScheme()
        nodes: list[Any] = []
        for module, settings in CHAIN:
            description = widget_desc_from_module(f"orangecontrib.dfxm.widgets.{module}")
            nodes.append(self.scheme.new_node(description, properties=dict(settings)))
            if len(nodes) > 1:
                self.scheme.new_link(nodes[-2], "Dataset", nodes[-1], "Dataset")
        self.scheme.signal_manager.start()
        self.widgets = [self.scheme.widget_for_node(node) for node in nodes]

    def run(self, path: str) -> None:
        """Read a scan and wait until the last widget has its maps.

        Raises
        ------
        RuntimeError
            If a widget shows an error, or it takes too long.
        """
        self.widgets[0].change_parameters(path=path)
        end = time.monotonic() + _TIMEOUT
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < 0.5:
            self.application.processEvents()
            time.sleep(0.005)
            now = time.monotonic()
            if self._is_busy():
                quiet_since = now
            if now > end:
                raise RuntimeError(f"the widgets have not finished within {_TIMEOUT:g} s")
        for widget in self.widgets:
            if widget.Error.active or widget.produced is None:
                raise RuntimeError(f"{widget.name}: {'; '.join(map(str, widget.Error.active)) or 'no result'}")

    def _is_busy(self) -> bool:
        at_work = any(widget.task is not None for widget in self.widgets)
        return at_work or bool(self.scheme.signal_manager.has_pending()) or self.widgets[-1].produced is None


class Memory:
    """Largest memory of this process while the context is open, looked at every millisecond."""

    def __enter__(self) -> Memory:
        self._process, self._ended = psutil.Process(), threading.Event()
        self.before = self.peak = self.now()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._watcher.join()

    def now(self) -> float:
        """MB."""
        return float(self._process.memory_info().rss / 1e6)

    def _watch(self) -> None:
        while not self._ended.wait(0.001):
            self.peak = max(self.peak, self.now())


def main(path: str, tiny: str) -> dict[str, float]:
    """Figures of the chain; see the module."""
    chain = Chain()
    chain.run(tiny)
    with Memory() as memory:
        chain.run(path)
        held = memory.now()
    stack = chain.widgets[0].produced.frames.nbytes / 1e6
    return {
        "nodes": len(chain.widgets),
        "peak": memory.peak - memory.before,
        "held": held - memory.before,
        "stack": stack,
    }


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])), flush=True)
    # Qt and its threads need no tidying up.
    os._exit(0)
