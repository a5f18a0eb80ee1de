"""Gradient Threshold: the result, and which parameters have a meaning."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc


@pytest.fixture
def widget(orange):
    from orangecontrib.dfxm.widgets.owgradientthreshold import OWGradientThreshold

    return orange.create_widget(OWGradientThreshold)


def test_result_is_that_of_the_step(orange, widget, rocking_dataset):
    widget.change_parameters(bottom=200.0, min_gradient=30.0)
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    result = orange.get_output("Dataset", widget=widget, wait=5000)
    expected = dc.gradient_threshold(rocking_dataset, bottom=200.0, min_gradient=30.0)
    np.testing.assert_array_equal(result.frames[:], expected.frames[:])


def test_parameters_are_grey_until_they_have_a_meaning(widget):
    def enabled():
        return [name for name, editor in widget.form.editors.items() if editor.isEnabled()]

    assert enabled() == ["bottom"]
    widget.change_parameters(bottom=20.0)
    assert enabled() == ["bottom", "min_gradient"]
    widget.change_parameters(min_gradient=5.0)
    assert enabled() == ["bottom", "min_gradient", "scale"]
