"""Shifts from files: applied to the scan they were found in, and to others."""

from __future__ import annotations

import numpy as np

import darfix_core as dc


def test_a_saved_shift_moves_frames_as_the_shift_itself(rng, tmp_path):
    dataset = dc.Dataset.from_array(rng.integers(0, 1000, (4, 20, 30)).astype(np.uint16))
    shift = dc.Shift(rng.uniform(-3, 3, (4, 2)))
    dc.save_shift(shift, path=tmp_path / "shift.txt")
    again = dc.load_shift(tmp_path / "shift.txt")
    np.testing.assert_array_equal(
        dc.correct_shift(dataset, again).frames[:], dc.correct_shift(dataset, shift).frames[:]
    )


def test_a_linear_shift_is_applied_to_a_scan_with_more_positions(tmp_path):
    (tmp_path / "typed.csv").write_text("# motor: mu\n# velocity: 10 -20\ndy,dx,mu (deg)\n-1,2,-0.1\n1,-2,0.1\n")
    shift = dc.load_shift(tmp_path / "typed.csv")
    stack = np.zeros((3, 20, 30))
    for frame, (y, x) in zip(stack, [(9, 17), (10, 15), (11, 13)], strict=True):
        frame[y, x] = 100
    dataset = dc.Dataset.from_array(stack, {"mu": np.array([-0.1, 0.0, 0.1])})
    frames = dc.correct_shift(dataset, shift).frames[:]
    np.testing.assert_allclose(frames[:, 10, 15], 100)


def test_history_of_a_table_begins_with_its_file(tmp_path):
    path = tmp_path / "typed.csv"
    path.write_text("dy,dx\n0,0\n1,2\n")
    shift = dc.load_shift(path)
    node = shift.history.nodes[shift.history.head]
    assert node.step == "load_shift"
    assert [source.path for source in node.sources] == [str(path)]
