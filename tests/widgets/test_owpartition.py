"""Partition: intensities, the line that is dragged, and two outputs."""

from __future__ import annotations

import numpy as np
import pytest

from darfix_core.model.frames import Frames

from .support import stored

LEVELS = np.array([10, 10, 40, 80, 110, 90, 60, 20, 10], dtype=np.uint16)


@pytest.fixture
def widget(orange, rocking_dataset):
    from orangecontrib.dfxm.widgets.owpartition import OWPartition

    widget = orange.create_widget(OWPartition)
    stack = np.broadcast_to(LEVELS[:, None, None], (9, 12, 16))
    orange.send_signal("Dataset", rocking_dataset.replace(frames=Frames.from_array(stack)), widget=widget)
    orange.wait_until_finished(widget=widget)
    return widget


def drag(widget, limit):
    """Do as the mouse does: move the line, then let go."""
    widget.plot.notify("markerMoved", label="limit", x=None, y=limit)


def test_both_parts_are_sent(orange, widget):
    assert orange.get_output("Dataset", widget=widget).n_frames == 6
    assert orange.get_output("Below", widget=widget).n_frames == 3
    assert widget.caption.text().startswith("6 frames reach 20 counts, 3 lie below.")


def test_intensities_are_shown_on_both_sides_of_the_line(widget):
    line, kept, below = (widget.plot.getCurve(name).getYData() for name in ("line", "kept", "below"))
    assert line.tolist() == LEVELS.tolist()
    assert kept.tolist() == LEVELS[LEVELS >= 20].tolist()
    assert below.tolist() == LEVELS[LEVELS < 20].tolist()


def test_dragged_line_becomes_the_limit(orange, widget):
    assert widget.form.editors["share"].isEnabled()
    drag(widget, 75.00001)
    assert stored(widget)["min_intensity"] == 75.0
    assert not widget.form.editors["share"].isEnabled()
    assert orange.get_output("Dataset", widget=widget, wait=5000).frames[:, 0, 0].tolist() == [80, 110, 90]


def test_line_is_dragged_with_the_mouse(orange, qtbot, widget):
    from AnyQt.QtCore import QEvent, QPointF, Qt
    from AnyQt.QtGui import QMouseEvent
    from AnyQt.QtWidgets import QApplication

    def mouse(kind, limit, button, held):
        place = QPointF(*map(float, widget.plot.dataToPixel(4, limit)))
        QApplication.sendEvent(handle, QMouseEvent(kind, place, button, held, Qt.NoModifier))
        qtbot.wait(20)

    widget.show()
    qtbot.wait(300)  # the plot draws, and knows where the line lies
    handle = widget.plot.getWidgetHandle()
    mouse(QEvent.MouseMove, 20.0, Qt.NoButton, Qt.NoButton)
    mouse(QEvent.MouseButtonPress, 20.0, Qt.LeftButton, Qt.LeftButton)
    for limit in (40.0, 70.0):
        mouse(QEvent.MouseMove, limit, Qt.NoButton, Qt.LeftButton)
    mouse(QEvent.MouseButtonRelease, 70.0, Qt.LeftButton, Qt.NoButton)
    # Within two pixels of the screen.
    assert stored(widget)["min_intensity"] == pytest.approx(70.0, abs=1.0)
    assert orange.get_output("Dataset", widget=widget, wait=5000).frames[:, 0, 0].tolist() == [80, 110, 90]
    widget.hide()


def test_where_nothing_lies_below_nothing_is_sent(orange, widget):
    drag(widget, 5.0)
    assert orange.get_output("Dataset", widget=widget, wait=5000).n_frames == 9
    assert orange.get_output("Below", widget=widget) is None


def test_limit_above_all_frames_can_be_dragged_back(orange, widget):
    drag(widget, 200.0)
    assert orange.get_output("Dataset", widget=widget, wait=5000) is None
    assert "110 counts" in str(widget.Error.failed)
    assert widget.plot.getCurve("below").getYData().size == 9
    drag(widget, 50.0)
    assert orange.get_output("Dataset", widget=widget, wait=5000).n_frames == 4


def test_without_data_nothing_is_shown(orange, widget):
    orange.send_signal("Dataset", None, widget=widget)
    orange.wait_until_finished(widget=widget)
    assert widget.plot.getCurve("line") is None
    assert widget.caption.text() == ""
