"""Load Dataset: a file is chosen and opened."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc


@pytest.fixture
def widget(orange):
    from orangecontrib.dfxm.widgets.owloaddataset import OWLoadDataset

    return orange.create_widget(OWLoadDataset)


def test_chosen_file_is_opened(orange, widget, mosaicity_dataset, monkeypatch, tmp_path):
    from AnyQt.QtWidgets import QFileDialog

    path = str(tmp_path / "saved.h5")
    dc.save_dataset(mosaicity_dataset, path=path)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (path, ""))
    widget.form.editors["path"].button.click()
    result = orange.get_output("Dataset", widget=widget, wait=5000)
    assert result.shape == mosaicity_dataset.shape
    np.testing.assert_array_equal(result.frames[:], mosaicity_dataset.frames[:])


def test_nothing_is_opened_before_a_file_is_named(orange, widget):
    orange.wait_until_finished(widget=widget)
    assert str(widget.Information.waiting) == "Path is not given."
    assert not widget.Error.active


def test_other_files_are_named(orange, widget, tmp_path):
    (tmp_path / "scan.h5").write_bytes(b"no HDF5 file")
    widget.change_parameters(path=str(tmp_path / "scan.h5"))
    orange.wait_until_finished(widget=widget)
    assert "scan.h5" in str(widget.Error.failed)
