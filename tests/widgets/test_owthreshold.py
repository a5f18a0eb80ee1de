"""Threshold: typed limits, and those that exclude each other."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def widget(orange):
    from orangecontrib.dfxm.widgets.owthreshold import OWThreshold

    return orange.create_widget(OWThreshold)


def test_counts_below_the_bottom_become_zero(orange, widget, rocking_dataset):
    widget.change_parameters(bottom=50.0)
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    result, counts = orange.get_output("Dataset", widget=widget, wait=5000).frames[:], rocking_dataset.frames[:]
    np.testing.assert_array_equal(result, np.where(counts < 50, 0, counts))


def test_bottom_above_top_is_told(orange, widget, rocking_dataset):
    widget.change_parameters(bottom=50.0, top=20.0)
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    assert orange.get_output("Dataset", widget=widget, wait=5000) is None
    assert "bottom must be at most top" in str(widget.Error.failed)
