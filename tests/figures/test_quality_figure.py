from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.figures.quality_figure import check_figure, quality_figure
from darfix_core.model.scan_quality import QualityRow, ScanQuality
from tests.steps.quality_scans import clean


@pytest.fixture(scope="module")
def quality():
    return dc.scan_quality(clean(np.random.default_rng(5), "pedestal"))[0]


def texts(figure):
    return [text.get_text() for text in figure.texts]


def test_page_shows_every_verdict_and_every_measurement(quality):
    figure = quality_figure(quality)
    assert [row.check for row in quality.rows] == [
        text for text in texts(figure) if text in {r.check for r in quality.rows}
    ]
    titles = {axes.get_title(loc="left") for axes in figure.axes} - {""}
    assert {"Intensity", "Share of the pedestal", "Photon transfer", "Points per FWHM", "Drift", "Positions"} <= titles
    figure.draw_without_rendering()


def test_axes_have_names_with_units(quality):
    for axes in quality_figure(quality).axes:
        if axes.get_title(loc="left"):
            assert axes.get_xlabel(), axes.get_title(loc="left")
            assert axes.get_ylabel(), axes.get_title(loc="left")
    assert check_figure(quality, "curves cut at the scan ends").axes[0].get_xlabel() == "mu (deg)"


def test_check_without_a_measurement_has_no_picture():
    row = QualityRow("drift", "not checked", None, "px", "none", "too few frames", "smears")
    assert check_figure(ScanQuality((row,)), "drift") is None
    quality_figure(ScanQuality((row,))).draw_without_rendering()


def test_every_check_has_a_picture(quality):
    for row in quality.rows:
        figure = check_figure(quality, row.check)
        assert figure is not None, row.check
        figure.draw_without_rendering()
