"""Numbers as ``darfix-core info`` writes them."""

from __future__ import annotations

import math

import numpy as np


def rounded(value: float, step: float) -> str:
    """Position as text, to a thousandth of the step: what is finer is the rounding of the computation."""
    if not step or not math.isfinite(value) or not math.isfinite(step):
        return f"{value:.6g}"
    near = round(value, 3 - math.floor(math.log10(abs(step))))
    return np.format_float_positional(near + 0.0, trim="-")  # without the sign of -0.0


def bytes_text(size: int) -> str:
    """Size of a file, with its unit."""
    number = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.4g} {unit}"
        number /= 1000
    return f"{number:.4g} TB"
