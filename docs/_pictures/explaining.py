"""Figures of the pages on physics."""

from __future__ import annotations

from typing import Any

import numpy as np

import darfix_core as dc
from _pictures.panels import LINE, PIXEL, RED, new_figure


def pedestal_figure(before: dc.Dataset, after: dc.Dataset) -> Any:
    """What a pedestal does to the centre of mass of a line of pixels."""
    import warnings

    figure = new_figure(6.4, 3.4)
    axes = figure.subplots()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dc.DarfixWarning)  # it is what the picture is about
        raw, clean = dc.moments(before), dc.moments(after, min_intensity=1000)
    row = PIXEL[0]
    for maps, label, color in ((raw, "with its pedestal of 100 counts", RED), (clean, "background subtracted", LINE)):
        line = np.where(np.isfinite(clean["chi/center_of_mass"][row]), maps["chi/center_of_mass"][row], np.nan)
        axes.plot(line, color=color, linewidth=1.3, label=label)
    axes.set_xlabel("x (px)")
    axes.set_ylabel("centre of mass in chi (deg)")
    axes.set_title(f"Row {row} of the demonstration scan", fontsize=10, loc="left")
    axes.legend(frameon=False, fontsize=9)
    return figure


def moments_figure() -> Any:
    """A rocking curve with its centre of mass and its width."""
    figure = new_figure(5.6, 3.3)
    axes = figure.subplots()
    mu, centre, sigma, peak = np.linspace(-0.3, 0.3, 400), 0.06, 0.07, 1000.0
    counts = peak * np.exp(-((mu - centre) ** 2) / (2 * sigma**2))
    half = sigma * np.sqrt(2 * np.log(2))
    axes.fill_between(mu, counts, color="#dbe4f3")
    axes.plot(mu, counts, color=LINE)
    axes.axvline(centre, color=RED, linewidth=1.2)
    axes.annotate("", (centre - half, peak / 2), (centre + half, peak / 2), arrowprops={"arrowstyle": "<->"})
    axes.text(centre + half + 0.01, peak / 2, "FWHM", va="center")
    axes.text(centre + 0.005, 1.06 * peak, "centre of mass", color=RED)
    axes.text(centre + 0.005, 0.22 * peak, "intensity:\nthe area", color=LINE)
    axes.set_ylim(0, 1.15 * peak)
    axes.set_xlabel("mu (deg)")
    axes.set_ylabel("counts")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
