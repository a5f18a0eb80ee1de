from __future__ import annotations

import pytest

from darfix_core.engine.registry import get_step
from darfix_core.workflow.paths import beside_workflow


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Folder of the workflow, and the current one."""
    (tmp_path / "flow").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "flow", tmp_path / "here"


def found(folder, **values):
    return beside_workflow(get_step("load"), values, folder)


def test_file_beside_the_workflow_comes_before_the_current_folder(folders):
    flow, here = folders
    for folder in folders:
        (folder / "scan.h5").touch()
    assert found(flow, path="scan.h5") == {"path": str(flow / "scan.h5")}
    (flow / "scan.h5").unlink()
    assert found(flow, path="scan.h5") == {"path": str(here / "scan.h5")}
    (here / "scan.h5").unlink()
    assert found(flow, path="scan.h5") == {"path": str(flow / "scan.h5")}


def test_patterns_lists_and_absolute_paths(folders, tmp_path):
    flow, here = folders
    (here / "b.edf").touch()
    assert found(flow, path=["*.edf", "/data/a.edf"])["path"] == (str(here / "*.edf"), "/data/a.edf")
    assert found(flow, path="~nobody-of-that-name/a.h5")["path"] == str(flow / "~nobody-of-that-name" / "a.h5")
    assert found(flow, path="") == {"path": ""}
    assert found(flow, path=7) == {"path": 7}


def test_path_inside_the_file_of_the_dark_frames_stays(folders):
    flow, here = folders
    (here / "two.h5").touch()
    assert found(flow, dark="two.h5::2.1")["dark"] == f"{here / 'two.h5'}::2.1"
    (flow / "two.h5").touch()
    assert found(flow, dark="two.h5::2.1")["dark"] == f"{flow / 'two.h5'}::2.1"
    assert found(flow, dark="two.h5")["dark"] == str(flow / "two.h5")
    assert found(flow, dark="nothing.h5::2.1")["dark"] == f"{flow / 'nothing.h5'}::2.1"


def test_name_of_a_scan_stays(folders):
    flow, _ = folders
    (flow / "2.1").mkdir()
    assert found(flow, dark="2.1")["dark"] == "2.1"
    assert found(flow, dark="entry")["dark"] == "entry"
    assert found(flow, dark=None)["dark"] is None


def test_other_parameters_stay(folders):
    flow, _ = folders
    (flow / "pco_ff").touch()
    assert found(flow, detector="pco_ff") == {"detector": "pco_ff"}
