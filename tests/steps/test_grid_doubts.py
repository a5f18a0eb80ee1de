"""Scans that look like another one: refused, or found with a warning that names the doubt."""

import numpy as np
import pytest

from darfix_core.errors import AmbiguousDimensionsError, DimensionError
from darfix_core.steps.scan_grid import find_dimensions
from tests.steps.simulated_scans import raster

MOTORS = ("chi", "mu", "phi")


def kept_frames(sizes, n_frames, seed, *, jitter=0.0):
    """Positions of a scan of which only some frames are left; None unless each position has one."""
    rng = np.random.default_rng(seed)
    labels = np.array(raster(sizes))
    labels = labels[:, np.sort(rng.permutation(labels.shape[1])[:n_frames])]
    if any(np.unique(entry).size < size for entry, size in zip(labels, sizes, strict=True)):
        return None
    values = labels + jitter * rng.uniform(-1, 1, labels.shape)
    return dict(zip(MOTORS, values, strict=False))


def outcome(positions, sizes):
    """What is said about a scan, in a word."""
    try:
        grid = find_dimensions(positions)
    except DimensionError:
        return "refused"
    if grid.shape == tuple(sizes):
        return "right"
    doubts = [text for text in grid.warnings if "no frame" not in text and "averaged" not in text]
    return "warned" if doubts else "silently wrong"


@pytest.mark.parametrize(
    ("sizes", "n_frames"), [((3, 19, 2), 57), ((15, 2), 22), ((11, 4), 18), ((3, 3), 6), ((6, 6), 17), ((3, 2), 4)]
)
@pytest.mark.parametrize("jitter", [0.0, 0.1])
def test_scan_with_many_frames_missing_is_never_taken_silently_for_another(sizes, n_frames, jitter):
    scans = [kept_frames(sizes, n_frames, seed, jitter=jitter) for seed in range(30)]
    seen = {outcome(positions, sizes) for positions in scans if positions is not None}
    assert seen
    assert "silently wrong" not in seen


def test_motor_that_differs_between_repeated_frames_is_named():
    positions = kept_frames((3, 19, 2), 57, 3, jitter=0.28)
    with pytest.raises(AmbiguousDimensionsError, match=r"chi \(3\) x mu \(19\)(?s:.*)differ in phi(?s:.*)by hand"):
        find_dimensions(positions)


def test_read_backs_that_flicker_between_two_values_are_no_dimension():
    labels = np.array(raster([9, 11]))
    for seed in range(20):
        rng = np.random.default_rng(seed)
        positions = {"chi": labels[0] + 0.01 * rng.normal(size=99), "mu": 0.1 * labels[1]}
        positions["obpitch"] = 25.1023 + 1e-4 * (rng.random(99) < 0.4)
        grid = find_dimensions(positions)
        assert (grid.shape, grid.warnings) == ((9, 11), ())


def test_flickering_motor_is_no_dimension_of_a_scan_whose_frames_are_doubled():
    rng = np.random.default_rng(4)
    labels = np.repeat(np.array(raster([9, 11])), 2, axis=1)
    positions = {"chi": labels[0] + 0.01 * rng.normal(size=198), "mu": 0.1 * labels[1]}
    positions["obpitch"] = 25.1023 + 1e-4 * (rng.random(198) < 0.5)
    grid = find_dimensions(positions, title="amesh chi 0 8 8 mu 0 1 10 1")
    assert grid.shape == (9, 11)
    assert grid.n_duplicated == 99


def test_finer_positions_of_a_complete_scan_of_few_frames_are_named():
    scans = [kept_frames((3, 3), 6, seed) for seed in range(60)]
    warned = [one for one in scans if one is not None and outcome(one, (3, 3)) == "warned"]
    assert warned
    for positions in warned:
        assert any("fits 3 positions better" in text for text in find_dimensions(positions).warnings)


def test_far_deviations_of_few_frames_are_named():
    labels = np.arange(7)
    grid = find_dimensions({"mu": labels + 0.2 * np.array([0, 1, -1, 0, 1, -1, 0])})
    assert grid.shape == (7,)
    assert any("how many positions mu has: 7 were taken" in text for text in grid.warnings)
    near = 0.01 * np.random.default_rng(2).normal(size=7)
    assert find_dimensions({"mu": labels + near}).warnings == ()
