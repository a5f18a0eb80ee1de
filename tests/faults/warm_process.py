"""A process that has imported and compiled everything, and runs commands of darfix-core in children of its own.

So a command is in its interesting part from the first millisecond. Each line of the standard input is a request, each
line of the standard output an answer, both JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from darfix_core.cli import main
from darfix_core.figures import files
from darfix_core.workflow import demo

CHANGES = {"os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir"}


def small_figure(maps: Any) -> Figure:
    """Picture with a pixel for each pixel of the maps, so that it tells which maps it belongs to."""
    height, width = maps.shape
    figure = Figure((width / 200, height / 200), dpi=200)
    figure.figimage(np.random.default_rng(0).random((height, width)))
    return figure


def speed_up() -> None:
    """Scans and pictures so small that a command takes a fraction of a second; they are written as ever."""
    demo._SIZE, demo._BOUNDARY, demo._CORE = 64, 1.0, 2.0
    files.overview_figure = files.mosaicity_figure = small_figure


def die_at_change(number: int) -> None:
    """Kill this process just before it changes folders for that time: renames, links, removals; opens a new file."""
    seen = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if event in CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT):
            seen += 1
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def in_child(arguments: list[str], log: str, kill_after: float | None, kill_at: int | None) -> dict[str, Any]:
    """Run a command in a child, and kill it after some seconds, or before a certain change of its folders."""
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        status = 1
        try:
            if kill_at is not None:
                die_at_change(kill_at)
            status = main(arguments)
            sys.stdout.flush()
        finally:
            os._exit(status)
    if kill_after is not None:
        time.sleep(max(0.0, start + kill_after - time.monotonic()))
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {"status": status, "seconds": time.monotonic() - start}


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    speed_up()
    for line in sys.stdin:
        request = json.loads(line)
        answer = {"status": main(request["warm_up"])} if "warm_up" in request else in_child(**request)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
