"""Background Subtraction: form, second input, before and after."""

from __future__ import annotations

import numpy as np
import pytest

from darfix_core.model.dataset import Dataset

from .support import shown_image, wait_at_rest


@pytest.fixture
def widget(orange):
    from orangecontrib.dfxm.widgets.owbackground import OWBackground

    return orange.create_widget(OWBackground)


def test_median_is_taken_off(orange, widget, rocking_dataset):
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    result = orange.get_output("Dataset", widget=widget, wait=5000)
    frames = np.asarray(rocking_dataset.frames)
    assert np.array_equal(np.asarray(result.frames), frames - np.median(frames, axis=0))


def test_choice_in_the_form_changes_the_result(orange, qtbot, widget, rocking_dataset):
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    combo = widget.form.editors["method"].combo
    combo.setCurrentText("mean")
    combo.activated.emit(combo.currentIndex())
    result = orange.get_output("Dataset", widget=widget, wait=5000)
    frames = np.asarray(rocking_dataset.frames)
    assert np.allclose(np.asarray(result.frames), frames - frames.mean(axis=0), atol=1e-4)
    assert widget.method == "mean"


def test_second_input_gives_the_background(orange, widget, rocking_dataset):
    widget.change_parameters(source="dataset")
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    assert orange.get_output("Dataset", widget=widget, wait=5000) is None
    assert "second input" in str(widget.Error.failed)
    orange.send_signal("Background", rocking_dataset, widget=widget)
    assert orange.get_output("Dataset", widget=widget, wait=5000) is not None
    assert not widget.Error.active


def test_every_is_at_least_one(widget):
    spin = widget.form.editors["every"].spin
    spin.setValue(-4)
    assert widget.every == 1
    assert spin.suffix() == " frames"


def test_browsing_moves_both_pictures(orange, qtbot, widget, rocking_dataset):
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.wait_until_finished(widget=widget)
    widget.show()
    before, after = widget.view.before, widget.view.after
    before.show_frame(2)
    frames = np.asarray(rocking_dataset.frames)
    wanted = frames[2] - np.median(frames, axis=0)
    qtbot.waitUntil(lambda: np.array_equal(shown_image(after.plot), wanted))
    assert np.array_equal(shown_image(before.plot), frames[2])
    widget.hide()


def test_percentile_is_for_the_method_of_that_name(orange, widget, rocking_dataset):
    editor = widget.form.editors["percentile"]
    assert not editor.isEnabled()
    combo = widget.form.editors["method"].combo
    combo.setCurrentText("percentile")
    combo.activated.emit(combo.currentIndex())
    assert editor.isEnabled()
    editor.line.setText("101")
    editor.line.editingFinished.emit()
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    assert orange.get_output("Dataset", widget=widget, wait=5000) is None
    assert "percentile must be a number" in str(widget.Error.failed)


@pytest.mark.parametrize("shape", [(60, 64), (60, 160)])
def test_linked_plots_come_to_rest(orange, qtbot, widget, shape):
    """Plots that keep their aspect and have different widths must not correct each other for ever."""
    counts = np.random.default_rng(1).poisson(9, (4, *shape)) + 20_000
    dataset = Dataset.from_array(counts.astype(np.uint16))
    orange.send_signal("Dataset", dataset, widget=widget)
    orange.wait_until_finished(widget=widget)
    widget.resize(1000, 500)
    widget.show()
    plots = (widget.view.before.plot, widget.view.after.plot)
    wait_at_rest(qtbot, *plots)
    for plot in plots:
        low, high = plot.getXAxis().getLimits()
        assert low <= -0.5
        assert high >= shape[1] - 0.5
    widget.hide()


def test_background_is_shown_as_it_changes(orange, widget, rocking_dataset):
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.wait_until_finished(widget=widget)
    frames = np.asarray(rocking_dataset.frames)
    np.testing.assert_array_equal(shown_image(widget.image_plot), np.median(frames, axis=0))
    widget.change_parameters(method="mean")
    orange.wait_until_finished(widget=widget)
    np.testing.assert_allclose(shown_image(widget.image_plot), frames.mean(axis=0), rtol=1e-6)
    orange.send_signal("Dataset", None, widget=widget)
    assert widget.image_plot.getActiveImage() is None
