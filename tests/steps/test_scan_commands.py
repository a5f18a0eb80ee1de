"""Scans of every command of BLISS, as they are recorded: opened from a file, they give the grid of the command."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.errors import DarfixWarning, DimensionError
from tests.bliss_files import write_scan

from .simulated_scans import raster


@dataclass
class Recorded:
    """A scan as its command makes it.

    Parameters
    ----------
    title : str
        As BLISS writes it.
    axes : list of (dict of str to array)
        Slow to fast: nominal positions of the motors of each axis.
    back_and_forth : bool
        Every second line runs backwards (``backnforth`` of meshes, ``ZIGZAG`` of fscan2d).
    delay : float, fraction of a step
        How far behind the nominal position the fast motor is recorded.
    parameters : dict
        ``fscan_parameters``.
    """

    title: str
    axes: list[dict[str, np.ndarray]]
    back_and_forth: bool = False
    delay: float = 0.0
    parameters: dict[str, object] = field(default_factory=dict)

    def labels(self) -> list[np.ndarray]:
        """Number of the position of each frame on each axis."""
        return raster([len(next(iter(axis.values()))) for axis in self.axes], self.back_and_forth)

    def positions(self) -> dict[str, np.ndarray]:
        """Read-backs with the jitter of encoders."""
        rng, positions = np.random.default_rng(4), {}
        for number, (axis, labels) in enumerate(zip(self.axes, self.labels(), strict=True)):
            late = self.delay if number == len(self.axes) - 1 else 0.0
            for name, values in axis.items():
                step = values[1] - values[0]
                positions[name] = values[labels] + step * (late + rng.uniform(-0.05, 0.05, labels.size))
        # Other motors tremble, far below a step.
        positions["obpitch_enc"] = 17.9 + 1e-6 * rng.normal(size=labels.size)
        return positions


def steps(start: float, step: float, n: int) -> np.ndarray:
    """Positions of a continuous scan."""
    return start + step * np.arange(n)


def ends(start: float, stop: float, intervals: int) -> np.ndarray:
    """Positions of a scan in steps."""
    return np.linspace(start, stop, intervals + 1)


MU, CHI, PHI = ends(0.5, 1.5, 10), ends(-0.2, 0.2, 6), ends(3, 3.6, 3)
COMMANDS = {
    "ascan": Recorded("ascan mu 0.5 1.5 10 0.1", [{"mu": MU}]),
    "ascan downwards": Recorded("ascan mu 1.5 0.5 10 0.1", [{"mu": MU[::-1]}]),
    "dscan": Recorded("dscan mu -0.5 0.5 10 0.1", [{"mu": MU}]),
    "a2scan": Recorded("a2scan mu 0.5 1.5 chi 2 -2 10 0.1", [{"mu": MU, "chi": ends(2, -2, 10)}]),
    "d2scan": Recorded("d2scan mu -0.5 0.5 obpitch -1 1 10 0.1", [{"mu": MU, "obpitch": ends(16.9, 18.9, 10)}]),
    "a3scan": Recorded(
        "a3scan mu 0.5 1.5 chi 2 -2 phi 0 5 10 0.1", [{"mu": MU, "chi": ends(2, -2, 10), "phi": ends(0, 5, 10)}]
    ),
    "amesh": Recorded("amesh mu 0.5 1.5 10 chi -0.2 0.2 6 0.1", [{"chi": CHI}, {"mu": MU}]),
    "amesh backnforth": Recorded("amesh mu 0.5 1.5 10 chi -0.2 0.2 6 0.1", [{"chi": CHI}, {"mu": MU}], True),
    "dmesh": Recorded("dmesh mu -0.5 0.5 10 chi -0.2 0.2 6 0.1", [{"chi": CHI + 4}, {"mu": MU}]),
    "a3mesh backnforth": Recorded(
        "a3mesh mu 0.5 1.5 10 chi -0.2 0.2 6 phi 3 3.6 3 0.1", [{"phi": PHI}, {"chi": CHI}, {"mu": MU}], True
    ),
    "fscan": Recorded("fscan mu 0.29 0.001 50 0.5 0.58", [{"mu": steps(0.29, 0.001, 50)}], delay=0.5),
    "fscan of a macro": Recorded(
        "rocking curve",
        [{"mu": steps(0.29, 0.001, 50)}],
        delay=0.5,
        parameters={"scan_name": b"fscan", "motor": b"mu", "start_pos": 0.29, "step_size": 0.001, "npoints": 50},
    ),
    "fscan2d": Recorded(
        "fscan2d chi -0.1 0.05 5 mu 0.4 0.01 17 0.1 0.12",
        [{"chi": steps(-0.1, 0.05, 5)}, {"mu": steps(0.4, 0.01, 17)}],
        delay=0.5,
    ),
    "fscan2d ZIGZAG": Recorded(
        "fscan2d chi -0.1 0.05 5 mu 0.4 0.01 17 0.1 0.12",
        [{"chi": steps(-0.1, 0.05, 5)}, {"mu": steps(0.4, 0.01, 17)}],
        True,
    ),
    "fscan2d of one line": Recorded("fscan2d chi -0.1 0.05 1 mu 0.4 0.01 17 0.1", [{"mu": steps(0.4, 0.01, 17)}]),
    "f2scan": Recorded(
        "f2scan mu 0.5 0.1 obpitch 17 0.2 30 0.1", [{"mu": steps(0.5, 0.1, 30), "obpitch": steps(17, 0.2, 30)}]
    ),
}


def check_grid(dataset, scan: Recorded) -> None:
    """The dimensions and the place of every frame are those of the command."""
    assert [{entry.name, *entry.along} for entry in dataset.dimensions] == [set(axis) for axis in scan.axes]
    labels, sizes = scan.labels(), [len(next(iter(axis.values()))) for axis in scan.axes]
    assert dataset.scan_shape == tuple(sizes)
    np.testing.assert_array_equal(dataset.grid_index, np.ravel_multi_index(tuple(labels), sizes))
    for dimension, axis in zip(dataset.dimensions, scan.axes, strict=True):
        nominal = axis[dimension.name]
        assert np.sign(dimension.step) == np.sign(nominal[1] - nominal[0])
        np.testing.assert_allclose(dimension.values, nominal, atol=0.6 * abs(nominal[1] - nominal[0]))


def stack(scan: Recorded) -> np.ndarray:
    n_frames = scan.labels()[0].size
    return np.arange(n_frames * 6, dtype=np.uint16).reshape(n_frames, 2, 3)


@pytest.mark.parametrize("scan", COMMANDS.values(), ids=COMMANDS.keys())
def test_scan_gives_the_grid_of_its_command_without_a_warning(tmp_path, scan):
    path = write_scan(
        tmp_path / "scan.h5", stack(scan), scan.positions(), title=scan.title, scan_parameters=scan.parameters
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", DarfixWarning)
        check_grid(dc.define_dimensions(dc.load(path)), scan)


@pytest.mark.parametrize("scan", COMMANDS.values(), ids=COMMANDS.keys())
def test_frames_with_a_table_give_the_same_grid(tmp_path, scan):
    np.save(tmp_path / "stack.npy", stack(scan))
    positions = scan.positions()
    table = tmp_path / "motors.csv"
    np.savetxt(table, np.column_stack([*positions.values()]), delimiter=",", header=",".join(positions))
    dataset = dc.load(tmp_path / "stack.npy", positions=str(table))
    with warnings.catch_warnings():
        # Without a title motors that move together are told, and scans of few frames.
        warnings.simplefilter("ignore", DarfixWarning)
        check_grid(dc.define_dimensions(dataset), scan)


@pytest.mark.parametrize("title", ["loopscan 11 0.1", "timescan 0.1", "ct 0.1"])
def test_command_without_motors_is_no_scan(tmp_path, title):
    path = write_scan(tmp_path / "scan.h5", stack(COMMANDS["ascan"]), {"mu": MU}, title=title)
    with pytest.raises(DimensionError, match=f"No motor was scanned: the title says {title.split()[0]}"):
        dc.define_dimensions(dc.load(path))


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("ascan chi 0.5 1.5 10 0.1", r"announced as ascan chi \(11\), but the positions show a scan of mu \(11\)"),
        ("ascan mu 0.5 2.5 20 0.1", r"announced as ascan mu \(21\), but the positions show mu \(11\): was it interr"),
        ("ascan mu 7.5 8.5 10 0.1", r"scan of mu was announced from 7.5 to 8.5 deg, but the positions reach from 0.5"),
        ("dscan mu -2.0 2.0 10 0.1", r"scan of mu was announced over 4 deg, but the positions reach over 1"),
    ],
)
def test_disagreement_warns_with_both(tmp_path, title, words):
    scan = COMMANDS["ascan"]
    path = write_scan(tmp_path / "scan.h5", stack(scan), {"mu": MU, "chi": np.full(11, 2.0)}, title=title)
    with pytest.warns(DarfixWarning, match=words):
        check_grid(dc.define_dimensions(dc.load(path)), scan)
