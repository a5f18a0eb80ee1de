"""Views of a shift: images in turns, and the trajectory."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc

from .support import shown_image


@pytest.fixture
def drifting():
    """A spot that drifts by a pixel a frame along the rows, and its shift."""
    y, x = np.indices((20, 30))
    spots = [100 * np.exp(-((y - 10 - k) ** 2 + (x - 15) ** 2) / 8) for k in range(-2, 3)]
    shift = dc.Shift([(k, 0) for k in range(-2, 3)], trusted=[True, True, True, True, False], reason="One is dim.")
    return dc.Dataset.from_array(np.array(spots)), shift


@pytest.fixture
def view(qtbot):
    from orangecontrib.dfxm.views.shift_view import ShiftView

    view = ShiftView()
    qtbot.addWidget(view)
    view.resize(900, 500)
    view.show()
    return view


def image_of(view):
    return shown_image(view.images.plot)


def test_mean_of_the_frames_is_shown_before_and_after(view, drifting, qtbot):
    dataset, shift = drifting
    after = dc.correct_shift(dataset, shift, apply_untrusted=True)
    view.set_result(dataset, after, shift)
    qtbot.waitUntil(lambda: image_of(view) is not None)
    np.testing.assert_allclose(image_of(view)[10, 15], 100)
    view.images.buttons[0].click()
    assert image_of(view)[10, 15] == pytest.approx(dataset.frames[:][:, 10, 15].mean())
    view.images.turn()
    np.testing.assert_allclose(image_of(view)[10, 15], 100)
    assert view.caption.text() == "Mean of 5 of 5 frames"


def test_two_frames_are_compared(view, drifting, qtbot):
    dataset, shift = drifting
    after = dc.correct_shift(dataset, shift, apply_untrusted=True)
    view.set_result(dataset, after, shift)
    view.compared.setCurrentIndex(1)
    view.numbers[0].setValue(4)
    qtbot.waitUntil(lambda: view.images.buttons[0].text() == "Frame 4" and image_of(view) is not None)
    qtbot.waitUntil(lambda: view.caption.text() == "")
    view.images.buttons[0].click()
    np.testing.assert_array_equal(image_of(view), after.frames[4])


def test_cropped_frames_are_compared_on_their_area(view, drifting, qtbot):
    dataset, shift = drifting
    after = dc.correct_shift(dataset, shift, apply_untrusted=True, borders="crop")
    view.set_result(dataset, after, shift)
    qtbot.waitUntil(lambda: image_of(view) is not None)
    view.images.buttons[0].click()
    assert image_of(view).shape == after.frame_shape == (16, 30)
    assert view.images.plot.getImage("image").getOrigin() == (-0.5, 1.5)


def test_images_blink(view, drifting, qtbot):
    dataset, shift = drifting
    view.set_result(dataset, dc.correct_shift(dataset, shift), shift)
    qtbot.waitUntil(lambda: image_of(view) is not None)
    seen = set()
    view.images.blink.click()
    view.images._timer.timeout.connect(lambda: seen.add(view.images.shown))
    qtbot.waitUntil(lambda: len(seen) == 2)
    view.images.blink.click()
    assert not view.images._timer.isActive()


def test_trajectory_has_error_bars_and_the_verdict_its_colour(view, drifting):
    dataset, shift = drifting
    view.set_result(dataset, dataset, shift)
    plot = view.trajectory
    assert plot.verdict.text() == "Trusted in 4 of 5 frames: One is dim."
    assert "#b35c00" in plot.verdict.styleSheet()
    np.testing.assert_array_equal(plot.plot.getCurve("dy").getYData(), [-2, -1, 0, 1, 2])
    np.testing.assert_array_equal(plot.plot.getCurve("dy doubtful").getXData(), [4])
    view.set_result(None, None, None)
    assert plot.verdict.text() == ""
    assert not plot.plot.getAllCurves()


def test_error_bars_of_a_long_scan_leave_the_curve_to_be_seen(view):
    values = np.arange(600.0).reshape(300, 2)
    shift = dc.Shift(values, uncertainty=np.ones((300, 2)), reason="Long.")
    view.trajectory.set_shift(shift)
    errors = view.trajectory.plot.getCurve("dy").getYErrorData()
    assert errors.size == 300
    assert np.count_nonzero(errors) == 30


@pytest.mark.parametrize(("shape", "is_below"), [((30, 20), False), ((20, 60), True)])
def test_trajectory_stands_below_wide_frames(view, shape, is_below):
    from AnyQt.QtCore import QPoint

    dataset = dc.Dataset.from_array(np.ones((3, *shape)))
    view.set_result(dataset, dataset, dc.Shift(np.zeros((3, 2)), reason="None."))
    images, trajectory = (part.mapTo(view, QPoint(0, 0)) for part in (view.images, view.trajectory))
    assert (trajectory.y() > images.y() + view.images.height() // 2) == is_below


def test_frames_that_cannot_be_read_are_told(view, drifting, qtbot):
    dataset, shift = drifting

    def broken(block):
        raise OSError("the disk is gone")

    with qtbot.waitSignal(view.failed, timeout=5000) as told:
        view.set_result(dataset, dataset.map_frames(broken), shift)
    assert "the disk is gone" in told.args[0]
