from __future__ import annotations

import pytest

from darfix_core.errors import nearest

MAPS = ["intensity", "mu/center_of_mass", "mu/fwhm", "mu/skewness", "mu/kurtosis"]


@pytest.mark.parametrize(
    ("name", "known", "words"),
    [
        ("cih", ["mu", "chi"], "; did you mean 'chi'?"),
        ("MU", ["mu", "chi"], "; did you mean 'mu'?"),
        ("Grian Plto", ["Data Selection", "Grain Plot"], "; did you mean 'Grain Plot'?"),
        ("mu/center_of_mas", MAPS, "; did you mean 'mu/center_of_mass'?"),
        ("roi", ["load", "roi_1", "roi_2"], "; did you mean 'roi_1' or 'roi_2'?"),
    ],
)
def test_slips_are_told_what_was_meant(name, known, words):
    assert nearest(name, known) == words


@pytest.mark.parametrize(
    ("name", "known"),
    [("mu/com", MAPS), ("mu", MAPS), ("ROI Selection", ["Data Selection", "Grain Plot"]), ("x", ["mu", "chi"])],
)
def test_names_that_only_share_a_part_get_the_list(name, known):
    assert nearest(name, known) == "; there are: " + ", ".join(known)


def test_nothing_is_known():
    assert nearest("mu", []) == "; there are none"
