"""Open a workflow in the real Orange Canvas on a screen of its own, wait until it has run, photograph it.

    python tests/canvas_screenshot.py tutorials/mosaicity.ows --output /tmp/pictures

Needs Xvfb, and openbox for the frames of the windows. Writes ``canvas.png`` and one picture of the window of each
node; prints what every node says. The exit status is 1 where a node has an error or has not run. Nothing is written by
the nodes that save, unless they are told to: ``--write`` presses their buttons.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_SETTLED = 0.6  # s without anything to do
_DRAWN = 2.5  # s that a window gets for its pictures


def in_canvas(options: argparse.Namespace) -> int:
    """Run the canvas in this process. The environment has been prepared."""
    from tests.real_canvas import OPTIONS, quiet_canvas

    class Photographer(quiet_canvas()):
        """The canvas with somebody who waits for the workflow and takes pictures."""

        def open_files(self, paths: list[str]) -> None:
            """Open the workflow, then look at it from time to time."""
            from AnyQt.QtCore import QTimer

            super().open_files(paths)
            self._quiet_since: float | None = None
            self._to_write = options.write
            self._deadline = time.monotonic() + options.timeout
            self._timer = QTimer(interval=100)
            self._timer.timeout.connect(self._look)
            self._timer.start()

        def _look(self) -> None:
            scheme = self.window.current_document().scheme()
            widgets = [scheme.widget_for_node(node) for node in scheme.nodes]
            busy = scheme.signal_manager.has_pending() or any(_is_busy(widget) for widget in widgets)
            now = time.monotonic()
            if busy or self._quiet_since is None:
                # The first look made the widgets; they have not started yet.
                self._quiet_since = now
            if now - self._quiet_since < _SETTLED and now < self._deadline:
                return
            if self._to_write:
                for widget in widgets:
                    if widget.step.output_path:
                        widget.commit.now()
                self._to_write, self._quiet_since = False, None
                return
            self._timer.stop()
            opened = [widget.name for widget in widgets if widget.isVisible()]
            problems = [f"the window of {name} opened by itself" for name in opened]
            for node, widget in zip(scheme.nodes, widgets, strict=True):
                problems += _describe(node.title, widget, busy)
            self._photograph(scheme.nodes, widgets)
            if options.save is not None:
                scheme.sync_node_properties()
                with options.save.open("wb") as stream:
                    scheme.save_to(stream, pickle_fallback=False)
            print("\n".join(problems) or "all nodes have run", flush=True)
            # The canvas would ask whether to save the workflow.
            os._exit(1 if problems else 0)

        def _photograph(self, nodes: list[Any], widgets: list[Any]) -> None:
            self.window.resize(1500, 640)
            self._show_category()
            self._grab(self.window, "canvas")
            for number, (node, widget) in enumerate(zip(nodes, widgets, strict=True)):
                if options.canvas_only:
                    break
                widget.show()
                widget.raise_()
                _click_a_pixel(widget)
                self._grab(widget, f"{number}_{node.title.lower().replace(' ', '_')}")
                widget.hide()

        def _show_category(self) -> None:
            """Unfold the add-on in the tool box."""
            from orangecanvas.application.widgettoolbox import WidgetToolBox

            box = self.window.findChild(WidgetToolBox)
            for number in range(box.count()):
                box.tabAction(number).setChecked(box.tabAction(number).text() == "DFXM")

        def _grab(self, window: Any, name: str) -> None:
            end = time.monotonic() + _DRAWN
            while time.monotonic() < end:
                self.application.processEvents()
                time.sleep(0.01)
            frame = window.frameGeometry()
            picture = window.screen().grabWindow(0, frame.x(), frame.y(), frame.width(), frame.height())
            picture.save(str(options.output / f"{name}.png"))

    photographer = Photographer()
    photographer.run([*OPTIONS, options.workflow])
    return 1


def _is_busy(widget: Any) -> bool:
    return widget is None or widget.isInvalidated() or bool(widget.processingState)


def _click_a_pixel(widget: Any) -> None:
    """Show a rocking curve where the widget can."""
    view = getattr(widget, "view", None)
    if hasattr(view, "pixel_clicked") and view.maps is not None:
        row, column = (int(0.4 * length) for length in view.maps.shape)
        view.select_pixel(row, column)
        view.pixel_clicked.emit(row, column)


def _describe(title: str, widget: Any, busy: bool) -> list[str]:
    """Print what a node says; what is wrong with it."""
    messages = [str(message) for group in widget.message_groups for message in group.active]
    produced = getattr(widget, "produced", None)
    print(f"{title}: {produced!r}" + "".join(f"\n    {message}" for message in messages))
    problems = [f"{title}: {message}" for message in widget.Error.active]
    if busy and _is_busy(widget):
        problems.append(f"{title}: still running")
    waits = bool(widget.step.output_path)  # for the button: nothing is written unasked
    if widget.get_signals("outputs") and produced is None and not waits:
        problems.append(f"{title}: no output")
    return problems


def main() -> int:
    """Start this program again on a screen of its own, with settings of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workflow")
    parser.add_argument("--output", type=Path, default=Path("pictures"))
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds")
    parser.add_argument("--canvas-only", action="store_true", help="no pictures of the windows")
    parser.add_argument("--write", action="store_true", help="press the buttons of the nodes that write files")
    parser.add_argument("--save", type=Path, metavar="FILE", help="where the canvas saves the workflow afterwards")
    parser.add_argument("--on-this-screen", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    if options.on_this_screen:
        return in_canvas(options)
    from tests.real_canvas import own_surroundings

    with own_surroundings() as environment:
        arguments = [sys.executable, __file__, *sys.argv[1:], "--on-this-screen"]
        return subprocess.run(arguments, env=environment, check=False, timeout=options.timeout + 120).returncode


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
