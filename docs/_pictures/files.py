"""Pictures as small files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

DPI = 90
WIDTH = 820  # px, that of the help window
LARGE_WIDTH = 1600  # px, of pictures that are shown alone
LARGE = 60_000  # bytes; above, a palette will do


def save(figure: Any, path: Path) -> None:
    """Write a figure as a small PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png", dpi=DPI, bbox_inches="tight", pad_inches=0.12)
    shrink(path, path)


def shrink(source: Path, path: Path, width: int = WIDTH) -> None:
    """Write a picture no wider than that (px), in a palette where all its colours would take much space."""
    from PIL import Image

    with Image.open(source) as image:
        small = image.convert("RGB")
    small.thumbnail((width, 2 * width), Image.Resampling.LANCZOS)
    path.parent.mkdir(parents=True, exist_ok=True)
    small.save(path, optimize=True)
    if path.stat().st_size > LARGE:
        # Only with a palette that is given does Pillow mix neighbouring colours. White stays that of the page.
        palette = small.quantize(255, kmeans=1)
        palette.putpalette([*palette.getpalette()[: 3 * 255], 255, 255, 255])
        reduced = small.quantize(palette=palette)
        reduced.paste(255, mask=Image.fromarray(np.asarray(small).min(axis=2) == 255))
        reduced.save(path, optimize=True)
