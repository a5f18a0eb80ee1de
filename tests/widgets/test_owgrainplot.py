"""Grain Plot: the list of maps, the key, the curve of a pixel."""

from __future__ import annotations

import numpy as np
import pytest

from darfix_core.model.dataset import Dataset
from darfix_core.model.dimension import Dimension

from .support import stored, wait_at_rest


@pytest.fixture
def widget(orange):
    from orangecontrib.dfxm.widgets.owgrainplot import OWGrainPlot

    return orange.create_widget(OWGrainPlot)


@pytest.fixture
def filled(orange, widget, mosaicity_dataset):
    orange.send_signal("Dataset", mosaicity_dataset, widget=widget)
    assert orange.get_output("Maps", widget=widget, wait=20000) is not None
    return widget


def test_maps_are_listed_with_their_units(filled):
    names = [filled.map_list.item(row).text() for row in range(filled.map_list.count())]
    assert names[0] == "mosaicity"
    assert "chi: centre of mass (deg)" in names
    assert "intensity (counts)" in names


def test_chosen_map_is_shown_and_kept(orange, filled, mosaicity_dataset):
    row = list(filled.produced).index("mu/center_of_mass")
    filled.map_list.setCurrentRow(row)
    shown = filled.view.plot.getImage("image").getData()
    assert np.allclose(shown, filled.produced["mu/center_of_mass"], equal_nan=True)
    assert filled.view.plot.color_bar.label == "mu: centre of mass (deg)"
    assert filled.view_map == "mu/center_of_mass"
    orange.send_signal("Dataset", mosaicity_dataset, widget=filled)
    orange.wait_until_finished(widget=filled)
    assert filled.map_list.currentRow() == row


def test_key_shows_the_motors_in_their_units(filled):
    assert not filled.view.key.isHidden()
    assert filled.view.key.getXAxis().getLabel() == "mu (deg)"
    assert filled.view.key.getYAxis().getLabel() == "chi (deg)"
    low, high = filled.produced.metadata["mosaicity"]["ranges"][1]
    left, right = filled.view.key.getImage("key").getBounds()[:2]
    assert left == pytest.approx(low, abs=(high - low) / 100)
    assert right == pytest.approx(high, abs=(high - low) / 100)


def test_key_has_the_colour_of_the_map(filled):
    """The colour of the key at the orientation of a pixel is the colour of that pixel."""
    row, column = 4, 5
    y, x = filled.view.orientation(row, column)
    key = filled.view.key.getImage("key")
    (left, bottom), (width, height) = key.getOrigin(), key.getScale()
    colors = key.getData()
    found = colors[int((y - bottom) / height), int((x - left) / width)]
    # One pixel of the key is 2/127 of its range.
    assert np.allclose(found / 255, filled.produced["mosaicity"][row, column], atol=0.03)


def test_click_on_a_pixel_shows_its_curve(qtbot, filled, mosaicity_dataset):
    from AnyQt.QtCore import QPoint, Qt

    filled.resize(1200, 750)
    filled.show()
    plot = filled.view.plot
    wait_at_rest(qtbot, plot)
    place = QPoint(*(int(pixel) for pixel in plot.dataToPixel(5.2, 3.9)))
    qtbot.mouseMove(plot.getWidgetHandle(), place)
    qtbot.mouseClick(plot.getWidgetHandle(), Qt.LeftButton, pos=place)
    qtbot.waitUntil(lambda: "row 4, column 5" in filled.curve.image.getGraphTitle())
    shown = filled.curve.image.getImage("image").getData()
    assert np.array_equal(shown, np.asarray(mosaicity_dataset.frames)[:, 4, 5].reshape(5, 7))
    assert filled.curve.image.getXAxis().getLabel() == "mu (deg)"
    assert "chi" in filled.curve.caption.text()
    filled.hide()


def test_pixels_of_a_cropped_scan_are_those_of_the_detector(orange, qtbot, widget, rng):
    frames = rng.integers(1, 500, (5, 60, 80))
    mu = np.linspace(0, 0.4, 5)
    dataset = Dataset.from_array(frames, {"mu": mu})
    dataset = dataset.replace(dimensions=(Dimension("mu", mu, "deg"),), grid_index=np.arange(5))
    orange.send_signal("Dataset", dataset.crop((20, 40), (30, 30)), widget=widget)
    orange.get_output("Maps", widget=widget, wait=20000)
    plot = widget.view.plot
    assert plot.getImage("image").getBounds() == (39.5, 69.5, 19.5, 49.5)
    plot.sigPlotSignal.emit({"event": "mouseClicked", "button": "left", "x": 45.2, "y": 22.9})
    qtbot.waitUntil(lambda: widget.curve.line.getCurve("counts") is not None)
    assert widget.curve.line.getGraphTitle() == "row 23, column 45"
    assert np.array_equal(widget.curve.line.getCurve("counts").getData()[1], frames[:, 23, 45])
    marker = plot._getMarker("pixel")
    assert marker.getPosition() == (45, 23)
    assert plot.value_at(45.2, 22.9)[2] == pytest.approx(frames[:, 23, 45].sum())


def test_click_beside_the_map_does_nothing(qtbot, filled):
    filled.view.plot.sigPlotSignal.emit({"event": "mouseClicked", "button": "left", "x": -5.0, "y": 3.9})
    qtbot.wait(20)
    assert filled.curve.caption.text() == ""


def test_one_motor_gives_a_curve_and_no_key(orange, qtbot, widget, rocking_dataset):
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    maps = orange.get_output("Maps", widget=widget, wait=20000)
    assert "mosaicity" not in maps
    assert widget.view.key.isHidden()
    widget.view.pixel_clicked.emit(2, 3)
    qtbot.waitUntil(lambda: widget.curve.line.getCurve("counts") is not None)
    x, y = widget.curve.line.getCurve("counts").getData()[:2]
    assert np.array_equal(x, rocking_dataset.positions["mu"])
    assert np.array_equal(y, np.asarray(rocking_dataset.frames)[:, 2, 3])


def test_what_needs_two_motors_is_grey_for_one(orange, widget, rocking_dataset, mosaicity_dataset):
    names = ("x_motor", "y_motor", "color_range")
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.wait_until_finished(widget=widget)
    assert not any(widget.form.editors[name].isEnabled() for name in names)
    orange.send_signal("Dataset", mosaicity_dataset, widget=widget)
    orange.wait_until_finished(widget=widget)
    assert all(widget.form.editors[name].isEnabled() for name in names)


def test_motor_that_a_scan_lacks_can_be_taken_back(orange, rocking_dataset):
    from orangecontrib.dfxm.widgets.owgrainplot import OWGrainPlot

    widget = orange.create_widget(OWGrainPlot, stored_settings={"y_motor": "chi"})
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.wait_until_finished(widget=widget)
    assert widget.Error.failed.is_shown()
    assert widget.form.editors["y_motor"].isEnabled()


def test_motors_of_the_scan_can_be_chosen(orange, filled):
    combo = filled.form.editors["x_motor"].combo
    assert [combo.itemText(row) for row in range(combo.count())] == ["the fastest motor", "chi", "mu"]
    combo.setCurrentText("chi")
    combo.activated.emit(combo.currentIndex())
    assert stored(filled)["x_motor"] == "chi"
    assert orange.get_output("Maps", widget=filled, wait=5000).metadata["mosaicity"]["motors"] == ("mu", "chi")


def test_limit_of_intensity_is_typed(orange, filled):
    editor = filled.form.editors["min_intensity"]
    editor.check.click()
    editor.inner.line.setText("1e9")
    editor.inner.line.editingFinished.emit()
    assert filled.min_intensity == 1e9
    assert np.isnan(orange.get_output("Maps", widget=filled, wait=5000)["mu/center_of_mass"]).all()
    editor.inner.line.setText("many")
    editor.inner.line.editingFinished.emit()
    assert orange.get_output("Maps", widget=filled, wait=5000) is None
    assert "min_intensity must be a number" in str(filled.Error.failed)
    assert filled.map_list.count() == 0


def test_removed_input_empties_the_views(orange, filled):
    orange.send_signal("Dataset", None, widget=filled)
    orange.wait_until_finished(widget=filled)
    assert filled.map_list.count() == 0
    assert filled.view.plot.getImage("image") is None
    assert filled.view.key.isHidden()


def test_picture_is_saved(filled, tmp_path):
    from matplotlib.image import imread

    filled.save_picture(str(tmp_path / "mosaicity.png"))
    filled.map_list.setCurrentRow(1)
    filled.save_picture(str(tmp_path / "intensity.png"))
    assert min(imread(tmp_path / "mosaicity.png").shape[:2]) > 300
    assert min(imread(tmp_path / "intensity.png").shape[:2]) > 300
    filled.save_picture(str(tmp_path / "no folder" / "intensity.png"))
    assert "no folder" in str(filled.Warning.no_picture)
