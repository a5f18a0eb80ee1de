"""Titles of scans, as BLISS and SPEC write them."""

import numpy as np
import pytest

from darfix_core.model.dimension import Dimension
from darfix_core.steps.scan_title import ScanAxis, disagreement, parse_scan


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
        ("fscan mu 0.29 0.001 150 0.5 0.580407", [(("mu",), 150)]),
        ("f2scan mu 0 0.1 obpitch 3 0.2 50 0.1", [(("mu", "obpitch"), 50)]),
        ("fscan2d chi 0 0.01 31 mu 7.8 0.0003 61 0.5", [(("chi",), 31), (("mu",), 61)]),
        ("loopscan 10 0.1", []),
    ],
)
def test_title_tells_motors_and_sizes_slow_to_fast(title, axes):
    assert parse_scan(title).axes == tuple(ScanAxis(*axis) for axis in axes)


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
    assert parse_scan("", parameters).axes == tuple(ScanAxis(*axis) for axis in axes)


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
    assert disagreement(parse_scan("amesh mu 0 1 4 chi 0 1 2 1"), found[:1] + [Dimension("mu", np.arange(5))]) == ""
    assert disagreement(None, found) == ""
