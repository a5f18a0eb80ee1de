"""Save Dataset: nothing is written unasked."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc


@pytest.fixture
def owsave():
    from orangecontrib.dfxm.widgets.owsavedataset import OWSaveDataset

    return OWSaveDataset


def test_nothing_is_written_before_the_button_is_pressed(orange, owsave, rocking_dataset, tmp_path):
    path = tmp_path / "saved.h5"
    widget = orange.create_widget(owsave, stored_settings={"path": str(path)})
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.wait_until_finished(widget=widget)
    assert not path.exists()
    assert str(widget.Information.waiting) == "Not saved yet."
    widget.commit.now()
    orange.wait_until_finished(widget=widget)
    assert str(path) in str(widget.Information.saved)
    np.testing.assert_array_equal(dc.load(str(path)).frames[:], rocking_dataset.frames[:])


def test_existing_file_is_kept_unless_asked(orange, owsave, rocking_dataset, tmp_path):
    path = tmp_path / "saved.h5"
    path.write_bytes(b"something else")
    widget = orange.create_widget(owsave, stored_settings={"path": str(path)})
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    widget.commit.now()
    orange.wait_until_finished(widget=widget)
    assert "saved.h5" in str(widget.Error.failed)
    assert path.read_bytes() == b"something else"
    widget.form.editors["overwrite"].check.click()
    widget.commit.now()
    orange.wait_until_finished(widget=widget)
    assert widget.Information.saved.is_shown()
