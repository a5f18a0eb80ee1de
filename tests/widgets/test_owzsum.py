"""Z Sum: the sum, or the maximum, is shown."""

from __future__ import annotations

import numpy as np
import pytest

from .support import shown_image


@pytest.fixture
def widget(orange, rocking_dataset):
    from orangecontrib.dfxm.widgets.owzsum import OWZSum

    widget = orange.create_widget(OWZSum)
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.wait_until_finished(widget=widget)
    return widget


def test_sum_is_shown_and_sent(orange, widget, rocking_dataset):
    expected = rocking_dataset.frames[:].sum(axis=0)
    assert np.array_equal(orange.get_output("Maps", widget=widget)["z_sum"], expected)
    assert np.array_equal(shown_image(widget.view), expected)


def test_chosen_image_is_shown_and_kept_in_the_workflow(orange, widget, rocking_dataset):
    combo = widget.chosen.combo
    combo.setCurrentText("highest count")
    combo.activated.emit(combo.currentIndex())
    assert np.array_equal(shown_image(widget.view), rocking_dataset.frames[:].max(axis=0))
    settings = widget.settingsHandler.pack_data(widget)
    again = orange.create_widget(type(widget), stored_settings=settings)
    assert again.chosen.value() == "z_max"


def test_without_data_nothing_is_shown(orange, widget):
    orange.send_signal("Dataset", None, widget=widget)
    orange.wait_until_finished(widget=widget)
    assert shown_image(widget.view) is None
