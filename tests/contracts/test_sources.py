"""Sources of frames answer like an array, whatever is asked of them, and stop when the computation is cancelled."""

from __future__ import annotations

import importlib
import pickle
import pkgutil

import hdf5plugin
import numpy as np
import pytest
import tifffile

import darfix_core as dc
from darfix_core.engine.execution import execution
from darfix_core.engine.joined_frames import ComputedSource
from darfix_core.errors import Cancelled
from darfix_core.model.frame_sources import FrameSource, Region
from tests.bliss_files import write_scan
from tests.edf_files import edf_frame

STACK = np.random.default_rng(5).integers(0, 60_000, (12, 9, 11)).astype(np.uint16)
MU = {"mu": np.arange(12.0)}


def _bliss(path, **storage):
    return dc.load(write_scan(path, STACK, MU, storage=storage)).frames


def _joined(path):
    write_scan(path, STACK[:5], {"mu": MU["mu"][:5]}, scan="1.1")
    return dc.load(write_scan(path, STACK[5:], {"mu": MU["mu"][5:]}, scan="2.1"), scan="1.1,2.1").frames


def _edf(path):
    path.write_bytes(b"".join(edf_frame(frame) for frame in STACK))
    return dc.load(path).frames


def _tiff(path, compression=None):
    tifffile.imwrite(path, STACK, photometric="minisblack", compression=compression)
    return dc.load(path).frames


def _npy(path):
    np.save(path, STACK)
    return dc.load(path).frames


def _virtual(path):
    write_scan(path, STACK, MU, virtual=True, source=path.with_name("data.h5"))
    return dc.load(path).frames


#: What is tried -> frames of it, given a path.
MADE = {
    "memory": lambda path: dc.Frames.from_array(STACK),
    "h5": lambda path: _bliss(path.with_suffix(".h5")),
    "h5, gzip": lambda path: _bliss(path.with_suffix(".h5"), chunks=(2, 4, 11), compression="gzip"),
    "h5, bitshuffle": lambda path: _bliss(path.with_suffix(".h5"), chunks=(1, 9, 11), **hdf5plugin.Bitshuffle()),
    "h5, virtual": lambda path: _virtual(path.with_suffix(".h5")),
    "h5, joined": lambda path: _joined(path.with_suffix(".h5")),
    "edf": lambda path: _edf(path.with_suffix(".edf")),
    "tiff": lambda path: _tiff(path.with_suffix(".tif")),
    "tiff, deflate": lambda path: _tiff(path.with_suffix(".tif"), "zlib"),
    "npy": lambda path: _npy(path.with_suffix(".npy")),
    "scratch": lambda path: dc.persist(_as_dataset(STACK), to="scratch", folder=str(path.parent)).frames,
    "combined": lambda path: _combined(),
    "computed": lambda path: dc.Frames(ComputedSource(_bliss(path.with_suffix(".h5")).map(np.positive))),
    "saved": lambda path: _saved(path.with_suffix(".h5")),
}


def _combined():
    """Each frame alone, along a motor with a single position."""
    dimensions = (dc.Dimension("z", [0.0]), dc.Dimension("mu", MU["mu"]))
    return dc.projection(_as_dataset(STACK).replace(dimensions=dimensions, grid_index=np.arange(12))).frames


def _as_dataset(stack):
    return dc.Dataset.from_array(stack, MU)


def _saved(path):
    dc.save_dataset(_as_dataset(STACK), path=path)
    return dc.load(path).frames


@pytest.fixture(params=MADE)
def frames(request, tmp_path):
    return MADE[request.param](tmp_path / "stack")


def source_classes():
    """All classes of the package that are sources of frames."""
    for found in pkgutil.walk_packages(dc.__path__, "darfix_core."):
        module = importlib.import_module(found.name)
        for name, entry in vars(module).items():
            here = isinstance(entry, type) and entry.__module__ == found.name and entry is not FrameSource
            if here and name.endswith("Source") and hasattr(entry, "read"):
                yield entry


def test_every_source_is_tried(tmp_path):
    made = {type(make(tmp_path / f"stack_{number}").source) for number, make in enumerate(MADE.values())}
    # A window is a part that was read of another source, and series are read by what is derived from them.
    tried = made | {base for kind in made for base in kind.__mro__}
    assert {kind.__name__ for kind in source_classes() if kind not in tried} == {"WindowSource"}


def test_sources_have_all_that_is_asked_of_them(frames):
    source = frames.source
    assert source.shape == STACK.shape
    assert source.dtype == STACK.dtype
    assert source.dtype.isnative
    assert isinstance(source.in_memory, bool)
    assert source.storage.frames >= 1
    assert isinstance(source.files, tuple)


REGIONS = [
    Region(slice(0, 12), slice(0, 9), slice(0, 11)),
    Region(slice(3, 8), slice(2, 7), slice(1, 10)),
    Region(slice(4, 5), slice(8, 9), slice(10, 11)),
    Region(np.array([7, 2, 2, 11, 0]), slice(1, 9), slice(0, 4)),
    Region(slice(5, 5), slice(0, 9), slice(0, 11)),
    Region(slice(2, 4), slice(3, 3), slice(0, 11)),
]


def test_every_region_is_that_of_the_array(frames):
    for region in REGIONS:
        block = frames.source.read(region)
        np.testing.assert_array_equal(block, STACK[region.frames, region.rows, region.columns], strict=True)


def test_sources_travel_to_other_processes(frames):
    again = pickle.loads(pickle.dumps(frames.source))
    np.testing.assert_array_equal(again.read(REGIONS[1]), STACK[3:8, 2:7, 1:10])


def test_reading_stops_when_it_is_cancelled(frames):
    source = frames.source
    with execution(cancelled=lambda: True):
        if source.in_memory:
            source.read(REGIONS[0])
        else:
            with pytest.raises(Cancelled):
                source.read(REGIONS[0])
