"""Weak Beam: the peaks of the curves are taken away."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def widget(orange):
    from orangecontrib.dfxm.widgets.owweakbeam import OWWeakBeam

    return orange.create_widget(OWWeakBeam)


def test_counts_above_the_deviation_of_their_curve_become_zero(orange, widget, rocking_dataset):
    widget.change_parameters(n_sigma=0.5)
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    result, counts = orange.get_output("Dataset", widget=widget, wait=5000).frames[:], rocking_dataset.frames[:]
    np.testing.assert_array_equal(result, np.where(counts > 0.5 * counts.std(axis=0), 0, counts))
