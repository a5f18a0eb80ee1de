"""Load Shift: a file is opened, drawn and sent."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc


@pytest.fixture
def owload():
    from orangecontrib.dfxm.widgets.owloadshift import OWLoadShift

    return OWLoadShift


def test_shift_of_a_file_is_drawn_and_sent(orange, owload, tmp_path):
    shift = dc.Shift([(0, 0), (1, -2)], trusted=[True, False], reason="One frame is dim.")
    dc.save_shift(shift, path=tmp_path / "shift.txt")
    widget = orange.create_widget(owload, stored_settings={"path": str(tmp_path / "shift.txt")})
    found = orange.get_output("Shift", widget=widget, wait=5000)
    np.testing.assert_array_equal(found.values, shift.values)
    assert widget.view.verdict.text() == "Trusted in 1 of 2 frames: One frame is dim."
    assert {"dy", "dx", "dy doubtful"} <= {curve.getName() for curve in widget.view.plot.getAllCurves()}


def test_what_is_no_shift_is_told(orange, owload, tmp_path):
    (tmp_path / "table.txt").write_text("y,x\n1,2\n")
    widget = orange.create_widget(owload)
    assert str(widget.Information.waiting) == "Path is not given."
    widget.form.editors["path"].choose(str(tmp_path / "table.txt"))
    orange.wait_until_finished(widget=widget)
    assert "must have one column dy" in str(widget.Error.failed)
    assert widget.view.verdict.text() == ""
