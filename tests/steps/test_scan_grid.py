"""Grids found from read-backs: single cases, then many random scans."""

import time
from collections import Counter

import numpy as np
import pytest

from darfix_core.errors import AmbiguousDimensionsError, DimensionError
from darfix_core.steps.scan_grid import find_dimensions

from .simulated_scans import raster, scan_sizes, simulate, trembling, verdict


def read_backs(rng, sizes, *, jitter=0.3, snake=False, names=("chi", "mu", "phi", "obpitch")):
    """Jittered read-backs of a scan with unit steps, slow to fast."""
    labels = raster(sizes, snake)
    return {
        name: entry + jitter * rng.uniform(-1, 1, entry.size) for name, entry in zip(names, labels, strict=False)
    }, labels


# --- single cases ---


def test_mesh_is_found_with_its_residuals(rng):
    positions, labels = read_backs(rng, [7, 9])
    grid = find_dimensions(positions | {"samz": np.full(63, 1.5)}, units={"mu": "deg"})
    assert [dimension.name for dimension in grid.dimensions] == ["chi", "mu"]
    assert [dimension.unit for dimension in grid.dimensions] == ["", "deg"]
    assert grid.shape == (7, 9)
    np.testing.assert_array_equal(grid.grid_index, np.arange(63))
    assert (grid.occupancy, grid.n_missing, grid.n_duplicated, grid.warnings) == (1, 0, 0, ())
    fit = {entry.name: entry for entry in grid.fits}["mu"]
    assert fit.size == 9
    assert 0.2 < fit.max_fraction <= 0.3 + 1e-6
    assert fit.rms_fraction == pytest.approx(0.3 / 3**0.5, rel=0.2)
    assert fit.max_residual == pytest.approx(fit.max_fraction * fit.step)
    assert "chi (7) x mu (9)" in str(grid.candidates[0])


def test_nominal_positions_follow_the_direction_of_the_scan(rng):
    positions, _ = read_backs(rng, [5, 8], jitter=0.05)
    grid = find_dimensions({"mu": -positions["mu"], "chi": positions["chi"]})
    np.testing.assert_allclose(grid.dimensions[0].values, np.arange(5), atol=0.05)
    np.testing.assert_allclose(grid.dimensions[1].values, -np.arange(8.0), atol=0.05)
    np.testing.assert_array_equal(grid.grid_index, np.arange(40))


def test_snake_scan_keeps_each_frame_at_its_positions(rng):
    positions, labels = read_backs(rng, [6, 10], snake=True)
    grid = find_dimensions(positions)
    np.testing.assert_array_equal(grid.grid_index, labels[0] * 10 + labels[1])


def test_interrupted_scan_has_missing_points(rng):
    positions, _ = read_backs(rng, [15, 15])
    grid = find_dimensions({name: entry[:220] for name, entry in positions.items()})
    assert grid.shape == (15, 15)
    assert grid.n_missing == 5
    np.testing.assert_array_equal(grid.grid_index, np.arange(220))
    assert "5 of the 225 grid points have no frame." in grid.warnings


def test_duplicated_points_warn(rng):
    positions, _ = read_backs(rng, [15, 15])
    again = np.sort(np.append(np.arange(225), [3, 3, 100]))
    grid = find_dimensions({name: entry[again] for name, entry in positions.items()})
    np.testing.assert_array_equal(grid.grid_index, again)
    assert grid.n_duplicated == 3
    assert any("3 of the 228 frames" in text for text in grid.warnings)


def test_motors_that_move_together_are_one_dimension(rng):
    labels = np.arange(31)
    positions = {
        "obpitch": 20 - 0.02 * (labels + 0.2 * rng.uniform(-1, 1, 31)),
        "mu": 10 + 0.01 * (labels + 0.2 * rng.uniform(-1, 1, 31)),
    }
    grid = find_dimensions(positions, title="d2scan mu -0.15 0.15 obpitch 0.3 -0.3 30 1")
    assert (grid.dimensions[0].name, grid.dimensions[0].along) == ("mu", ("obpitch",))
    assert grid.dimensions[0].step == pytest.approx(0.01, rel=0.02)
    assert grid.warnings == ()
    assert {fit.name for fit in grid.fits} == {"mu", "obpitch"}


def test_motors_that_move_together_without_a_title_warn(rng):
    labels = np.arange(31)
    positions = {"mu": 0.01 * labels, "obpitch": 20 - 0.02 * labels + 1e-3 * rng.normal(size=31)}
    grid = find_dimensions(positions)
    assert grid.dimensions[0].along == ("obpitch",)
    assert "mu, obpitch move together; the dimension is named after mu." in grid.warnings


def test_unequal_steps_of_one_motor_of_a_mesh_are_found(rng):
    slow, fast = raster([5, 12])
    nominal = np.array([0.0, 1, 2, 5, 10])
    grid = find_dimensions({"chi": nominal[slow] + 0.05 * rng.uniform(-1, 1, 60), "mu": fast + 0.0})
    np.testing.assert_allclose(grid.dimensions[0].values, nominal, atol=0.05)
    assert not grid.fits[0].regular


def test_list_of_positions_warns():
    grid = find_dimensions({"mu": np.array([0.0, 1, 3, 14, 15, 40]), "samz": np.ones(6)})
    np.testing.assert_array_equal(grid.dimensions[0].values, [0, 1, 3, 14, 15, 40])
    assert any("not equally spaced" in text for text in grid.warnings)


def test_two_frames_of_one_motor_are_a_scan():
    grid = find_dimensions({"diffry": [-23.176, -23.176], "obpitch": [25.1023, 25.1024]})
    np.testing.assert_allclose(grid.dimensions[0].values, [25.1023, 25.1024])
    assert grid.dimensions[0].name == "obpitch"


def test_still_motors_are_named_as_such():
    with pytest.raises(DimensionError, match="No motor moves.*by hand"):
        find_dimensions({"mu": np.ones(9)})
    with pytest.raises(DimensionError, match="No motor moves"):
        find_dimensions({})


@pytest.mark.parametrize("kind", ["noise", "toggle", "counts", "slow counts", "relaxation"])
def test_scan_without_a_scanned_motor_is_an_error_that_says_what_to_do(kind):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        positions = {name: 5 + trembling(rng, 60, 1e-5, kind) for name in ("mu", "chi", "samz")}
        with pytest.raises(DimensionError, match="by hand"):
            find_dimensions(positions)


def test_title_of_a_loopscan_is_believed():
    with pytest.raises(DimensionError, match=r"the title says loopscan(?s:.*)mu \(20\)"):
        find_dimensions({"mu": 1e-5 * np.arange(20.0)}, title="loopscan 20 1")


def test_title_that_names_other_motors_warns():
    grid = find_dimensions({"diffry": [1.0, 1.0], "obpitch": [25.1, 25.2]}, title="ascan diffry -23.1 -23.2 30 5")
    assert grid.warnings == (
        "The scan was announced as ascan diffry (31), but the positions show a scan of obpitch (2).",
    )


def test_motors_that_both_fit_few_frames_are_ambiguous():
    positions = {"mu": [0.0, 1.0, 2.0], "chi": [5.0, 5.1, 5.4]}
    with pytest.raises(AmbiguousDimensionsError, match=r"mu \(3\)(?s:.*)by hand"):
        find_dimensions(positions)


def test_title_confirms_a_scan_of_few_frames():
    positions = {"mu": [0.0, 1.0, 2.0], "chi": [5.0, 5.1, 5.4]}
    grid = find_dimensions(positions, title="ascan mu 0 2 2 1")
    assert [dimension.name for dimension in grid.dimensions] == ["mu"]


def test_ambiguity_lists_the_candidates_with_sizes_and_deviations():
    # A scan of four points whose second motor toggles, or a mesh of two by two.
    positions = {"mu": [0.0, 0.75, 2.0, 2.75], "chi": [0.0, 1.0, 0.0, 1.0]}
    with pytest.raises(AmbiguousDimensionsError) as caught:
        find_dimensions(positions)
    message = str(caught.value)
    assert "mu (2) x chi (2)" in message
    assert "mu (4)" in message
    assert "largest deviation" in message


def test_evenly_drifting_motor_does_not_hide_an_axis_that_is_not_recognized(rng):
    positions, _ = read_backs(rng, [20, 15])
    positions["chi"] += 1.5 * rng.uniform(-1, 1, 300)
    positions["difftz"] = 1e-3 * np.arange(300)
    with pytest.raises(AmbiguousDimensionsError, match="mu steps evenly"):
        find_dimensions(positions)


def test_motor_without_numbers_is_left_out_with_a_warning(rng):
    positions, _ = read_backs(rng, [4, 11])
    grid = find_dimensions(positions | {"ffz": np.full(44, np.nan)})
    assert grid.shape == (4, 11)
    assert any("ffz" in text for text in grid.warnings)


def test_tolerance_is_checked_and_used(rng):
    positions, _ = read_backs(rng, [12, 20], jitter=0.38)
    with pytest.raises(DimensionError, match=r"within 0\.3 of a step"):
        find_dimensions(positions)
    assert find_dimensions(positions, tolerance=0.4).shape == (12, 20)
    for wrong in (0, -1, 0.41, float("nan")):
        with pytest.raises(ValueError, match="tolerance"):
            find_dimensions(positions, tolerance=wrong)


def test_positions_of_another_length_are_refused():
    with pytest.raises(ValueError, match="chi"):
        find_dimensions({"mu": np.arange(4), "chi": np.arange(5)})


def test_input_is_not_changed(rng):
    positions, _ = read_backs(rng, [4, 6])
    before = {name: entry.copy() for name, entry in positions.items()}
    find_dimensions(positions)
    for name, entry in positions.items():
        np.testing.assert_array_equal(entry, before[name])


def test_long_scan_with_many_trembling_motors_is_fast():
    scan = simulate(np.random.default_rng(1), [100, 100], n_trembling=77)
    start = time.process_time()
    grid = find_dimensions(scan.positions)
    # 0.6 s where nothing else runs
    assert time.process_time() - start < 3
    assert verdict(scan, grid) == ""


# --- many scans ---


def outcomes(scans):
    """How often the grid was found, was not found, and was wrong; the wrong ones are shown."""
    counts = Counter()
    for seed, scan in scans:
        try:
            wrong = verdict(scan, find_dimensions(scan.positions))
        except DimensionError:
            counts["raised"] += 1
            continue
        counts["wrong" if wrong else "right"] += 1
        if wrong:
            print(seed, scan.sizes, sorted(scan.traits), wrong)
    return counts


def random_scans(seeds, *, traits=(), **options):
    for seed in seeds:
        rng = np.random.default_rng(seed)
        sizes = scan_sizes(rng, int(rng.integers(1, 5)), most_frames=4000)
        yield seed, simulate(rng, sizes, traits=traits, n_trembling=int(rng.integers(0, 5)), **options)


def test_scans_with_jitter_and_trembling_motors_are_found():
    counts = outcomes(random_scans(range(200)))
    assert counts["wrong"] == 0
    # Scans of six frames and fewer may not be told from motors that tremble as far.
    assert counts["right"] >= 198


@pytest.mark.parametrize(
    ("trait", "least"),
    [
        ("snake", 39),
        ("offset lines", 38),
        ("interrupted", 38),
        ("doubled", 38),
        ("shuffled", 36),
        ("swapped", 36),
        ("together", 38),
    ],
)
def test_scans_that_are_not_plain_are_found_or_refused(trait, least):
    counts = outcomes(random_scans(range(1000, 1040), traits=(trait,)))
    assert counts["wrong"] == 0
    assert counts["right"] >= least


def test_scans_with_frames_missing_at_random_are_found_or_refused():
    # Below a dozen frames a scan of one motor with a gap may look like a complete one with other steps.
    scans = ((seed, scan) for seed, scan in random_scans(range(2000, 2060), traits=("missing",)) if scan.n_frames > 12)
    counts = outcomes(scans)
    assert counts["wrong"] == 0
    assert counts["right"] >= 0.9 * sum(counts.values())


@pytest.mark.parametrize("jitter", [0.0, 0.01, 0.15])
def test_small_deviations_are_no_trap(jitter):
    counts = outcomes(random_scans(range(3000, 3040), jitter=jitter, amplitude=(-7.0, -5.5), step=(-3.5, 0.0)))
    assert counts["wrong"] == 0
    assert counts["right"] >= 39
