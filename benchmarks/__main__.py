"""Run the measurements and print their table: ``python -m benchmarks [word of a name ...]``."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

import darfix_core as dc
from benchmarks.harness import Row, heading, measure
from benchmarks.stacks import stack_a, stack_b
from darfix_core.model.frame_sources import Storage
from darfix_core.model.frames import Frames
from darfix_core.steps.subtract_background import combine_frames


def _numpy_moments(dataset: dc.Dataset) -> object:
    """Moments 0 to 4 of one motor with numpy, in float32, row by row to spare the memory."""
    x = dataset.positions["mu"].astype(np.float32)
    results = []
    for y in range(0, dataset.frame_shape[0], 64):
        counts = dataset.frames[:, y : y + 64].astype(np.float32)
        total = counts.sum(axis=0)
        mean = np.einsum("k,kyx->yx", x, counts) / total
        centred = x[:, None, None] - mean
        results.append([np.einsum("kyx,kyx->yx", centred**n, counts) for n in (2, 3, 4)])
    return results


class _Streamed:
    """Frames in memory, given out as a file would be: read in blocks, in order."""

    in_memory, storage, files = False, Storage(), ()

    def __init__(self, source: object) -> None:
        self._source, self.shape, self.dtype, self.read = source, source.shape, source.dtype, source.read


def _rocking_rows(path: Path) -> Iterator[Row]:
    a = stack_a()
    yield Row(
        "moments, 101 x 1024 x 1024 in memory", "25 ms", lambda: dc.moments(a), lambda: _numpy_moments(a), "numpy"
    )
    streamed = a.replace(frames=Frames(_Streamed(a.frames.source)))
    yield Row("the same, streamed in blocks of frames", "50 ms", lambda: dc.moments(streamed))
    subtracted = dc.subtract_background(a)
    yield Row("the same, background subtracted lazily", "", lambda: dc.moments(subtracted))
    yield Row(
        "median over 101 frames",
        "100 ms",
        lambda: combine_frames(a.frames, 50.0),
        lambda: np.median(a.frames[:, :128], axis=0),
        "numpy, an eighth of the rows",
    )
    with h5py.File(path, "w") as file:
        motor = file.create_dataset("1.1/instrument/positioners/mu", data=a.positions["mu"])
        file["1.1/measurement/mu"] = motor
        file["1.1/title"] = "ascan mu -0.05 0.05 100 1"
        file.create_dataset("1.1/instrument/det/data", data=a.frames[:], chunks=(1, 1024, 1024))
    loaded = dc.define_dimensions(dc.load(path))
    yield Row("moments from an uncompressed HDF5 file", "", lambda: dc.moments(loaded))
    yield Row("open that scan", "", lambda: dc.load(path))


def _mosaicity_rows() -> Iterator[Row]:
    b = stack_b()
    yield Row("moments and covariance, 21 x 21 x 512 x 512", "45 ms", lambda: dc.moments(b))


def _start_rows(path: Path) -> Iterator[Row]:
    python = [sys.executable, "-c"]
    yield Row(
        "python -c 'import darfix_core'", "300 ms", lambda: subprocess.run([*python, "import darfix_core"], check=True)
    )
    yield Row("python -c 'pass'", "", lambda: subprocess.run([*python, "pass"], check=True))
    info = [str(Path(sys.executable).with_name("darfix-core")), "info", str(path)]
    yield Row("darfix-core info", "1 s", lambda: subprocess.run(info, check=True, capture_output=True))


def main() -> None:
    """Measure and print."""
    warnings.simplefilter("ignore", dc.DarfixWarning)
    words = sys.argv[1:]
    print(heading(), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stack.h5"
        for rows in (_rocking_rows(path), _mosaicity_rows(), _start_rows(path)):
            for row in rows:
                if all(word in row.name for word in words):
                    print(measure(row), flush=True)


if __name__ == "__main__":
    main()
