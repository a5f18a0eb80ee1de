"""Save Shift: nothing is written unasked."""

from __future__ import annotations

import numpy as np

import darfix_core as dc


def test_shift_is_written_when_the_button_is_pressed(orange, tmp_path):
    from orangecontrib.dfxm.widgets.owsaveshift import OWSaveShift

    path = tmp_path / "shift.csv"
    widget = orange.create_widget(OWSaveShift, stored_settings={"path": str(path)})
    orange.send_signal("Shift", dc.Shift([(0, 0), (1.5, -2)]), widget=widget)
    orange.wait_until_finished(widget=widget)
    assert not path.exists()
    widget.commit.now()
    orange.wait_until_finished(widget=widget)
    np.testing.assert_array_equal(dc.load_shift(path).values, [(0, 0), (1.5, -2)])
    assert "Saved: shift.csv" in str(widget.Information.saved)
