"""Views on their own: reading beside the window, colours, rocking curves."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from darfix_core.model.dataset import Dataset


@pytest.fixture
def task(qtbot):
    from AnyQt.QtCore import QObject

    from orangecontrib.dfxm.views.latest_task import LatestTask

    parent = QObject()
    made = LatestTask(parent)
    yield made
    made.close()


def test_only_the_latest_result_arrives(qtbot, task):
    opened, results, begun = threading.Event(), [], []

    def held_up(value, stop):
        begun.append(value)
        opened.wait(5)
        return value

    task.done.connect(results.append)
    task.start(held_up, 1)
    qtbot.waitUntil(lambda: begun == [1])
    task.start(held_up, 2)
    task.start(held_up, 3)
    opened.set()
    qtbot.waitUntil(lambda: results == [3])
    qtbot.wait(20)
    assert results == [3]
    assert begun == [1, 3]


def test_error_arrives_as_a_result(qtbot, task):
    def broken(stop):
        raise OSError("no such disk")

    results = []
    task.done.connect(results.append)
    task.start(broken)
    qtbot.waitUntil(lambda: len(results) == 1)
    assert str(results[0]) == "no such disk"


def test_nothing_arrives_after_closing(qtbot, task):
    results = []
    task.done.connect(results.append)
    task.start(lambda stop: stop.wait(5))
    task.close()
    qtbot.wait(20)
    assert results == []


@pytest.mark.parametrize("n_frames", [1, 2, 7, 8, 9, 61, 500])
def test_samples_are_spread_over_the_scan(n_frames):
    from orangecontrib.dfxm.views.frame_samples import sample_frames

    stack = np.zeros((n_frames, 4, 5), dtype=np.uint16)
    stack[:, 1, 1] = np.arange(n_frames)
    samples = sample_frames(Dataset.from_array(stack), threading.Event())
    assert samples.n_frames == min(n_frames, 60)
    assert samples.brightest[1, 1] >= 0.9 * (n_frames - 1) - 1
    assert samples.limits[0] < samples.limits[1]


def test_nobody_waits_for_samples_that_are_not_wanted():
    from orangecontrib.dfxm.views.frame_samples import sample_frames

    stop = threading.Event()
    stop.set()
    assert sample_frames(Dataset.from_array(np.zeros((3, 4, 5), dtype=np.uint16)), stop) is None


def test_hot_pixels_do_not_set_the_limits():
    from orangecontrib.dfxm.views.image_plot import percentile_limits

    values = np.arange(10_000, dtype=np.float64).reshape(100, 100)
    values[3, 4], values[5, 6] = 1e9, np.nan
    low, high = percentile_limits(values)
    assert 0 < low < 100
    assert 9900 < high < 10_000


@pytest.mark.parametrize("values", [[np.nan, np.nan], [5, 5, 5], [0.0], [np.inf, 2.0]])
def test_limits_are_never_equal(values):
    from orangecontrib.dfxm.views.image_plot import percentile_limits

    low, high = percentile_limits(np.array(values))
    assert low < high


@pytest.fixture
def image_plot(qtbot):
    from orangecontrib.dfxm.views.image_plot import ImagePlot

    plot = ImagePlot()
    qtbot.addWidget(plot)
    return plot


def test_empty_pixels_of_a_coloured_map_are_grey(image_plot):
    from orangecontrib.dfxm.views.image_plot import NAN_COLOR

    colors = np.full((2, 3, 3), 0.5)
    colors[1, 2] = np.nan
    image_plot.show_image(colors)
    shown = image_plot.getImage("image").getData()
    assert np.allclose(shown[1, 2] / 255, NAN_COLOR, atol=0.01)
    assert np.allclose(shown[0, 0] / 255, 0.5, atol=0.01)


def test_pixels_are_centred_on_their_numbers(image_plot):
    image_plot.show_image(np.arange(6.0).reshape(2, 3))
    assert image_plot.getImage("image").getBounds() == (-0.5, 2.5, -0.5, 1.5)
    assert image_plot.value_at(2.4, 0.6)[:2] == (1, 2)
    assert image_plot.value_at(2.6, 0.0) is None


def test_descending_motors_are_drawn_at_their_positions(image_plot):
    from orangecontrib.dfxm.views.image_plot import make_colormap

    values = np.arange(6.0).reshape(2, 3)
    image_plot.show_grid(values, [1.0, 0.0], [3.0, 2.0, 1.0], colormap=make_colormap("viridis", (0, 5)))
    image = image_plot.getImage("image")
    assert np.array_equal(image.getData(), values[::-1, ::-1])
    assert image.getBounds() == (0.5, 3.5, -0.5, 1.5)


def test_curve_of_three_motors_is_summed_over_the_slowest(qtbot):
    from darfix_core.model.dimension import Dimension
    from orangecontrib.dfxm.views.curve_view import CurveView

    shape = (2, 3, 4)
    counts = np.arange(24.0)
    grid = np.meshgrid(*(np.arange(size, dtype=float) for size in shape), indexing="ij")
    names = ("ccmth", "chi", "mu")
    dataset = Dataset.from_array(np.zeros((24, 1, 1)), dict(zip(names, grid, strict=True))).replace(
        dimensions=tuple(Dimension(name, np.arange(size), "deg") for name, size in zip(names, shape, strict=True)),
        grid_index=np.arange(24),
    )
    view = CurveView()
    qtbot.addWidget(view)
    view.show_curve(dataset, (0, 0), counts)
    assert np.array_equal(view.image.getImage("image").getData(), counts.reshape(shape).sum(axis=0))
    assert "summed over ccmth" in view.image.getGraphTitle()


def test_curve_is_read_in_blocks(monkeypatch, mosaicity_dataset):
    from orangecontrib.dfxm.views import curve_view

    monkeypatch.setattr(curve_view, "_BLOCK", 2000)
    pixel, counts = curve_view.read_curve(mosaicity_dataset, 3, 4, threading.Event())
    assert pixel == (3, 4)
    assert np.array_equal(counts, mosaicity_dataset.curve(3, 4))
