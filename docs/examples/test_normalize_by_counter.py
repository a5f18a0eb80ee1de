"""Normalization by a counter."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc


@pytest.fixture
def fading(rocking_dataset):
    """A scan of which every frame is true, but for the beam that fades to half."""
    current = np.linspace(200.0, 100.0, rocking_dataset.n_frames)
    faded = np.asarray(rocking_dataset.frames) * (current / 150.0)[:, None, None]
    return rocking_dataset.replace(frames=dc.Frames.from_array(faded), counters={"current": current})


def test_true_counts_are_recovered(fading, rocking_dataset):
    result = dc.normalize_by_counter(fading, counter="current")
    # float32 keeps seven digits
    np.testing.assert_allclose(result.frames[:], rocking_dataset.frames[:], rtol=1e-6)


def test_centre_of_mass_no_longer_follows_the_beam(fading, rocking_dataset):
    truth = dc.moments(rocking_dataset)["mu/center_of_mass"]
    bent = dc.moments(fading)["mu/center_of_mass"]
    found = dc.moments(dc.normalize_by_counter(fading, counter="current"))["mu/center_of_mass"]
    assert np.nanmax(np.abs(bent - truth)) > 0.005
    np.testing.assert_allclose(found, truth, atol=1e-6)


def test_unknown_counter_is_named(fading):
    with pytest.raises(ValueError, match="did you mean 'current'"):
        dc.normalize_by_counter(fading, counter="curr")


def test_counter_without_counts_is_refused(fading):
    dark = fading.replace(counters={"current": np.zeros(fading.n_frames)})
    with pytest.raises(ValueError, match="positive in every frame"):
        dc.normalize_by_counter(dark, counter="current")


def test_widget_offers_the_counters_of_the_scan(orange, fading):
    from orangecontrib.dfxm.widgets.ownormalize import OWNormalize

    widget = orange.create_widget(OWNormalize)
    orange.send_signal("Dataset", fading, widget=widget)
    assert "Counter is not given" in str(widget.Information.waiting)
    combo = widget.form.editors["counter"].combo
    combo.setCurrentText("current")
    combo.activated.emit(combo.currentIndex())
    result = orange.get_output("Dataset", widget=widget, wait=5000)
    assert result.history.nodes[result.history.head].parameters["counter"] == "current"
