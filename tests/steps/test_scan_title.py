"""Titles of scans, as BLISS and SPEC write them."""

import numpy as np
import pytest

from darfix_core.model.dimension import Dimension
from darfix_core.steps.scan_title import Course, disagreement, parse_scan


def sizes(command):
    """Motors and number of positions of each axis, slow to fast."""
    return [(axis.motors, axis.n_positions) for axis in command.axes]


@pytest.mark.parametrize(
    ("title", "axes"),
    [
        ("ascan  diffry -23.176 -23.146  30 5", [(("diffry",), 31)]),
        ("ascan(mu, 0, 1, 10, 0.1)", [(("mu",), 11)]),
        ("dscan axis:mu -1 1 20 0.1", [(("mu",), 21)]),
        ("a2scan mu 0 1 chi 2 3 10 0.1", [(("mu", "chi"), 11)]),
        ("d2scan mu -1 1 obpitch -2 2 40 0.1", [(("mu", "obpitch"), 41)]),
        ("d3scan mu -1 1 obpitch -2 2 ffz -3 3 40 0.1", [(("mu", "obpitch", "ffz"), 41)]),
        ("amesh mu 0 1 60 chi 0 1 30 0.1", [(("chi",), 31), (("mu",), 61)]),
        ("dmesh mu -1 1 60 chi -1 1 30 0.1", [(("chi",), 31), (("mu",), 61)]),
        ("a3scan mu 0 1 chi 2 3 phi 4 5 10 0.1", [(("mu", "chi", "phi"), 11)]),
        ("a5scan a 0 1 b 0 1 c 0 1 d 0 1 e 0 1 10 0.1", [(("a", "b", "c", "d", "e"), 11)]),
        ("a3mesh mu 0 1 60 chi 0 1 30 samz 0 1 2 0.1", [(("samz",), 3), (("chi",), 31), (("mu",), 61)]),
        ("d3mesh mu 0 1 60 chi 0 1 30 samz 0 1 2 0.1", [(("samz",), 3), (("chi",), 31), (("mu",), 61)]),
        ("mesh mu 0 1 60 chi 0 1 30 0.1", [(("chi",), 31), (("mu",), 61)]),
        ("fscan2d dty -300 1 1 rot -90 0.05 3620 0.002 0.00200017", [(("rot",), 3620)]),
        ("fscan mu 0.29 0.001 150 0.5 0.580407", [(("mu",), 150)]),
        ("f2scan mu 0 0.1 obpitch 3 0.2 50 0.1", [(("mu", "obpitch"), 50)]),
        ("fscan2d chi 0 0.01 31 mu 7.8 0.0003 61 0.5", [(("chi",), 31), (("mu",), 61)]),
        ("loopscan 10 0.1", []),
        ("timescan 0.1", []),
        ("ct 0.1", []),
    ],
)
def test_title_tells_motors_and_sizes_slow_to_fast(title, axes):
    assert sizes(parse_scan(title)) == axes


@pytest.mark.parametrize("title", ["", "unknown macro", "ascan", "ascan mu 0 1", "amesh mu 0 1", "fscan mu a b c"])
def test_unknown_and_incomplete_titles_tell_nothing(title):
    assert parse_scan(title) is None


@pytest.mark.parametrize(
    ("parameters", "axes"),
    [
        ({"motor": b"mu", "npoints": np.int64(150), "scan_name": b"fscan"}, [(("mu",), 150)]),
        ({"motor": "mu", "slave_motor": "obpitch", "npoints": 9}, [(("mu", "obpitch"), 9)]),
        (
            {"slow_motor": "chi", "slow_npoints": 31, "fast_motor": "mu", "fast_npoints": 61},
            [(("chi",), 31), (("mu",), 61)],
        ),
    ],
)
def test_parameters_of_continuous_scans_stand_in_for_the_title(parameters, axes):
    assert sizes(parse_scan("", parameters)) == axes


def test_incomplete_parameters_tell_nothing():
    assert parse_scan("", {"motor": "mu"}) is None


def test_title_goes_before_parameters():
    assert parse_scan("ascan chi 0 1 4 1", {"motor": "mu", "npoints": 9}).motors == ("chi",)


def test_disagreement_names_what_was_announced_and_found():
    found = [Dimension("obpitch", [1, 2])]
    text = disagreement(parse_scan("ascan diffry 0 1 30 5"), found)
    assert "diffry (31)" in text
    assert "obpitch (2)" in text


def test_disagreement_of_sizes_asks_for_an_interruption():
    assert "interrupted" in disagreement(parse_scan("ascan mu 0 1 30 5"), [Dimension("mu", np.arange(20))])


def test_no_disagreement_where_motors_and_sizes_are_equal():
    found = [Dimension("chi", np.arange(3)), Dimension("mu", np.arange(5), along=("obpitch",))]
    assert disagreement(parse_scan("amesh mu 0 4 4 chi 0 2 2 1"), found[:1] + [Dimension("mu", np.arange(5))]) == ""
    assert disagreement(None, found) == ""


@pytest.mark.parametrize(
    ("title", "courses"),
    [
        ("ascan mu 0.25 -1 5 0.1", [[(0.25, -1)]]),
        ("a2scan mu 0 1 chi 2 3 10 0.1", [[(0, 1), (2, 3)]]),
        ("amesh mu 0 1 60 chi 7 8 30 0.1", [[(7, 8)], [(0, 1)]]),
        ("fscan mu 2 0.5 5 0.1", [[(2, 4)]]),
        ("f2scan mu 0 0.1 obpitch 3 -0.2 11 0.1", [[(0, 1), (3, 1)]]),
        ("fscan2d chi 0 0.5 3 mu 7 -0.25 5 0.5", [[(0, 1)], [(7, 6)]]),
    ],
)
def test_title_tells_where_each_motor_goes(title, courses):
    found = [[(course.start, course.stop) for course in axis.courses] for axis in parse_scan(title).axes]
    assert found == [[pytest.approx(course) for course in axis] for axis in courses]


def test_parameters_tell_where_each_motor_goes():
    slow = {"slow_motor": "chi", "slow_npoints": 3, "slow_start_pos": 1.0, "slow_step_size": 0.5}
    fast = {"fast_motor": "mu", "fast_npoints": 5, "fast_start_pos": 0.0, "fast_step_size": -0.25}
    chi, mu = parse_scan("", slow | fast).axes
    assert (chi.courses, mu.courses) == ((Course(1.0, 2.0),), (Course(0.0, -1.0),))
    both = {"motor": "mu", "start_pos": 1, "step_size": 1, "npoints": 3, "slave_motor": "chi", "slave_start_pos": 4}
    assert parse_scan("", both).axes[0].courses == ()
    (axis,) = parse_scan("", both | {"slave_step_size": -1}).axes
    assert axis.courses == (Course(1.0, 3.0), Course(4.0, 2.0))


@pytest.mark.parametrize(
    ("title", "start", "stop"),
    [
        ("ascan mu 0 1 10 0.1", 0.0, 1.0),
        ("ascan mu 1 0 10 0.1", 0.0, 1.0),
        ("ascan mu 0.1 1 10 0.1", 0.0, 1.0),  # recorded a step beside
        ("ascan mu 7.01 7.04 10 0.1", 7.0139, 7.0421),  # the title is rounded to the tolerance of the motor
        ("dscan mu -0.5 0.5 10 0.1", 7.0, 8.0),
        ("fscan mu 0.3 0.1 11 0.1", 0.35, 1.35),
    ],
)
def test_positions_that_the_title_may_mean_agree(title, start, stop):
    assert disagreement(parse_scan(title), [Dimension("mu", np.linspace(start, stop, 11), "deg")]) == ""


@pytest.mark.parametrize(
    ("title", "start", "stop", "text"),
    [
        ("ascan mu 0.0 1.0 10 0.1", 5.0, 6.0, "announced from 0 to 1 deg, but the positions reach from 5 to 6 deg"),
        ("fscan mu 0.0 0.2 11 0.1", 0.0, 1.0, "announced from 0 to 2 deg, but the positions reach from 0 to 1 deg"),
        ("dscan mu -0.1 0.1 10 0.1", 7.0, 8.0, "announced over 0.2 deg, but the positions reach over 1 deg"),
    ],
)
def test_disagreement_of_ranges_tells_both(title, start, stop, text):
    assert text in disagreement(parse_scan(title), [Dimension("mu", np.linspace(start, stop, 11), "deg")])
