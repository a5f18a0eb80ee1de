import numpy as np
import pytest

from darfix_core.figures.curve_figure import curve_figure
from darfix_core.model.dataset import Dataset


def test_curve_of_one_motor(rocking_dataset):
    axes = curve_figure(rocking_dataset.crop((2, 3), (8, 9)), 1, 2).axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("mu (deg)", "counts")
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), rocking_dataset.curve(3, 5))
    assert axes.figure.texts[1].get_text() == "Rocking curve of the pixel y = 3, x = 5"


def test_positions_that_hardly_differ_are_counted_from_the_first(rocking_dataset):
    mu = 25.1023 + 1e-5 * np.arange(9)
    axes = curve_figure(rocking_dataset.replace(positions={"mu": mu}), 1, 2).axes[0]
    assert axes.get_xlabel() == "mu − 25.1023 deg (10⁻⁶ deg)"
    np.testing.assert_allclose(axes.lines[0].get_xdata(), 10 * np.arange(9), atol=1e-6)


def test_curve_is_drawn_in_the_order_of_the_positions(rocking_dataset):
    axes = curve_figure(rocking_dataset.select_frames([3, 1, 2]), 0, 0).axes[0]
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), rocking_dataset.positions["mu"][[1, 2, 3]])


def test_two_motors_give_an_image_that_lacks_missing_frames(mosaicity_dataset):
    axes = curve_figure(mosaicity_dataset.select_frames(np.arange(33)), 4, 5).axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("mu (deg)", "chi (deg)")
    shown = np.ma.filled(axes.collections[0].get_array(), np.nan).reshape(5, 7)
    expected = mosaicity_dataset.curve(4, 5).reshape(5, 7).astype(float)
    expected[4, 5:] = np.nan
    np.testing.assert_array_equal(shown, expected)


def test_scan_without_dimensions_is_drawn_over_the_frames():
    axes = curve_figure(Dataset.from_array(np.arange(24).reshape(4, 2, 3)), 0, 0).axes[0]
    assert axes.get_xlabel() == "frame"
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), range(4))


@pytest.mark.parametrize(
    ("y", "x", "message"), [(12, 0, "y must be in 0 to 11, got 12"), (0, -1, "x must be in 0 to 15")]
)
def test_pixel_outside_is_refused(rocking_dataset, y, x, message):
    with pytest.raises(ValueError, match=message):
        curve_figure(rocking_dataset, y, x)
