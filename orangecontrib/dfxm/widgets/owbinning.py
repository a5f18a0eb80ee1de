"""Binning."""

from __future__ import annotations

from typing import Any

from orangecontrib.dfxm.widgets.browser_widget import BrowserWidget
from orangecontrib.dfxm.widgets.icon import icon_path


class OWBinning(BrowserWidget):
    """Combine neighbouring pixels to larger ones."""

    step_id = "binning"
    icon = icon_path("binning.svg")
    keywords = "binning, bin, rebin, downsample, pixels, shrink, sum, mean"

    def summary(self, result: Any) -> str:
        """Size of the frames and of the pixels before and after."""
        given = self.received["dataset"]
        text = f"{_size(given.frame_shape)} px become {_size(result.frame_shape)} px"
        if result.pixel_size is not None:
            text += f", of {_size(result.pixel_size)} um each"
        left_out = [size % factor for size, factor in zip(given.frame_shape, self.factor, strict=True)]
        if any(left_out):
            text += f"; {left_out[0]} rows and {left_out[1]} columns at the end are left out"
        return text + "."


def _size(pair: tuple[float, float]) -> str:
    return " x ".join(f"{value:g}" for value in pair)
