"""Data Selection over a file whose copy is in progress."""

from __future__ import annotations

import os
import shutil

import numpy as np

from tests.bliss_files import small_stack, write_scan


def test_copy_in_progress_is_told_and_reloading_gives_more(orange, tmp_path):
    from orangecontrib.dfxm.widgets.owdataselection import OWDataSelection

    whole, copy = tmp_path / "whole.h5", tmp_path / "copy.h5"
    write_scan(whole, small_stack(12, 32, 32), {"mu": np.linspace(0, 1.1, 12)})
    shutil.copy(whole, copy)
    os.truncate(copy, os.path.getsize(copy) - 7000)
    widget = orange.create_widget(OWDataSelection, stored_settings={"path": str(copy)})
    early = orange.get_output("Dataset", widget=widget, wait=10000)
    assert 0 < early.n_frames < 12
    assert f"{early.n_frames} of 12 frames are complete" in str(widget.Warning.doubtful)
    shutil.copy(whole, copy)
    widget.reload_button.click()
    assert orange.get_output("Dataset", widget=widget, wait=10000).n_frames == 12
    assert not widget.Warning.doubtful.is_shown()
