"""Saved datasets come back part by part as they were."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.errors import DataFileError
from tests.bliss_files import small_stack, write_scan

PARTS = {
    "frames": lambda one: one.replace(frames=dc.Frames.from_array(np.linspace(-1, 1, 35 * 192).reshape(35, 12, 16))),
    "positions": lambda one: one.replace(positions={**one.positions, "pz": np.linspace(0, 1, 35)}),
    "units": lambda one: one.replace(units={"mu": "deg", "chi": "mrad"}),
    "counters": lambda one: one.replace(counters={"current": np.linspace(200, 190, 35)}),
    "dimensions": lambda one: one.replace(
        dimensions=(dc.Dimension("chi", one.dimensions[0].values[::-1], "mrad", ("dummy",)), one.dimensions[1])
    ),
    "grid_index": lambda one: one.replace(grid_index=np.arange(35)[::-1]),
    "mask": lambda one: one.replace(mask=np.eye(12, 16, dtype=bool)),
    "dark": lambda one: one.replace(dark=dc.Frames.from_array(np.arange(384, dtype=np.int32).reshape(2, 12, 16))),
    "noise, numbers": lambda one: one.replace(noise=dc.NoiseModel(2.1, 100.0, 3.5)),
    "noise, images": lambda one: one.replace(noise=dc.NoiseModel(np.full((12, 16), 2.1), np.eye(12, 16), 3.5)),
    "metadata": lambda one: one.replace(
        metadata={"title": "t", "motors": {"samz": 0.5}, "nested": {"list": (1, None)}}
    ),
    "pixel_size": lambda one: one.replace(pixel_size=(0.04, 0.05)),
    "origin": lambda one: one.replace(origin=(7, 9)),
    "orientation": lambda one: one.replace(orientation=(1, -1)),
}


def parts_of(dataset):
    """All parts but the history, in a form that can be compared."""

    def plain(stack):
        return None if stack is None else (str(stack.dtype), np.asarray(stack).tolist())

    return {
        "frames": plain(dataset.frames),
        "positions": {name: values.tolist() for name, values in dataset.positions.items()},
        "units": dict(dataset.units),
        "counters": {name: values.tolist() for name, values in dataset.counters.items()},
        "dimensions": [entry.to_dict() for entry in dataset.dimensions],
        "grid_index": None if dataset.grid_index is None else dataset.grid_index.tolist(),
        "mask": plain(dataset.mask),
        "dark": plain(dataset.dark),
        "noise": dataset.noise,
        "metadata": dict(dataset.metadata),
        "pixel_size": dataset.pixel_size,
        "origin": dataset.origin,
        "orientation": dataset.orientation,
    }


@pytest.mark.parametrize("part", PARTS)
def test_each_part_survives_saving(mosaicity_dataset, part, tmp_path):
    changed = PARTS[part](mosaicity_dataset)
    dc.save_dataset(changed, path=str(tmp_path / "saved.h5"))
    found, expected = parts_of(dc.load_dataset(str(tmp_path / "saved.h5"))), parts_of(changed)
    assert found == expected
    assert expected != parts_of(mosaicity_dataset), "the part was not changed"


def test_history_goes_on(tmp_path):
    scan = write_scan(tmp_path / "scan.h5", small_stack(12), {"mu": np.linspace(0.0, 1.1, 12)})
    cropped = dc.roi(dc.load(str(scan)), shape=(4, 4))
    dc.save_dataset(cropped, path=str(tmp_path / "saved.h5"))
    again = dc.load_dataset(str(tmp_path / "saved.h5"))
    assert again.history.head == cropped.history.head
    assert [node.step for _, node in dc.define_dimensions(again).history.in_order()] == [
        "load",
        "roi",
        "define_dimensions",
    ]


def test_dataset_of_unknown_origin_begins_with_the_file(rocking_dataset, tmp_path):
    path = str(tmp_path / "saved.h5")
    dc.save_dataset(rocking_dataset, path=path)
    [(_, node)] = dc.load_dataset(path).history.in_order()
    assert (node.step, node.parameters["path"]) == ("load_dataset", path)
    assert [source.path for source in node.sources] == [path]


def test_files_of_others_are_refused(tmp_path):
    scan = write_scan(tmp_path / "scan.h5", small_stack(3), {"mu": np.arange(3.0)})
    with pytest.raises(
        DataFileError, match=r"scan\.h5: holds no dataset that darfix-core has saved; open it with Data"
    ):
        dc.load_dataset(str(scan))
    with pytest.raises(DataFileError, match=r"missing\.h5: there is no such file"):
        dc.load_dataset(str(tmp_path / "missing.h5"))
