"""Hot Pixel Removal: the result, and what applies to which rule."""

from __future__ import annotations

import numpy as np
import pytest

from darfix_core import Frames, NoiseModel

from .support import shown_image


@pytest.fixture
def widget(orange):
    from orangecontrib.dfxm.widgets.owhotpixels import OWHotPixels

    return orange.create_widget(OWHotPixels)


@pytest.fixture
def dataset(rocking_dataset):
    counts = rocking_dataset.frames[:].copy()
    counts[:, 5, 7] = 30_000
    return rocking_dataset.replace(frames=Frames.from_array(counts), noise=NoiseModel(1.0, 0.0, 5.0))


def test_hot_pixels_go_and_both_frames_are_shown(orange, qtbot, widget, dataset):
    orange.send_signal("Dataset", dataset, widget=widget)
    result = orange.get_output("Dataset", widget=widget, wait=5000)
    assert result.frames[:].max() <= 500
    widget.show()
    before, after = widget.view.before, widget.view.after
    before.show_frame(4)
    qtbot.waitUntil(lambda: np.array_equal(shown_image(after.plot), result.frames[4]))
    assert shown_image(before.plot)[5, 7] == 30_000
    widget.hide()


def test_number_of_deviations_is_for_the_rule_of_the_noise(widget):
    combo = widget.form.editors["rule"].combo
    assert widget.form.editors["n_sigma"].isEnabled()
    combo.setCurrentText("darfix")
    combo.activated.emit(combo.currentIndex())
    assert widget.rule == "darfix"
    assert not widget.form.editors["n_sigma"].isEnabled()


def test_noise_that_cannot_be_estimated_is_a_warning(orange, widget, dataset):
    orange.send_signal("Dataset", dataset.replace(noise=None), widget=widget)
    assert orange.get_output("Dataset", widget=widget, wait=5000) is not None
    assert "the noise of the detector is estimated" in str(widget.Warning.doubtful)
