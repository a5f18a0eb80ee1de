"""Flat-Field Correction: second input, and the response."""

from __future__ import annotations

import numpy as np
import pytest

from darfix_core import Dataset

from .support import shown_image


@pytest.fixture
def widget(orange):
    from orangecontrib.dfxm.widgets.owflat import OWFlat

    return orange.create_widget(OWFlat)


@pytest.fixture
def flat():
    response = np.linspace(0.5, 1.5, 12 * 16).reshape(12, 16)
    response[3, 4] = 0.0
    return Dataset.from_array(np.rint(1000 * response)[None].astype(np.uint16))


def test_response_is_divided_by_and_shown(orange, widget, rocking_dataset, flat):
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.send_signal("Flat", flat, widget=widget)
    result = orange.get_output("Dataset", widget=widget, wait=5000)
    response = shown_image(widget.image_plot)
    assert np.isnan(response[3, 4])
    assert result.mask[3, 4]
    np.testing.assert_allclose(np.nanmean(response), 1.0, rtol=1e-6)
    np.testing.assert_allclose(result.frames[4], rocking_dataset.frames[4] / response, rtol=1e-6)


def test_nothing_is_computed_without_a_flat_field(orange, widget, rocking_dataset):
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    assert orange.get_output("Dataset", widget=widget, wait=1000) is None
    assert not widget.Error.active


def test_least_response_is_a_share_in_percent(orange, widget, rocking_dataset, flat):
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.send_signal("Flat", flat, widget=widget)
    widget.change_parameters(min_response=60.0)
    result = orange.get_output("Dataset", widget=widget, wait=5000)
    assert result.mask.sum() > 10
    assert "respond with less than 60 % of the mean" in str(widget.Warning.doubtful)
