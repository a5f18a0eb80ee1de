"""Scan Quality: the table, what a row explains, and the page."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from tests.steps.quality_scans import clean


@pytest.fixture
def widget(orange):
    from orangecontrib.dfxm.widgets.owscanquality import OWScanQuality

    return orange.create_widget(OWScanQuality)


@pytest.fixture
def with_pedestal():
    return clean(np.random.default_rng(5), "pedestal")


def verdicts(widget):
    table = widget.view.table
    return {table.item(row, 0).text(): table.item(row, 1).text() for row in range(table.rowCount())}


def test_verdicts_are_listed_and_the_worst_is_explained(orange, widget, with_pedestal):
    orange.send_signal("Dataset", with_pedestal, widget=widget)
    quality = orange.get_output("Quality", widget=widget, wait=10000)
    assert verdicts(widget) == {row.check: row.verdict for row in quality.rows}
    assert "pedestal" in widget.view.text.text()
    assert "<b>What helps:</b> Background Subtraction." in widget.view.text.text()
    assert widget.view.picture.pixmap() is not None
    assert isinstance(orange.get_output("Mask", widget=widget), dc.Mask)


def test_chosen_row_is_explained_and_kept_for_the_next_scan(orange, widget, with_pedestal):
    orange.send_signal("Dataset", with_pedestal, widget=widget)
    orange.wait_until_finished(widget, timeout=10000)
    place = list(verdicts(widget)).index("points per FWHM")
    widget.view.table.setCurrentCell(place, 0)
    assert widget.view.text.text().startswith("<b>points per FWHM")
    orange.send_signal("Dataset", clean(np.random.default_rng(6), "pedestal"), widget=widget)
    orange.wait_until_finished(widget, timeout=10000)
    assert widget.view.text.text().startswith("<b>points per FWHM")


def test_every_check_is_explained(orange, widget, with_pedestal):
    orange.send_signal("Dataset", with_pedestal, widget=widget)
    orange.wait_until_finished(widget, timeout=10000)
    for row, check in enumerate(verdicts(widget)):
        widget.view.table.setCurrentCell(row, 0)
        assert check in widget.view.text.text()


def test_page_is_saved(orange, widget, with_pedestal, tmp_path):
    assert not widget.page_button.isEnabled()
    orange.send_signal("Dataset", with_pedestal, widget=widget)
    orange.wait_until_finished(widget, timeout=10000)
    assert widget.page_button.isEnabled()
    widget.save_page(str(tmp_path / "page.png"))
    assert (tmp_path / "page.png").stat().st_size > 10_000
    widget.save_page(str(tmp_path / "page.what"))
    assert widget.Warning.no_page.is_shown()


def test_nothing_is_shown_without_data(orange, widget, with_pedestal):
    orange.send_signal("Dataset", with_pedestal, widget=widget)
    orange.wait_until_finished(widget, timeout=10000)
    orange.send_signal("Dataset", None, widget=widget)
    assert widget.view.table.rowCount() == 0
    assert widget.view.text.text() == ""
