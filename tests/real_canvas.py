"""Orange Canvas as users have it, on a screen of its own and with settings of its own. Needs Xvfb."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SCREEN = (1680, 1050)
#: Arguments of the canvas with which it opens a workflow and nothing else.
OPTIONS = ("canvas", "--no-welcome", "--no-splash", "--force-discovery")


@contextlib.contextmanager
def own_surroundings() -> Iterator[dict[str, str]]:
    """Environment of a process that has a screen, a home and settings to itself."""
    import matplotlib

    from darfix_core.kernels.compilation import cache_folder

    with _virtual_screen() as display, tempfile.TemporaryDirectory() as home:
        yield {
            **os.environ,
            **{f"XDG_{name}_HOME": f"{home}/{name.lower()}" for name in ("CONFIG", "CACHE", "DATA", "STATE")},
            "HOME": home,
            "XDG_RUNTIME_DIR": home,
            "DISPLAY": display,
            "QT_QPA_PLATFORM": "xcb",
            "QT_API": "pyqt5",
            "LANG": "C.UTF-8",
            # The folders beside a script are no packages for the canvas to import.
            "PYTHONSAFEPATH": "1",
            "PYTHONPATH": str(ROOT),
            # To find the fonts and to compile the kernels again takes longer than all else.
            "MPLCONFIGDIR": matplotlib.get_cachedir(),
            "NUMBA_CACHE_DIR": str(cache_folder()),
        }


@contextlib.contextmanager
def _virtual_screen() -> Iterator[str]:
    """Screen in memory with a window manager, where there is one; its name, such as ``":99"``."""
    size = f"{SCREEN[0]}x{SCREEN[1]}x24"
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp"],
        pass_fds=(writing,),
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    manager = None
    try:
        with os.fdopen(reading) as answer:
            display = ":" + answer.readline().strip()
        if shutil.which("openbox"):
            manager = subprocess.Popen(["openbox"], env={**os.environ, "DISPLAY": display}, stderr=subprocess.DEVNULL)
        yield display
    finally:
        for process in (manager, server):
            if process is not None:
                process.terminate()
                process.wait()


def quiet_canvas() -> Any:
    """The class of the canvas's program, which asks nothing of the network."""
    from AnyQt.QtCore import QSettings
    from Orange.canvas.__main__ import OMain

    class QuietCanvas(OMain):
        def setup_application(self) -> None:
            for name in ("startup/check-updates", "notifications/check-notifications", "reporting/send-statistics"):
                QSettings().setValue(name, False)
            super().setup_application()

    return QuietCanvas
