"""Views on their own: reading beside the window, colours, rocking curves."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from darfix_core.model.dataset import Dataset

from .support import shown_image, wait_at_rest


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
    low, high = samples.limits(1, 99.5)
    assert low < high


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


def test_pixels_have_the_numbers_of_the_detector(image_plot):
    image_plot.show_image(np.arange(6.0).reshape(2, 3), origin=(20, 40))
    assert image_plot.getImage("image").getBounds() == (39.5, 42.5, 19.5, 21.5)
    assert image_plot.value_at(42.4, 20.6) == (1, 2, 5.0)
    assert image_plot.value_at(2.4, 0.6) is None


def position_texts(plot):
    from AnyQt.QtWidgets import QLabel

    texts = (label.text() for label in plot.getPositionInfoWidget().findChildren(QLabel))
    return [text for text in texts if not text.startswith("<b>")]


def test_values_of_another_picture_are_not_left_below(image_plot):
    image_plot.show_image(np.arange(6.0).reshape(2, 3))
    image_plot.sigPlotSignal.emit({"event": "mouseMoved", "x": 2.0, "y": 1.0, "xpixel": 5, "ypixel": 5})
    assert position_texts(image_plot) == ["2", "1", "5"]
    image_plot.show_image(np.zeros((2, 3)))
    assert position_texts(image_plot) == ["-", "-", "-"]
    image_plot.sigPlotSignal.emit({"event": "mouseMoved", "x": 2.0, "y": 1.0, "xpixel": 5, "ypixel": 5})
    image_plot.clear_image()
    assert position_texts(image_plot) == ["-", "-", "-"]


@pytest.mark.parametrize(("value", "note"), [(np.nan, "no values"), (0.0, "all values: 0 deg")])
def test_map_without_different_values_says_so(qtbot, value, note):
    from darfix_core.model.maps import Map, Maps
    from orangecontrib.dfxm.views.map_view import MapView

    view = MapView()
    qtbot.addWidget(view)
    values = np.linspace(0, 1, 12).reshape(3, 4)
    view.set_maps(Maps({"mu/fwhm": Map(np.full((3, 4), value), "deg"), "mu/skewness": Map(values)}))
    assert view.plot.note.text() == note
    assert view.plot.color_bar.isHidden()
    view.show_map("mu/skewness")
    assert view.plot.note.isHidden()
    assert not view.plot.color_bar.isHidden()


def make_bar(qtbot, limits, text="", unit="", normalization="linear"):
    from orangecontrib.dfxm.views.color_bar import ColorBar
    from orangecontrib.dfxm.views.image_plot import make_colormap

    bar = ColorBar(10, 50)
    qtbot.addWidget(bar)
    bar.resize(80, 360)
    colormap = make_colormap("viridis", limits)
    colormap.setNormalization(normalization)
    bar.set_colors(colormap, np.zeros((2, 2)), text, unit)
    return bar, colormap


def test_color_bar_keeps_its_numbers_short_and_inside(qtbot):
    bar, colormap = make_bar(qtbot, (25.1023, 25.1024), "obpitch: centre of mass", "deg")
    label, ticks = bar.numbers()
    assert label == "obpitch: centre of mass − 25.1023 deg (10⁻⁶ deg)"
    assert all(0 <= place <= 1 and len(text) <= 3 for place, text in ticks)
    colormap.setVRange(5000, 703000)
    assert bar.numbers()[0] == "obpitch: centre of mass (10³ deg)"
    assert [text for _, text in bar.numbers()[1]] == ["150", "300", "450", "600"]


def test_color_bar_follows_a_logarithmic_scale(qtbot):
    bar, _ = make_bar(qtbot, (1.0, 10000.0), "intensity", "counts", "log")
    ticks = bar.numbers()[1]
    assert (ticks[0][0], ticks[-1][0]) == (0, 1)
    for place, text in ticks:
        # One of 256 colours of the bar is 4 % of a number.
        assert float(text) == pytest.approx(10000**place, rel=0.05)


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


def test_positions_that_hardly_differ_have_short_numbers(qtbot, rocking_dataset):
    from orangecontrib.dfxm.views.curve_view import CurveView

    view = CurveView()
    qtbot.addWidget(view)
    mu = 25.1023 + 1e-5 * np.arange(9)
    view.show_curve(rocking_dataset.replace(positions={"mu": mu}), (2, 3), np.arange(9.0), {"mu": 25.10234})
    assert view.line.getXAxis().getLabel() == "mu − 25.1023 deg (10⁻⁶ deg)"
    assert np.allclose(view.line.getCurve("counts").getData()[0], 10 * np.arange(9), atol=1e-6)


def test_read_backs_that_hardly_differ_have_short_numbers(qtbot, rocking_dataset):
    from orangecontrib.dfxm.views.positions_plot import PositionsPlot

    plot = PositionsPlot()
    qtbot.addWidget(plot)
    mu = 25.1023 + 1e-5 * np.arange(9)
    plot.set_dataset(rocking_dataset.replace(positions={"mu": mu}, dimensions=(), grid_index=None))
    assert plot.getYAxis().getLabel() == "mu − 25.1023 deg (10⁻⁶ deg)"
    assert np.allclose(plot.getCurve("read-backs").getData()[1], 10 * np.arange(9), atol=1e-6)


def test_curve_is_read_in_blocks(monkeypatch, mosaicity_dataset):
    from orangecontrib.dfxm.views import curve_view

    monkeypatch.setattr(curve_view, "_BLOCK", 2000)
    pixel, counts = curve_view.read_curve(mosaicity_dataset, 3, 4, threading.Event())
    assert pixel == (3, 4)
    assert np.array_equal(counts, mosaicity_dataset.curve(3, 4))


def test_first_frame_lies_in_the_middle_of_every_dimension(mosaicity_dataset, rocking_dataset):
    from orangecontrib.dfxm.views.frame_samples import start_frame

    assert start_frame(mosaicity_dataset) == 2 * 7 + 3
    assert start_frame(rocking_dataset) == 4
    assert start_frame(rocking_dataset.replace(dimensions=(), grid_index=None)) == 4
    joined = {"frames_of_parts": (3, 3, 1, 2)}
    assert start_frame(rocking_dataset.replace(dimensions=(), grid_index=None, metadata=joined)) == 6


def test_frame_is_kept_until_there_are_fewer(qtbot, rocking_dataset, mosaicity_dataset):
    from orangecontrib.dfxm.views.frame_browser import FrameBrowser

    browser = FrameBrowser()
    qtbot.addWidget(browser)
    browser.set_dataset(mosaicity_dataset)
    browser.show_frame(5)
    browser.set_dataset(None)
    browser.set_dataset(mosaicity_dataset)
    assert browser.number == 5
    browser.show_frame(30)
    browser.set_dataset(rocking_dataset)
    assert browser.number == 4


def test_colours_fit_the_middle_of_the_scan_even_if_there_is_no_time_for_more(rocking_dataset, monkeypatch):
    from orangecontrib.dfxm.views import frame_samples

    joined = rocking_dataset.replace(dimensions=(), grid_index=None, metadata={"frames_of_parts": (5, 4)})
    monkeypatch.setattr(frame_samples, "_SECONDS", 0.0)
    samples = frame_samples.sample_frames(joined, threading.Event())
    assert samples.n_frames < joined.n_frames
    middle = np.asarray(joined.frames[7])
    assert np.all(samples.brightest >= middle)
    assert samples.limits(1, 99.5)[1] >= np.percentile(middle, 99)


@pytest.fixture
def comparison(qtbot, rocking_dataset):
    from orangecontrib.dfxm.views.compare_view import CompareView
    from orangecontrib.dfxm.views.latest_task import LatestTask

    view = CompareView()
    qtbot.addWidget(view)
    view.show_before(rocking_dataset)
    view.show_after(rocking_dataset.map_frames(lambda block: block // 2))
    view.show()
    qtbot.waitUntil(lambda: len(view.histogram.getAllCurves()) == 2)
    yield view
    for task in view.findChildren(LatestTask):
        task.close()


def test_histograms_have_their_bins_in_common():
    from orangecontrib.dfxm.views.histogram_plot import shares

    before, after = np.arange(100).reshape(10, 10), np.arange(100).reshape(10, 10) - 50
    edges, found = shares({"Before": before, "After": after})
    assert np.array_equal(np.diff(edges), np.ones(edges.size - 1))
    assert found["Before"].sum() == pytest.approx(100)
    assert found["After"][edges[:-1] > 50].sum() == 0


def test_histogram_leaves_out_what_is_not_finite():
    from orangecontrib.dfxm.views.histogram_plot import shares

    image = np.linspace(0, 1, 10_000).reshape(100, 100)
    image[3, 4], image[5, 6] = np.nan, np.inf
    _, found = shares({"After": image})
    # But for the 0.1 % that lie farthest out.
    assert found["After"].sum() == pytest.approx(100, abs=0.11)
    _, found = shares({"After": np.full((2, 2), np.nan)})
    assert found["After"].sum() == 0


def test_histograms_follow_the_frame_and_what_is_shown(qtbot, comparison, rocking_dataset):
    highest = comparison.histogram.getCurve("Before").getXData().max()
    comparison.before.show_frame(0)
    qtbot.waitUntil(lambda: comparison.histogram.getCurve("Before").getXData().max() < highest)
    comparison.show_after(None)
    assert [curve.getName() for curve in comparison.histogram.getAllCurves()] == ["Before"]


def test_percentiles_of_the_colours_are_those_of_both_pictures(qtbot, comparison, rocking_dataset):
    stack = np.asarray(rocking_dataset.frames)
    comparison.percentiles.setCurrentText("0 to 100 %")
    limits = [
        browser.plot.getImage("image").getColormap().getVRange for browser in (comparison.before, comparison.after)
    ]
    for of, expected in zip(limits, (stack, stack // 2), strict=True):
        qtbot.waitUntil(lambda of=of, expected=expected: of() == (expected.min(), expected.max()))


def test_percentiles_can_be_chosen_while_there_is_no_picture(qtbot, comparison, rocking_dataset):
    def broken(block):
        raise OSError("the disk is gone")

    with qtbot.waitSignal(comparison.failed):
        comparison.show_before(rocking_dataset.map_frames(broken))
    comparison.show_after(None)
    comparison.percentiles.setCurrentText("5 to 95 %")
    comparison.show_before(rocking_dataset)
    qtbot.waitUntil(lambda: shown_image(comparison.before.plot) is not None)


@pytest.mark.parametrize(("shape", "pictures_are_stacked"), [((64, 60), False), ((40, 120), True)])
def test_pictures_and_histograms_take_the_room_that_the_shape_of_the_frames_leaves(
    qtbot, comparison, shape, pictures_are_stacked
):
    from AnyQt.QtCore import QPoint

    dataset = Dataset.from_array(np.arange(2 * np.prod(shape), dtype=np.uint16).reshape(2, *shape))
    comparison.show_before(dataset)
    comparison.show_after(dataset)
    wait_at_rest(qtbot, comparison.before.plot, comparison.after.plot)

    def place(widget):
        return widget.mapTo(comparison, QPoint(0, 0))

    before, after, histogram = map(place, (comparison.before.plot, comparison.after.plot, comparison.histogram))
    assert (after.y() > before.y()) == pictures_are_stacked
    assert (histogram.x() > before.x()) == pictures_are_stacked


@pytest.mark.parametrize("zoomed", ["before", "after"])
def test_both_pictures_show_the_part_that_was_drawn_in_one(qtbot, comparison, zoomed):
    plots = {name: getattr(comparison, name).plot for name in ("before", "after")}
    wait_at_rest(qtbot, *plots.values())
    zoom_with_the_mouse(plots[zoomed], 3, 6, 2, 4)
    wait_at_rest(qtbot, *plots.values())
    for plot in plots.values():
        assert np.mean(plot.getXAxis().getLimits()) == pytest.approx(4.5, abs=0.01)
        assert np.mean(plot.getYAxis().getLimits()) == pytest.approx(3, abs=0.01)
    widths = [np.ptp(plot.getXAxis().getLimits()) / plot.getPlotBoundsInPixels()[2] for plot in plots.values()]
    assert widths[0] == pytest.approx(widths[1], rel=0.01)


def test_pictures_of_different_size_show_everything_together(qtbot, comparison, rocking_dataset):
    before, after = comparison.before.plot, comparison.after.plot
    wait_at_rest(qtbot, before, after)
    before.parentWidget().setSizes([320, 480])
    wait_at_rest(qtbot, before, after)
    zoom_with_the_mouse(before, 3, 6, 2, 4)
    wait_at_rest(qtbot, before, after)
    after.resetZoom()
    wait_at_rest(qtbot, before, after)
    for plot in (before, after):
        for axis, length in zip((plot.getYAxis(), plot.getXAxis()), rocking_dataset.frame_shape, strict=True):
            low, high = axis.getLimits()
            assert low <= -0.5
            assert high >= length - 0.5


def test_zoom_outlives_a_result_that_is_missing_for_a_while(qtbot, comparison, rocking_dataset):
    before, after = comparison.before.plot, comparison.after.plot
    wait_at_rest(qtbot, before, after)
    zoom_with_the_mouse(before, 3, 6, 2, 5)
    wait_at_rest(qtbot, before)
    shown = before.getXAxis().getLimits()
    size = after.getWidgetHandle().size()
    comparison.show_after(None)
    qtbot.wait(20)
    assert after.getWidgetHandle().size() == size
    comparison.show_after(rocking_dataset)
    wait_at_rest(qtbot, before, after)
    assert before.getXAxis().getLimits() == pytest.approx(shown)


def zoom_with_the_mouse(plot, *limits):
    from AnyQt.QtCore import QEvent, QPointF, Qt
    from AnyQt.QtGui import QMouseEvent

    drag = QMouseEvent(QEvent.MouseMove, QPointF(1, 1), Qt.LeftButton, Qt.LeftButton, Qt.NoModifier)
    plot.eventFilter(plot.getWidgetHandle(), drag)
    plot.setLimits(*limits)
