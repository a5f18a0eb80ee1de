"""``darfix-core canvas``: start Orange Canvas."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

from darfix_core.errors import DarfixError, WorkflowError


def canvas(file: str | None) -> int:
    """Put the canvas in the place of this process, because this package never imports Qt.

    Parameters
    ----------
    file : str or None
        Workflow to open.

    Returns
    -------
    int
        Exit status of the canvas.

    Raises
    ------
    DarfixError
        If the canvas is not installed, or there is no screen.
    WorkflowError
        If the workflow does not exist.
    """
    missing = [name for name in ("Orange", "PyQt5", "silx") if importlib.util.find_spec(name) is None]
    if missing:
        raise DarfixError(
            f"the canvas needs {', '.join(missing)}, which this environment lacks; "
            "install it by: pip install 'darfix-core[gui]'"
        )
    if file is not None and not os.path.isfile(file):
        raise WorkflowError(f"{file}: no such file")
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in screens):
        raise DarfixError("there is no screen for the canvas (DISPLAY is not set); over ssh connect with: ssh -X")
    environment = {"QT_API": "pyqt5", **os.environ}
    # Without -P the current folder comes first on the path: an unpacked source would hide the installed widgets.
    command = [sys.executable, "-P", "-m", "Orange.canvas", *([file] if file else [])]
    if os.name == "posix":
        sys.stdout.flush()
        os.execve(command[0], command, environment)
    return subprocess.call(command, env=environment)
