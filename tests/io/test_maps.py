import re

import h5py
import numpy as np
import pytest

from darfix_core import load_maps
from darfix_core.errors import DataFileError, OutputExistsError
from darfix_core.io.maps import write_maps
from darfix_core.model.dimension import Dimension
from darfix_core.model.history import History, HistoryNode
from darfix_core.model.maps import Map, Maps
from tests.synthetic_maps import synthetic_maps


def _assert_same(read, written):
    assert list(read) == list(written)
    for name in written:
        assert read[name].dtype == written[name].dtype
        np.testing.assert_array_equal(read[name], written[name])
        assert (read.unit(name), read.description(name)) == (written.unit(name), written.description(name))
    assert [dimension.to_dict() for dimension in read.dimensions] == [
        dimension.to_dict() for dimension in written.dimensions
    ]
    assert (read.pixel_size, read.origin) == (written.pixel_size, written.origin)
    assert dict(read.metadata) == dict(written.metadata)
    assert read.history.to_json() == written.history.to_json()


@pytest.mark.parametrize("motors", [("mu",), ("chi", "mu")])
@pytest.mark.parametrize("pixel_size", [None, (0.15, 0.04)])
def test_everything_comes_back(tmp_path, motors, pixel_size):
    maps = synthetic_maps(motors=motors, pixel_size=pixel_size)
    _assert_same(load_maps(write_maps(maps, tmp_path / "maps.h5")), maps)


def test_maps_without_facts_come_back(tmp_path):
    maps = Maps({"status": Map(np.arange(6, dtype=np.int32).reshape(2, 3))})
    _assert_same(load_maps(write_maps(maps, tmp_path / "maps.nxs")), maps)


def test_similar_names_stay_apart(tmp_path):
    names = ["mu/peak", "mu_peak", "scan", "process", "µ", "..", "a b"]
    maps = Maps({name: Map(np.full((2, 2), number)) for number, name in enumerate(names)})
    _assert_same(load_maps(write_maps(maps, tmp_path / "maps.h5")), maps)


def test_numpy_metadata_come_back_as_plain_values(tmp_path):
    metadata = {"energy": np.float32(17.0), "list": np.arange(3), "name": tmp_path}
    read = load_maps(write_maps(synthetic_maps(metadata=metadata), tmp_path / "maps.h5"))
    assert dict(read.metadata) == {"energy": 17.0, "list": (0, 1, 2), "name": str(tmp_path)}


@pytest.mark.parametrize("text", ["a\0b", "a\udcffb"])
def test_text_that_hdf5_cannot_hold_is_written_cleaned(tmp_path, text):
    cleaned = "a\ufffdb"
    metadata = {"title": text, "start_time": text, "sample": text, text: text, "motors": {text: 1.0, "obpitch": 2.0}}
    maps = Maps(
        {text: Map(np.zeros((2, 3)), unit=text, description=text), "other": Map(np.ones((2, 3)))},
        dimensions=(Dimension(text, np.arange(2.0), unit=text),),
        metadata=metadata,
        history=History.join(HistoryNode("load", 1, {"path": text}, {}, "0.1.0", ()), []),
    )
    path = write_maps(maps, tmp_path / "maps.h5")
    read = load_maps(path)
    assert list(read) == [cleaned, "other"]
    assert (read.unit(cleaned), read.description(cleaned)) == (cleaned, cleaned)
    assert (read.dimensions[0].name, read.dimensions[0].unit) == (cleaned, cleaned)
    # JSON can hold what HDF5 cannot.
    assert dict(read.metadata) == metadata
    assert read.history.to_json() == maps.history.to_json()
    with h5py.File(path, "r") as file:
        assert file["entry/title"].asstr()[()] == file["entry/sample/name"].asstr()[()] == cleaned
        assert file[f"entry/instrument/positioners/{cleaned}"][()] == 1.0
    assert list(tmp_path.iterdir()) == [path]


def test_metadata_that_cannot_be_written_are_named(tmp_path):
    with pytest.raises(
        TypeError, match=r"metadata\['odd'\] must hold text, numbers and containers of them, got object"
    ):
        write_maps(synthetic_maps(metadata={"odd": object()}), tmp_path / "maps.h5")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("motors", "shown"), [(("chi", "mu"), "mosaicity"), (("mu",), "mu/center_of_mass"), ((), "intensity")]
)
def test_viewers_are_led_to_the_right_picture(tmp_path, motors, shown):
    nxdata = pytest.importorskip("silx.io.nxdata")
    maps = synthetic_maps(motors=motors)
    with h5py.File(write_maps(maps, tmp_path / "maps.h5"), "r") as file:
        default = nxdata.get_default(file)
        assert default.is_valid
        assert default.group.attrs["map"] == shown
        np.testing.assert_array_equal(default.signal[()], maps[shown])
        assert default.interpretation == ("rgba-image" if shown == "mosaicity" else "image")
        assert default.axes_names[:2] == ["y (um)", "x (um)"]
        np.testing.assert_allclose(default.axes[1][()], np.arange(20) * 0.04)


def test_every_map_is_a_valid_plot(tmp_path):
    nxdata = pytest.importorskip("silx.io.nxdata")
    maps = synthetic_maps()
    with h5py.File(write_maps(maps, tmp_path / "maps.h5"), "r") as file:
        groups = [group for group in file["entry"].values() if group.attrs.get("NX_class") == "NXdata"]
        assert [group.attrs["map"] for group in groups] == list(maps)
        assert all(nxdata.NXdata(group).is_valid for group in groups)
        assert groups[1].attrs["title"] == "Centre of mass in chi (deg)"
        assert groups[1]["data"].attrs["units"] == "deg"


def test_axes_are_detector_pixels_without_a_pixel_size(tmp_path):
    with h5py.File(write_maps(synthetic_maps(pixel_size=None), tmp_path / "maps.h5"), "r") as file:
        axis = file["entry/intensity/y"]
        np.testing.assert_array_equal(axis[()], np.arange(30, 42))
        assert axis.attrs["units"] == "px"


def test_file_tells_how_it_was_made(tmp_path):
    with h5py.File(write_maps(synthetic_maps(), tmp_path / "maps.h5"), "r") as file:
        assert file.attrs["NX_class"] == "NXroot"
        entry = file["entry"]
        process = entry["process"]
        assert (entry.attrs["NX_class"], process.attrs["NX_class"]) == ("NXentry", "NXprocess")
        assert process["program"].asstr()[()] == "darfix-core"
        assert process["steps/data"].asstr()[()].splitlines()[1] == "moments (version 1): min_intensity=None"
        assert entry["title"].asstr()[()] == "fscan2d chi 0 0.02 10 mu 1 0.02 10"
        assert entry["sample/name"].asstr()[()] == "Al 5 %"
        assert entry["instrument/positioners/obpitch"][()] == 17.94
        assert entry["instrument/positioners/obpitch"].attrs["units"] == "deg"


def test_existing_file_is_kept_unless_asked(tmp_path):
    path = write_maps(synthetic_maps(), tmp_path / "maps.h5")
    with pytest.raises(OutputExistsError, match="overwrite=True"):
        write_maps(synthetic_maps(motors=("mu",)), path)
    write_maps(synthetic_maps(motors=("mu",)), path, overwrite=True)
    assert "mosaicity" not in load_maps(path)


def test_other_ending_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"path must end in \.h5, \.hdf5 or \.nxs, got '.*maps\.txt'"):
        write_maps(synthetic_maps(), tmp_path / "maps.txt")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(DataFileError, match=r"maps\.h5: there is no such file"):
        load_maps(tmp_path / "maps.h5")


def test_other_kinds_of_files_are_refused(tmp_path):
    path = tmp_path / "maps.h5"
    path.write_text("no HDF5")
    with pytest.raises(DataFileError, match="not an HDF5 file, but a text file"):
        load_maps(path)
    with h5py.File(path, "w") as file:
        file["1.1/title"] = "ascan"
    with pytest.raises(DataFileError, match="holds no maps of darfix-core; measured scans are read with load"):
        load_maps(path)


def test_file_of_a_newer_version_is_refused(tmp_path):
    path = write_maps(synthetic_maps(), tmp_path / "maps.h5")
    with h5py.File(path, "r+") as file:
        file["entry"].attrs["darfix_core_format"] = 99
    with pytest.raises(DataFileError, match="newer darfix-core"):
        load_maps(path)


def test_damaged_file_is_one_clear_error(tmp_path):
    path = write_maps(synthetic_maps(), tmp_path / "maps.h5")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataFileError, match=r"maps\.h5: "):
        load_maps(path)
    path.write_bytes(whole)
    with h5py.File(path, "r+") as file:
        del file["entry/process/history"]
    with pytest.raises(DataFileError, match="the file is damaged"):
        load_maps(path)


@pytest.mark.parametrize("signature", [b"OHDR", b"FRHP", b"GCOL", b"BTLF"])
def test_every_damaged_block_is_one_clear_error(tmp_path, signature):
    maps = synthetic_maps()
    path = write_maps(maps, tmp_path / "maps.h5")
    whole = path.read_bytes()
    errors = []
    for match in re.finditer(signature, whole):
        path.write_bytes(whole[: match.start()] + b"XXXX" + whole[match.start() + 4 :])
        try:
            _assert_same(load_maps(path), maps)
        except DataFileError as error:
            errors.append(str(error))
    assert errors
    assert all(error.startswith(f"{path}: ") for error in errors)
