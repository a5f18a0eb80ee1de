"""ROI Selection: drawn, typed, reset."""

from __future__ import annotations

import pytest

from .support import shown_image, stored, wait_at_rest


@pytest.fixture
def widget(orange, rocking_dataset):
    from orangecontrib.dfxm.widgets.owroi import OWRoi

    widget = orange.create_widget(OWRoi)
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.wait_until_finished(widget=widget)
    return widget


def draw(widget, x, y, width, height):
    """Do as the mouse does: change the geometry, then let go."""
    widget.view.roi.setGeometry(origin=(x, y), size=(width, height))
    widget.view.roi.sigEditingFinished.emit()


def test_numbers_show_the_whole_frame_at_first(widget):
    assert [spin.value() for spin in widget.numbers.values()] == [0, 0, 12, 16]


def test_drawn_rectangle_becomes_numbers_and_output(orange, widget):
    draw(widget, 2.6, 1.4, 6.1, 4.2)
    assert stored(widget) == {"origin": (2, 3), "shape": (4, 6)}
    assert [spin.value() for spin in widget.numbers.values()] == [2, 3, 4, 6]
    assert orange.get_output("Dataset", widget=widget, wait=5000).frame_shape == (4, 6)


def test_rectangle_drawn_over_the_edge_ends_at_the_frame(widget):
    draw(widget, -5, -5, 100, 8)
    assert stored(widget) == {"origin": (0, 0), "shape": (4, 16)}
    assert tuple(widget.view.roi.getSize()) == (16, 4)


@pytest.mark.parametrize("place", [(-50, -50), (500, 500)])
def test_rectangle_drawn_outside_keeps_a_pixel(widget, place):
    draw(widget, *place, 3, 3)
    assert stored(widget)["shape"] == (1, 1)


def test_typed_numbers_move_the_rectangle(orange, widget):
    widget.numbers["first_row"].setValue(5)
    widget.numbers["columns"].setValue(7)
    assert tuple(widget.view.roi.getOrigin()) == (-0.5, 4.5)
    assert tuple(widget.view.roi.getSize()) == (7, 7)
    assert orange.get_output("Dataset", widget=widget, wait=5000).frame_shape == (7, 7)


def test_typed_numbers_stay_inside_the_frame(widget):
    widget.numbers["first_row"].setValue(50)
    widget.numbers["columns"].setValue(99)
    assert stored(widget) == {"origin": (11, 0), "shape": (1, 16)}


def test_whole_frame_button_opens_the_shape(orange, qtbot, widget):
    from AnyQt.QtCore import Qt

    draw(widget, 2, 2, 4, 4)
    qtbot.mouseClick(widget.reset_button, Qt.LeftButton)
    assert stored(widget) == {"origin": (0, 0), "shape": None}
    assert orange.get_output("Dataset", widget=widget, wait=5000).frame_shape == (12, 16)


def test_cropped_frames_are_counted_as_the_form_does(orange, qtbot, widget, rocking_dataset):
    orange.send_signal("Dataset", rocking_dataset.crop((2, 4), (8, 9)), widget=widget)
    widget.show()
    plot = widget.view.browser.plot
    qtbot.waitUntil(lambda: shown_image(plot) is not None and shown_image(plot).shape == (8, 9))
    assert plot.getImage("image").getBounds() == (-0.5, 8.5, -0.5, 7.5)
    assert "counted from 0 in the frames that come in" in widget.numbers["first_row"].toolTip()
    widget.hide()


def test_frames_are_read_once_the_window_is_open(orange, qtbot, widget):
    browser = widget.view.browser
    assert browser.plot.getImage("image") is None
    widget.show()
    qtbot.waitUntil(lambda: browser.plot.getImage("image") is not None)
    assert "of 9 frames" in browser.caption.text()
    browser.show_frame(3)
    qtbot.waitUntil(lambda: "Frame 3 of 0 to 8" in browser.caption.text())
    assert "mu -0.1 deg" in browser.caption.text()
    widget.hide()


def drag(qtbot, plot, start, end):
    """Drag with the left button from one place of the plot to another, given as (column, row)."""
    from AnyQt.QtCore import QEvent, QPoint, QPointF, Qt
    from AnyQt.QtGui import QMouseEvent
    from AnyQt.QtWidgets import QApplication

    handle = plot.getWidgetHandle()

    def pixel(place):
        return QPoint(*(int(value) for value in plot.dataToPixel(*place)))

    def send(kind, place, button, held):
        # The mouse moves of the test tools do not say that a button is held.
        QApplication.sendEvent(handle, QMouseEvent(kind, QPointF(place), button, held, Qt.NoModifier))
        qtbot.wait(5)

    # The first move fills in the line below the plot, which may take a pixel of its height.
    send(QEvent.MouseMove, pixel(start), Qt.NoButton, Qt.NoButton)
    wait_at_rest(qtbot, plot)
    plot.replot()
    first, last = pixel(start), pixel(end)
    send(QEvent.MouseMove, first, Qt.NoButton, Qt.NoButton)
    send(QEvent.MouseButtonPress, first, Qt.LeftButton, Qt.LeftButton)
    for part in (0.3, 0.6, 1.0):
        send(QEvent.MouseMove, first + (last - first) * part, Qt.NoButton, Qt.LeftButton)
    send(QEvent.MouseButtonRelease, last, Qt.LeftButton, Qt.NoButton)


@pytest.fixture
def plot(qtbot, widget):
    """The plot of the shown widget."""
    widget.resize(900, 700)
    widget.show()
    plot = widget.view.browser.plot
    wait_at_rest(qtbot, plot)
    yield plot
    widget.hide()


def test_corner_is_dragged_with_the_mouse(orange, qtbot, widget, plot):
    draw(widget, 1.5, 1.5, 6, 5)
    drag(qtbot, plot, (7.5, 6.5), (11.5, 9.5))
    qtbot.waitUntil(lambda: stored(widget) == {"origin": (2, 2), "shape": (8, 10)})
    assert orange.get_output("Dataset", widget=widget, wait=5000).frame_shape == (8, 10)


def test_new_rectangle_is_drawn_with_the_mouse(qtbot, widget, plot):
    from AnyQt.QtCore import Qt

    qtbot.mouseClick(widget.draw_button, Qt.LeftButton)
    drag(qtbot, plot, (2.6, 3.6), (8.4, 9.4))
    qtbot.waitUntil(lambda: stored(widget) == {"origin": (4, 3), "shape": (6, 6)})
    assert widget.view.roi.isVisible()
    assert len(widget.view._manager.getRois()) == 1
