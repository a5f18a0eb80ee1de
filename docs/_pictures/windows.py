"""Photographs of the windows of all widgets, in the real canvas."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from _pictures.files import LARGE_WIDTH, shrink
from _pictures.flows import (
    write_cleaning_flow,
    write_detector_flow,
    write_extended_flow,
    write_shift_flow,
    write_tutorial_flow,
)
from darfix_core.engine.registry import all_steps

ROOT = Path(__file__).parents[2]


def make_widget_pictures(target: Path, scan_file: Path) -> list[Path]:
    """Photograph the window of every widget, and the canvas with the tutorial; `target` stands for ``docs``."""
    tutorial = write_tutorial_flow(scan_file)
    windows = photograph(tutorial)
    made = [target / "images" / "canvas.png", target / "images" / "grain_plot_widget.png"]
    shrink(tutorial.with_suffix("") / "canvas.png", made[0], LARGE_WIDTH)
    shrink(windows["grain_plot"], made[1], LARGE_WIDTH)
    flows = (
        write_extended_flow(scan_file),
        write_shift_flow(scan_file.parent),
        write_detector_flow(scan_file),
        write_cleaning_flow(scan_file.parent),
    )
    for flow in flows:
        windows = photograph(flow) | windows
    for step in all_steps():
        if step.widget:
            made.append(target / "steps" / "pictures" / f"{step.id}_widget.png")
            shrink(windows[step.title.lower().replace(" ", "_")], made[-1])
    return made


def photograph(flow: Path) -> dict[str, Path]:
    """Title of each node of a workflow, in small letters -> picture of its window."""
    folder = flow.with_suffix("")
    camera = [sys.executable, str(ROOT / "tests" / "canvas_screenshot.py"), str(flow), "--output", str(folder)]
    subprocess.run(camera, check=True, timeout=300, cwd=flow.parent)
    # The name of a picture is the number of the node and the title.
    return {file.stem.partition("_")[2]: file for file in sorted(folder.glob("*_*.png"), reverse=True)}
