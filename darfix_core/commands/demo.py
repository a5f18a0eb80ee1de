"""``darfix-core demo``: from a synthetic scan to a mosaicity map, checked against the truth."""

from __future__ import annotations

import os
from pathlib import Path

from darfix_core.commands.run import execute
from darfix_core.commands.terminal import say, say_table
from darfix_core.errors import OutputExistsError
from darfix_core.workflow.demo import (
    Recovered,
    compare_with_truth,
    is_demo_scan,
    scan_step,
    tutorial_file,
    write_demo_scan,
)
from darfix_core.workflow.overrides import Overrides
from darfix_core.workflow.ows import read_ows, write_changed
from darfix_core.workflow.plan import make_plan

FOLDER = "darfix-demo"
SCAN, WORKFLOW, MAPS, FIGURE = "mosaicity.h5", "mosaicity.ows", "maps.h5", "mosaicity.png"
# The pictures that the workflow writes beside the maps; the second one is what the demo is about.
OVERVIEW, ORIENTATION = "maps_overview.png", "maps_mosaicity.png"


def demo(output: str | None, *, threads: int | None) -> int:
    """Write the demo scan, run the tutorial workflow on it and compare the result with the truth.

    Parameters
    ----------
    output : str or None
        Folder; ``darfix-demo`` by default. What an earlier demo wrote there is replaced.
    threads : int or None
        Number of threads.

    Returns
    -------
    int
        Exit status.

    Raises
    ------
    OutputExistsError
        If the folder holds files of these names that the demo did not write.
    """
    folder = Path(output or FOLDER).expanduser().absolute()
    _refuse_foreign_files(folder)
    say(f"Writing a scan of 11 x 11 positions of chi and mu: {_shown(folder / SCAN)}")
    write_demo_scan(folder / SCAN)
    changes = {"Data Selection": {"path": SCAN}, "Save Maps": {"path": MAPS, "overwrite": True}}
    write_changed(tutorial_file(WORKFLOW), folder / WORKFLOW, changes)
    say(f"Running the workflow: {_shown(folder / WORKFLOW)}")
    execute(make_plan(read_ows(folder / WORKFLOW), Overrides(output=str(folder))), threads)

    from darfix_core.io.maps import load_maps

    os.replace(folder / ORIENTATION, folder / FIGURE)
    say()
    say("Mean orientation of each grain, as it was put in and as it was recovered, in degrees:")
    _show_table(compare_with_truth(load_maps(folder / MAPS)))
    _show_next(folder)
    return 0


def _refuse_foreign_files(folder: Path) -> None:
    """Only what an earlier demo wrote may be replaced."""
    if is_demo_scan(folder / SCAN):
        return
    for name in (SCAN, WORKFLOW, MAPS, FIGURE, OVERVIEW, ORIENTATION):
        if os.path.lexists(folder / name):
            raise OutputExistsError(
                "was not written by the demo and is not replaced; choose another folder by --output DIR",
                file=str(folder / name),
            )


def _show_table(rows: list[Recovered]) -> None:
    motors = list(rows[0].true)
    columns = [">grain", ">pixels"]
    for motor in motors:
        columns += [f">{motor} true", f">{motor} found", ">difference"]
    lines = []
    for row in rows:
        line = [str(row.grain), str(row.n_pixels)]
        for motor in motors:
            true, found = row.true[motor], row.found[motor]
            line += [f"{true:+.4f}", f"{found:+.4f}", f"{found - true:+.4f}"]
        lines.append(line)
    say_table(columns, lines, indent=2)
    say()
    for motor in motors:
        largest = max(abs(row.found[motor] - row.true[motor]) for row in rows)
        step = scan_step(motor)
        say(f"  {motor}: largest difference {largest:.4f} deg, {100 * largest / step:.1f} % of a step of {step:g} deg")


def _show_next(folder: Path) -> None:
    say()
    say(f"Maps:     {_shown(folder / MAPS)}")
    say(f"Pictures: {_shown(folder / FIGURE)}, {_shown(folder / OVERVIEW)}")
    say()
    say("Next:")
    commands = (
        (f"darfix-core info {_shown(folder / SCAN)}", "what the scan holds"),
        (f"darfix-core canvas {_shown(folder / WORKFLOW)}", "the same workflow in Orange Canvas"),
        (f"darfix-core run {_shown(folder / WORKFLOW)} --input YOUR_SCAN.h5 --output results", ""),
    )
    longest = max(len(command) for command, purpose in commands if purpose)
    for command, purpose in commands:
        say(f"  {command.ljust(longest)}  {purpose}".rstrip())


def _shown(path: Path) -> str:
    """Path as the user would type it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
