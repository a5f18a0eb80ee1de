"""Fixtures of the contracts."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest

from darfix_core.errors import DarfixWarning

#: Steps that find something doubtful in the data that the contracts are tried on, and what.
DOUBTFUL = {
    "find_shift": "its frames are too small to follow their texture",
    "shift_correction": "its frames are too small to follow their texture",
}


@pytest.fixture(autouse=True)
def doubts_that_are_known(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a step tells of the data is no error where it is known."""
    with warnings.catch_warnings():
        if hasattr(request.node, "callspec") and request.node.callspec.params.get("name") in DOUBTFUL:
            warnings.simplefilter("ignore", DarfixWarning)
        yield


@pytest.fixture
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures beside maps take a second each: they are tested where somebody looks at them."""
    monkeypatch.setattr("darfix_core.steps.save_maps.figure_writers", lambda maps, stem: {})
