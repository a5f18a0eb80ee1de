"""Dimensions found from the positions, or stated by hand."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from darfix_core.engine.execution import execution
from darfix_core.errors import AmbiguousDimensionsError, DarfixWarning, DimensionError
from darfix_core.model.dataset import Dataset
from darfix_core.steps.define_dimensions import define_dimensions, snake_index

from .simulated_scans import raster

CHI = {"name": "chi", "size": 4, "start": -0.3, "stop": 0.3}
MU = {"name": "mu", "size": 5, "start": 1.0, "stop": 0.0}


def frames(n_frames):
    """Frames that tell their number."""
    return np.broadcast_to(np.arange(n_frames, dtype=np.uint16)[:, None, None], (n_frames, 2, 3))


def mesh(*, keep=None, jitter=0.0, snake=False, metadata=None):
    """Scan of chi (slow, -0.3 to 0.3) and mu (fast, 1 to 0) as far as the frames in `keep`."""
    slow, fast = raster([4, 5], snake)
    noise = np.random.default_rng(0).uniform(-jitter, jitter, (2, 20))
    positions = {"mu": 1 - 0.25 * (fast + noise[0]), "chi": -0.3 + 0.2 * (slow + noise[1]), "samz": np.full(20, 2.0)}
    chosen = np.arange(20) if keep is None else np.asarray(keep)
    return Dataset.from_array(
        frames(20)[chosen], {name: entry[chosen] for name, entry in positions.items()}, metadata=metadata
    )


# --- found ---


def test_found_dimensions_and_places():
    dataset = define_dimensions(mesh(jitter=0.2))
    assert [(d.name, d.size, d.unit) for d in dataset.dimensions] == [("chi", 4, "deg"), ("mu", 5, "deg")]
    assert dataset.shape == (4, 5, 2, 3)
    np.testing.assert_array_equal(dataset.grid_index, np.arange(20))
    assert dataset.dimensions[1].step < 0


def test_units_of_known_motors_are_filled_in():
    positions = {"mu": np.arange(12.0), "samz": np.ones(12)}
    dataset = define_dimensions(Dataset.from_array(frames(12), positions, unit={}))
    assert dataset.dimensions[0].unit == "deg"


def test_history_replays_what_was_found():
    dataset = define_dimensions(mesh(), tolerance=0.25)
    node = dataset.history.nodes[dataset.history.head]
    assert node.parameters["tolerance"] == 0.25
    assert node.parameters["dimensions"] is None


def test_missing_points_and_title_warn_through_the_execution():
    told = []
    with execution(on_warning=told.append):
        dataset = define_dimensions(mesh(keep=range(18), metadata={"title": "ascan chi 0 1 9 1"}))
    assert dataset.missing.tolist() == [18, 19]
    assert any("2 of the 20 grid points" in text for text in told)
    assert any("announced as ascan chi (10)" in text for text in told)
    assert dataset.history.nodes[dataset.history.head].warnings == tuple(told)


def test_parameters_of_the_scan_are_compared_too():
    metadata = {"scan_parameters": {"motor": "omega", "npoints": 20}}
    with pytest.warns(DarfixWarning, match="omega"):
        define_dimensions(mesh(metadata=metadata))


@pytest.mark.parametrize(
    "without_use", [{"assign": "order"}, {"snake": True}, {"snake": True, "dimensions": (CHI, MU)}]
)
def test_assignment_without_use_is_refused(without_use):
    with pytest.raises(ValueError, match="order"):
        define_dimensions(mesh(), **without_use)


def test_scan_without_positions_names_the_way_out():
    with pytest.raises(DimensionError, match='assign="order"'):
        define_dimensions(Dataset.from_array(frames(4)))


def test_ambiguous_scan_raises():
    dataset = Dataset.from_array(frames(3), {"mu": [0.0, 1.0, 2.0], "chi": [5.0, 5.1, 5.4]})
    with pytest.raises(AmbiguousDimensionsError, match="by hand"):
        define_dimensions(dataset)


def test_dimensions_are_found_again_over_old_ones():
    dataset = define_dimensions(define_dimensions(mesh()))
    assert dataset.scan_shape == (4, 5)


# --- stated, by positions ---


def test_frames_go_to_the_nearest_stated_positions():
    order = np.random.default_rng(1).permutation(20)
    dataset = define_dimensions(mesh(keep=order, jitter=0.25), dimensions=(CHI, MU))
    np.testing.assert_array_equal(dataset.grid_index, order)
    np.testing.assert_allclose(dataset.dimensions[1].values, [1, 0.75, 0.5, 0.25, 0])


def test_stated_order_of_the_dimensions_is_kept():
    dataset = define_dimensions(mesh(), dimensions=(MU, CHI))
    assert dataset.scan_shape == (5, 4)
    np.testing.assert_array_equal(dataset.on_grid(dataset.positions["mu"])[:, 0], [1, 0.75, 0.5, 0.25, 0])


def test_missing_and_doubled_frames_warn():
    with pytest.warns(DarfixWarning) as told:
        dataset = define_dimensions(mesh(keep=[0, 1, 1, *range(3, 20)]), dimensions=(CHI, MU))
    assert [str(entry.message) for entry in told] == [
        "1 of the 20 grid points have no frame.",
        "1 of the 20 frames lie at a grid point that another frame has already; such frames are averaged.",
    ]
    assert dataset.missing.tolist() == [2]
    assert dataset.multiplicity[:4].tolist() == [1, 2, 2, 1]


def test_read_backs_away_from_stated_positions_tell_the_motor_and_by_how_much():
    with pytest.raises(DimensionError, match=r"4 of the 20 frames.*positions of mu.*1 step from 0\.25 deg"):
        define_dimensions(mesh(), dimensions=(CHI, MU | {"size": 4, "stop": 0.25}))


def test_tolerance_may_be_stated():
    stated = (CHI, MU | {"start": 1.1, "stop": 0.1})
    with pytest.raises(DimensionError, match=r"0\.4 step"):
        define_dimensions(mesh(), dimensions=stated)
    np.testing.assert_array_equal(
        define_dimensions(mesh(), dimensions=stated, tolerance=0.45).grid_index, np.arange(20)
    )


def test_motor_without_positions_names_those_that_have_some():
    with pytest.raises(DimensionError, match=r'no positions of mux; did you mean \'mu\'.*assign="order"'):
        define_dimensions(mesh(), dimensions=(CHI, MU | {"name": "mux"}))


def test_position_that_is_no_number_is_an_error():
    positions = {"mu": [0.0, np.nan, 2.0]}
    with pytest.raises(DimensionError, match="mu has no position in frame 1"):
        define_dimensions(
            Dataset.from_array(frames(3), positions), dimensions=({"name": "mu", "size": 3, "start": 0, "stop": 2},)
        )


# --- stated, by order ---


def test_frames_take_their_places_in_order():
    dataset = define_dimensions(Dataset.from_array(frames(20)), dimensions=(CHI, MU), assign="order")
    np.testing.assert_array_equal(dataset.grid_index, np.arange(20))
    np.testing.assert_allclose(dataset.positions["mu"][:6], [1, 0.75, 0.5, 0.25, 0, 1])
    assert dataset.unit("chi") == "deg"


def test_every_second_line_of_a_snake_scan_runs_backwards():
    dataset = define_dimensions(Dataset.from_array(frames(20)), dimensions=(CHI, MU), assign="order", snake=True)
    assert dataset.grid_index[:12].tolist() == [0, 1, 2, 3, 4, 9, 8, 7, 6, 5, 10, 11]
    np.testing.assert_allclose(dataset.positions["mu"][4:7], [0, 0, 0.25])
    np.testing.assert_array_equal(snake_index((2, 2, 3)), [0, 1, 2, 5, 4, 3, 6, 7, 8, 11, 10, 9])


def test_read_backs_are_kept_and_compared():
    with pytest.warns(DarfixWarning, match="is the order right"):
        dataset = define_dimensions(mesh(), dimensions=(MU, CHI), assign="order")
    np.testing.assert_array_equal(dataset.positions["mu"], mesh().positions["mu"])


@pytest.mark.parametrize(
    ("n_frames", "words"),
    [(220, "15 x 15 = 225 points, but the dataset has 220 frames: 5 missing"), (230, "230 frames: 5 too many")],
)
def test_sizes_that_do_not_match_say_by_how_much(n_frames, words):
    stated = (CHI | {"size": 15}, MU | {"size": 15})
    with pytest.raises(DimensionError, match=words):
        define_dimensions(Dataset.from_array(frames(n_frames)), dimensions=stated, assign="order")


# --- parameters ---


@pytest.mark.parametrize(
    ("stated", "kind", "words"),
    [
        ((), ValueError, "at least one"),
        (({"name": "mu", "size": 5, "start": 0},), ValueError, r"dimensions\[0\].*stop missing"),
        ((CHI, MU | {"steps": 3}), ValueError, r"dimensions\[1\] has no entry 'steps'"),
        ((MU | {"size": 1},), ValueError, "size must be an integer of at least 2, got 1"),
        ((MU | {"size": 2.5},), TypeError, r"size must be an integer of at least 2, got 2\.5"),
        ((MU | {"size": True},), TypeError, "dimensions"),
        ((MU | {"start": "0"},), TypeError, "start must be a number, got '0'"),
        ((MU | {"start": float("nan")},), ValueError, "dimensions"),
        ((MU | {"start": 0.0},), ValueError, "start and stop must differ"),
        ((MU | {"name": 3},), TypeError, "name must be a string"),
        ((MU | {"name": " "},), ValueError, "name must be"),
        ((MU, MU), ValueError, "each motor once, got mu"),
        ("mu", TypeError, "dimensions must be"),
    ],
)
def test_wrong_dimensions_are_refused(stated, kind, words):
    with pytest.raises(kind, match=words):
        define_dimensions(mesh(), dimensions=stated)


@pytest.mark.parametrize("wrong", [{"tolerance": 0}, {"tolerance": 0.6}, {"tolerance": 0.45}, {"assign": "name"}])
def test_wrong_values_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        define_dimensions(mesh(), **wrong)


def test_dimensions_survive_json():
    stated = json.loads(json.dumps([CHI, MU]))
    dataset = define_dimensions(mesh(), dimensions=stated)
    node = dataset.history.nodes[dataset.history.head]
    assert json.loads(json.dumps(node.parameters["dimensions"])) == [CHI, MU]


# --- real scans ---


@pytest.fixture
def samples():
    folder = os.environ.get("DARFIX_SAMPLE_DATA")
    if not folder:
        pytest.skip("DARFIX_SAMPLE_DATA does not name the folder of the sample data")
    return Path(folder)


def test_real_mesh_of_chi_and_mu(samples):
    h5py = pytest.importorskip("h5py")
    with h5py.File(samples / "silicon_111_reflection.h5") as file:
        positions = {name: file["positioners"][name][()] for name in ("mu", "chi")}
    dataset = define_dimensions(Dataset.from_array(frames(1891), positions))
    assert [(d.name, d.size) for d in dataset.dimensions] == [("chi", 31), ("mu", 61)]
    np.testing.assert_array_equal(dataset.grid_index, np.arange(1891))
    assert dataset.dimensions[0].step == pytest.approx(0.01, rel=1e-3)


def test_real_rocking_scan_with_many_still_motors(samples):
    h5py = pytest.importorskip("h5py")
    with h5py.File(samples / "rocking.h5") as file:
        motors = {name: entry[()] for name, entry in file["1.1/instrument/positioners"].items()}
        title = file["1.1/title"][()].decode()
    positions = {
        name: np.broadcast_to(value, (150,)) for name, value in motors.items() if not isinstance(value, bytes | str)
    }
    dataset = define_dimensions(Dataset.from_array(frames(150), positions, metadata={"title": title}))
    assert [(d.name, d.size, d.along) for d in dataset.dimensions] == [("mu", 150, ())]
    assert dataset.dimensions[0].step == pytest.approx(0.001, rel=0.01)


def test_real_pair_of_frames_whose_title_names_another_motor(samples):
    fabio = pytest.importorskip("fabio")
    headers = [fabio.open(str(samples / f"strain_000{number}.edf")).header for number in (0, 1)]
    names = headers[0]["motor_mne"].split()
    values = np.array([[float(value) for value in header["motor_pos"].split()] for header in headers])
    positions = dict(zip(names, values.T, strict=True))
    with pytest.warns(DarfixWarning, match=r"diffry \(31\).*obpitch \(2\)"):
        dataset = define_dimensions(Dataset.from_array(frames(2), positions, metadata={"title": headers[0]["scan"]}))
    assert dataset.dimensions[0].name == "obpitch"
    np.testing.assert_allclose(dataset.dimensions[0].values, [25.1023, 25.1024])
