import errno
import os

import h5py
import hdf5plugin
import numpy as np
import pytest

from darfix_core.io import hdf5_output
from darfix_core.io.hdf5_output import create_hdf5


def fill(file):
    """Groups, links, compressed chunks and a dataset that grows, so that HDF5 reads back what it has written."""
    noise = np.random.default_rng(1).integers(0, 1000, (6, 64, 64)).astype(np.uint16)
    for number in range(3):
        group = file.create_group(f"entry_{number}", track_order=True)
        group.attrs["text"] = "a" * 100
        group.create_dataset("packed", data=noise, chunks=(4, 33, 64), **hdf5plugin.Bitshuffle())
        group["link"] = group["packed"]
        growing = group.create_dataset("growing", (0, 64, 64), np.uint16, maxshape=(None, 64, 64), chunks=(4, 64, 64))
        for frame in noise:
            growing.resize(len(growing) + 1, axis=0)
            growing[-1] = frame
    return noise


def test_file_holds_what_was_written(tmp_path):
    with create_hdf5(tmp_path / "x.h5", track_order=True) as file:
        noise = fill(file)
    with h5py.File(tmp_path / "x.h5", "r") as file:
        assert list(file) == ["entry_0", "entry_1", "entry_2"]
        for name in ("packed", "growing", "link"):
            np.testing.assert_array_equal(file[f"entry_2/{name}"], noise)


def test_existing_file_is_not_touched(tmp_path):
    (tmp_path / "x.h5").write_text("precious")
    with pytest.raises(FileExistsError), create_hdf5(tmp_path / "x.h5"):
        pass
    assert (tmp_path / "x.h5").read_text() == "precious"


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), KeyboardInterrupt()])
def test_failure_of_any_write_is_told_and_hdf5_closes_the_file(tmp_path, monkeypatch, error):
    class Failing(hdf5_output._Target):
        """Fails at a certain change of the file, and at all that follow."""

        def _keep_failure(self, work):
            def failing():
                changes.append(1)
                if len(changes) >= fails_at:
                    raise error
                work()

            super()._keep_failure(failing)

    changes, fails_at = [], 10**9
    monkeypatch.setattr(hdf5_output, "_Target", Failing)
    with create_hdf5(tmp_path / "whole.h5") as file:
        fill(file)
    n_changes = len(changes)
    assert n_changes > 10
    before = h5py.h5f.get_obj_count()
    for fails_at in range(1, n_changes + 1):
        changes.clear()
        with pytest.raises(type(error)) as caught, create_hdf5(tmp_path / f"{fails_at}.h5") as file:
            fill(file)
        assert caught.value is error
    assert h5py.h5f.get_obj_count() == before


def test_error_of_the_block_goes_on(tmp_path):
    def write():
        with create_hdf5(tmp_path / "x.h5") as file:
            file["a"] = 1
            raise KeyError("oops")

    with pytest.raises(KeyError, match="oops"):
        write()
