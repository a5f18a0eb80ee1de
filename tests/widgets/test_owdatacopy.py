"""Data Copy: nothing is written unasked, and what was copied does not stand for other data."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc


@pytest.fixture
def owdatacopy():
    from orangecontrib.dfxm.widgets.owdatacopy import OWDataCopy

    return OWDataCopy


def test_copy_is_made_by_the_button_and_travels_on(orange, owdatacopy, rocking_dataset, tmp_path):
    path = tmp_path / "copy.h5"
    widget = orange.create_widget(owdatacopy, stored_settings={"path": str(path), "order": "pixel"})
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.wait_until_finished(widget=widget)
    assert not path.exists()
    assert orange.get_output("Dataset", widget=widget) is None
    assert str(widget.Information.waiting) == "Not copied yet."
    widget.commit.now()
    copy = orange.get_output("Dataset", widget=widget, wait=5000)
    assert [file.path for file in copy.files] == [str(path)]
    np.testing.assert_array_equal(copy.frames[:], rocking_dataset.frames[:])
    assert str(path) in str(widget.Information.saved)
    orange.send_signal("Dataset", dc.roi(rocking_dataset, shape=(3, 4)), widget=widget)
    assert orange.get_output("Dataset", widget=widget) is None


def test_without_data_there_is_nothing_to_copy(orange, owdatacopy, rocking_dataset):
    widget = orange.create_widget(owdatacopy)
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.send_signal("Dataset", None, widget=widget)
    assert not widget.Information.waiting.is_shown()
