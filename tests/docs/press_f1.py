"""Press F1 in a widget of the real Orange Canvas, on a screen of its own, and photograph what opens.

    python tests/docs/press_f1.py tutorials/mosaicity.ows --output /tmp/help.png

Needs Xvfb. Prints the title of the window that opened; the exit status is 1 where none did.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
_TIMEOUT = 60.0  # s


def in_canvas(workflow: str, title: str, picture: Path) -> None:
    """Run the canvas in this process. The environment has been prepared."""
    from AnyQt.QtCore import Qt, QTimer
    from AnyQt.QtTest import QTest

    from orangecontrib.dfxm.help.window import HelpWindow
    from tests.real_canvas import OPTIONS, quiet_canvas

    class Reader(quiet_canvas()):
        """The canvas with somebody who needs help."""

        def open_files(self, paths: list[str]) -> None:
            """Open the workflow and press F1 in the window of one node."""
            super().open_files(paths)
            self._deadline = time.monotonic() + _TIMEOUT
            self._pressed = False
            self._timer = QTimer(interval=200)
            self._timer.timeout.connect(self._look)
            self._timer.start()

        def _look(self) -> None:
            scheme = self.window.current_document().scheme()
            widget = scheme.widget_for_node(next(node for node in scheme.nodes if node.title == title))
            opened = [window for window in self.application.topLevelWidgets() if isinstance(window, HelpWindow)]
            if widget is not None and not widget.isVisible():
                widget.show()
                widget.activateWindow()
            elif widget is not None and not self._pressed and widget.isActiveWindow():
                QTest.keyClick(widget, Qt.Key_F1)
                self._pressed = True
            elif opened and opened[0].isVisible():
                self._timer.stop()
                QTimer.singleShot(500, lambda: self._photograph(opened[0]))
            elif time.monotonic() > self._deadline:
                print("no window opened", flush=True)
                os._exit(1)

        def _photograph(self, window: HelpWindow) -> None:
            window.grab().save(str(picture))
            print(window.windowTitle(), flush=True)
            os._exit(0)  # the canvas would ask whether to save the workflow

    Reader().run([*OPTIONS, workflow])


def main() -> int:
    """Start this program again on a screen of its own, with settings of its own."""
    from tests.real_canvas import own_surroundings

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workflow")
    parser.add_argument("--node", default="ROI Selection", help="title of the node whose help is asked for")
    parser.add_argument("--output", type=Path, default=Path("help.png"))
    parser.add_argument("--on-this-screen", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.on_this_screen:
        in_canvas(options.workflow, options.node, options.output)
        return 1
    with own_surroundings() as environment:
        arguments = [sys.executable, __file__, *sys.argv[1:], "--on-this-screen"]
        return subprocess.run(arguments, env=environment, check=False, timeout=2 * _TIMEOUT).returncode


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
