"""What ``darfix-core info`` shows of a shift that was saved."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from darfix_core.commands.info_lines import bytes_text
from darfix_core.commands.info_written import plain_history
from darfix_core.commands.terminal import say, say_table
from darfix_core.figures.shift_figure import verdict
from darfix_core.io.shift_file import read_shift
from darfix_core.model.shift import Shift


def info_shift(file: str, *, as_json: bool) -> None:
    """Show the range of a shift, its verdict, and how it was found.

    Parameters
    ----------
    file : str
        A file of `save_shift`.
    as_json : bool
        Write JSON instead of text.

    Raises
    ------
    DataFileError
        If the shift cannot be read.
    """
    path = os.path.abspath(os.path.expanduser(file))
    shift = read_shift(path)
    ranges = _ranges(shift)
    if as_json:
        plain = {"files": [path], "kind": "shift of darfix-core", "size": os.path.getsize(path), **_plain(shift)}
        say(json.dumps(plain | {"ranges": ranges, **plain_history(shift.history)}, indent=2, allow_nan=False))
        return
    say(f"{path}: shift of {shift.n_frames} frames that darfix-core has saved, {bytes_text(os.path.getsize(path))}")
    say(verdict(shift)[0])
    if shift.velocity is not None:
        dy, dx = shift.velocity
        unit = shift.units.get(shift.motor, "unit")
        say(f"dy {dy:.6g}, dx {dx:.6g} px per {f'{unit} of {shift.motor}' if shift.motor else 'frame'}")
    say()
    rows = [
        [name, *("-" if value is None else f"{value:.4g}" for value in found.values())]
        for name, found in ranges.items()
    ]
    say_table(["along", ">lowest (px)", ">highest (px)", ">median uncertainty (px)"], rows, indent=2)
    if shift.history.made_by_steps:
        say()
        say("  made by these steps:")
        for line in shift.history.describe().splitlines():
            say(f"    {line}")


def _ranges(shift: Shift) -> dict[str, dict[str, float | None]]:
    """Lowest and highest value, and the median uncertainty, along each axis; None where none is known."""
    found: dict[str, dict[str, float | None]] = {}
    for axis, name in enumerate(("dy", "dx")):
        values = shift.values[:, axis][np.isfinite(shift.values[:, axis])]
        errors = shift.uncertainty[:, axis][np.isfinite(shift.uncertainty[:, axis])]
        # Zero is added to take the sign off -0.
        found[name] = {
            "lowest": float(values.min()) + 0.0 if values.size else None,
            "highest": float(values.max()) + 0.0 if values.size else None,
            "uncertainty": float(np.median(errors)) if errors.size else None,
        }
    return found


def _plain(shift: Shift) -> dict[str, Any]:
    return {
        "n_frames": shift.n_frames,
        "n_trusted": int(np.count_nonzero(shift.trusted)),
        "reason": shift.reason,
        "velocity": shift.velocity,
        "motor": shift.motor,
    }
