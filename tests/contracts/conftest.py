"""Fixtures of the contracts."""

from __future__ import annotations

import pytest


@pytest.fixture
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures beside maps take a second each: they are tested where somebody looks at them."""
    monkeypatch.setattr("darfix_core.steps.save_maps.figure_writers", lambda maps, stem: {})
