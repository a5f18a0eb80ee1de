import numpy as np
import pytest

from darfix_core import load_maps, save_maps
from darfix_core.engine.registry import get_step
from darfix_core.errors import DarfixWarning, DataFileError, OutputExistsError
from darfix_core.figures import files, mosaicity_figure
from darfix_core.model.frame_sources import SourceFile
from darfix_core.model.history import History, HistoryNode
from darfix_core.model.maps import Map, Maps
from tests.synthetic_maps import synthetic_maps


def _names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_writes_maps_and_pictures(tmp_path):
    assert save_maps(synthetic_maps(), path=str(tmp_path / "new" / "maps.h5")) is None
    assert _names(tmp_path / "new") == ["maps.h5", "maps_mosaicity.png", "maps_overview.png"]
    assert list(load_maps(tmp_path / "new" / "maps.h5")) == list(synthetic_maps())


def test_writes_maps_alone(tmp_path):
    save_maps(synthetic_maps(), path=tmp_path / "maps.h5", figures=False)
    assert _names(tmp_path) == ["maps.h5"]


def test_maps_without_a_value_are_warned_of(tmp_path):
    maps = Maps({"intensity": Map(np.ones((2, 3))), "mu/fwhm": Map(np.full((2, 3), np.nan), "deg")})
    with pytest.warns(DarfixWarning, match="no pixel has a value in mu/fwhm"):
        save_maps(maps, path=str(tmp_path / "maps.h5"))


def test_maps_of_one_motor_have_no_mosaicity_picture(tmp_path):
    save_maps(synthetic_maps(motors=("mu",)), path=str(tmp_path / "maps.h5"))
    assert _names(tmp_path) == ["maps.h5", "maps_overview.png"]


def test_any_existing_file_stops_all(tmp_path):
    (tmp_path / "maps_overview.png").write_text("old")
    with pytest.raises(OutputExistsError, match=r"maps_overview\.png: exists already; .*--overwrite"):
        save_maps(synthetic_maps(), path=str(tmp_path / "maps.h5"))
    assert _names(tmp_path) == ["maps_overview.png"]


def test_existing_files_are_replaced_when_asked(tmp_path):
    path = str(tmp_path / "maps.h5")
    save_maps(synthetic_maps(), path=path)
    save_maps(synthetic_maps(shape=(5, 6)), path=path, overwrite=True)
    assert load_maps(path).shape == (5, 6)
    assert _names(tmp_path) == ["maps.h5", "maps_mosaicity.png", "maps_overview.png"]


@pytest.mark.parametrize("figures", [True, False])
def test_pictures_of_an_earlier_run_do_not_stay_beside_new_maps(tmp_path, figures):
    path = str(tmp_path / "maps.h5")
    save_maps(synthetic_maps(), path=path)
    (tmp_path / "maps_mine.png").write_text("mine")
    save_maps(synthetic_maps(motors=("mu",)), path=path, overwrite=True, figures=figures)
    assert _names(tmp_path) == ["maps.h5", "maps_mine.png", *(["maps_overview.png"] if figures else [])]


@pytest.mark.parametrize("figures", [True, False])
def test_picture_that_would_not_be_written_stops_all_too(tmp_path, figures):
    (tmp_path / "maps_mosaicity.png").write_text("old")
    with pytest.raises(OutputExistsError, match=r"maps_mosaicity\.png: exists already"):
        save_maps(synthetic_maps(motors=("mu",)), path=str(tmp_path / "maps.h5"), figures=figures)
    assert _names(tmp_path) == ["maps_mosaicity.png"]


def test_pictures_of_an_earlier_run_stay_when_a_save_fails(tmp_path, monkeypatch):
    path = str(tmp_path / "maps.h5")
    save_maps(synthetic_maps(), path=path)

    def fail(maps):
        raise RuntimeError("no picture")

    monkeypatch.setattr(files, "overview_figure", fail)
    with pytest.raises(RuntimeError):
        save_maps(synthetic_maps(motors=("mu",)), path=path, overwrite=True)
    assert _names(tmp_path) == ["maps.h5", "maps_mosaicity.png", "maps_overview.png"]
    assert "mosaicity" in load_maps(path)


def test_nothing_is_left_behind_when_a_picture_fails(tmp_path, monkeypatch):
    def fail(maps):
        raise RuntimeError("no picture")

    monkeypatch.setattr(mosaicity_figure, "_draw_key", fail)
    with pytest.raises((RuntimeError, TypeError)):
        save_maps(synthetic_maps(), path=str(tmp_path / "maps.h5"))
    assert _names(tmp_path) == []


@pytest.mark.parametrize("text", ["a\0b", "a\udcffb"])
def test_text_that_no_file_can_hold_is_shown_cleaned(tmp_path, text):
    shown = {"title": text, "sample": text}
    maps = synthetic_maps(metadata={**synthetic_maps().metadata, **shown})
    save_maps(maps, path=str(tmp_path / "maps.h5"))
    assert load_maps(tmp_path / "maps.h5").metadata["title"] == text
    assert len(_names(tmp_path)) == 3


def test_measured_file_is_never_replaced(tmp_path):
    scan = tmp_path / "scan.h5"
    scan.write_text("measured")
    node = HistoryNode("load", 1, {}, {}, "0.1.0", (SourceFile(f"{scan}::/1.1", 8, 0.0),))
    maps = synthetic_maps(history=History.join(node, []))
    with pytest.raises(DataFileError, match="the maps were made from this file; choose another name"):
        save_maps(maps, path=str(scan), overwrite=True)
    assert scan.read_text() == "measured"


def test_other_ending_is_refused(tmp_path):
    with pytest.raises(ValueError, match="path must end in"):
        save_maps(synthetic_maps(), path=str(tmp_path / "maps.png"))


def test_step_tells_which_parameter_is_the_output():
    step = get_step("save_maps")
    assert (step.output_path, dict(step.outputs), list(step.inputs)) == ("path", {}, ["maps"])
