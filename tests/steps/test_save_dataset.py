from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine.execution import execution
from darfix_core.errors import Cancelled, DataFileError, OutputExistsError
from tests.bliss_files import small_stack, write_scan


@pytest.fixture
def scan(tmp_path):
    return str(write_scan(tmp_path / "scan.h5", small_stack(12), {"mu": np.linspace(0.0, 1.1, 12)}))


def test_history_goes_on_where_a_saved_dataset_is_opened(scan, tmp_path):
    cropped = dc.roi(dc.load(scan), shape=(4, 4))
    path = str(tmp_path / "new" / "saved.h5")
    assert dc.save_dataset(cropped, path=path) is None
    again = dc.load(path)
    assert again.history.head == cropped.history.head
    defined = dc.define_dimensions(again)
    steps = [node.step for _, node in defined.history.in_order()]
    assert steps == ["load", "roi", "define_dimensions"]
    assert [source.url.partition("::")[0] for _, node in defined.history.in_order() for source in node.sources] == [
        scan
    ]


@pytest.mark.parametrize("change", [{"frames": (2, 5)}, {"dark": "dark.h5"}])
def test_history_of_what_is_not_the_saved_dataset_begins_with_the_file(scan, tmp_path, change):
    path = str(tmp_path / "saved.h5")
    dc.save_dataset(dc.roi(dc.load(scan)), path=path)
    dc.save_dataset(dc.load(scan, frames=(0, 2)), path=str(tmp_path / "dark.h5"))
    if "dark" in change:
        change = {"dark": str(tmp_path / "dark.h5")}
    again = dc.load(path, **change)
    [(_, node)] = again.history.in_order()
    assert (node.step, node.parameters["path"]) == ("load", path)


def test_dataset_of_unknown_origin_begins_with_the_file(rocking_dataset, tmp_path):
    path = str(tmp_path / "saved.h5")
    dc.save_dataset(rocking_dataset, path=path)
    again = dc.load(path)
    assert [node.step for _, node in again.history.in_order()] == ["load"]
    assert again.dimensions[0].name == "mu"


def test_dark_frames_are_looked_for_in_the_saved_file(scan, tmp_path):
    dc.save_dataset(dc.load(scan), path=str(tmp_path / "saved.h5"))
    with pytest.raises(DataFileError, match=r"saved\.h5: there is no scan '2\.1'"):
        dc.load(str(tmp_path / "saved.h5"), dark="2.1")


def test_measured_file_is_never_replaced(scan, tmp_path):
    with pytest.raises(DataFileError, match="the dataset was made from this file; choose another name"):
        dc.save_dataset(dc.roi(dc.load(scan)), path=scan, overwrite=True)


@pytest.mark.filterwarnings("ignore:the scan in mu is narrower than the curves")
def test_file_that_the_frames_still_lie_in_is_never_replaced(scan, tmp_path):
    path = str(tmp_path / "saved.h5")
    dc.save_dataset(dc.load(scan), path=path)
    again = dc.roi(dc.load(path), shape=(3, 3))
    with pytest.raises(DataFileError, match="made from this file"):
        dc.save_dataset(again.replace(metadata={}), path=path, overwrite=True)
    with pytest.raises(DataFileError, match="made from this file"):
        dc.save_maps(dc.moments(dc.define_dimensions(again)), path=path, overwrite=True)


def test_existing_file_is_replaced_only_when_asked(rocking_dataset, tmp_path):
    path = tmp_path / "saved.h5"
    path.write_text("precious")
    with pytest.raises(OutputExistsError, match="exists already"):
        dc.save_dataset(rocking_dataset, path=path)
    assert path.read_text() == "precious"
    dc.save_dataset(rocking_dataset, path=path, overwrite=True)
    assert dc.load(str(path)).n_frames == 9


def test_other_ending_is_refused(rocking_dataset, tmp_path):
    with pytest.raises(ValueError, match="path must end in"):
        dc.save_dataset(rocking_dataset, path=str(tmp_path / "saved.edf"))


def test_progress_is_told_and_a_cancelled_file_is_not_there(rocking_dataset, tmp_path):
    told: list[float] = []
    with execution(threads=1, memory=1000, progress=lambda fraction, what: told.append(fraction)):
        dc.save_dataset(rocking_dataset, path=str(tmp_path / "saved.h5"))
    assert len(told) > 9
    assert told == sorted(told)
    path, before = tmp_path / "other.h5", len(list(tmp_path.iterdir()))
    told.clear()
    with (
        execution(threads=1, memory=1000, cancelled=lambda: len(told) > 4, progress=lambda f, what: told.append(f)),
        pytest.raises(Cancelled),
    ):
        dc.save_dataset(rocking_dataset, path=str(path))
    assert len(list(tmp_path.iterdir())) == before
