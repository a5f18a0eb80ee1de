"""Dark Subtraction: second input, the dark image, and what is said where there are no dark frames."""

from __future__ import annotations

import numpy as np
import pytest

from darfix_core import Frames

from .support import shown_image


@pytest.fixture
def widget(orange):
    from orangecontrib.dfxm.widgets.owdark import OWDark

    return orange.create_widget(OWDark)


@pytest.fixture
def dark(rng):
    return rng.poisson(100, (4, 12, 16)).astype(np.uint16)


def test_dark_frames_are_those_of_the_data_or_of_the_second_input(orange, widget, rocking_dataset, dark):
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    assert orange.get_output("Dataset", widget=widget, wait=5000) is None
    assert "load it with dark=..., or give a dark dataset" in str(widget.Error.failed)
    orange.send_signal("Dark", rocking_dataset.replace(frames=Frames.from_array(dark[[0] * 9])), widget=widget)
    result = orange.get_output("Dataset", widget=widget, wait=5000)
    np.testing.assert_array_equal(result.frames[3], rocking_dataset.frames[3] - dark[0].astype(np.float32))
    assert not widget.Error.active
    orange.send_signal("Dark", None, widget=widget)
    orange.send_signal("Dataset", rocking_dataset.replace(dark=Frames.from_array(dark)), widget=widget)
    result = orange.get_output("Dataset", widget=widget, wait=5000)
    np.testing.assert_allclose(result.frames[3], rocking_dataset.frames[3] - dark.mean(axis=0), atol=1e-4)


def test_dark_image_is_shown_as_long_as_there_is_one(orange, widget, rocking_dataset, dark):
    orange.send_signal("Dataset", rocking_dataset.replace(dark=Frames.from_array(dark)), widget=widget)
    orange.wait_until_finished(widget=widget)
    assert widget.pages.tabText(1) == "Dark image"
    np.testing.assert_allclose(shown_image(widget.image_plot), dark.mean(axis=0))
    orange.send_signal("Dataset", None, widget=widget)
    assert widget.image_plot.getActiveImage() is None
