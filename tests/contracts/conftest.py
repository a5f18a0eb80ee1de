"""Fixtures of the contracts."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from darfix_core.engine.registry import Step, writer_of
from darfix_core.errors import DarfixWarning
from tests.bliss_files import write_scan

from .cases import SUFFIX, counts, example, required_of

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


@pytest.fixture
def files(tmp_path: Path) -> Callable[[Step], dict[str, Any]]:
    """Settings that a widget needs besides its defaults: the files that it reads or writes."""
    chi, mu = np.meshgrid(np.linspace(-0.2, 0.2, 5), np.linspace(-0.3, 0.3, 7), indexing="ij")
    scan = write_scan(tmp_path / "scan.h5", counts(), {"chi": chi.ravel(), "mu": mu.ravel()})

    def saved(step: Step) -> Path:
        """File of what a step reads that opens nothing but what was saved."""
        writer = writer_of(next(iter(step.outputs.values())))
        path = tmp_path / f"saved{SUFFIX.get(writer.id, '.h5')}"
        writer(example(next(iter(writer.inputs.values())).kind), **{writer.output_path: path}, overwrite=True)
        return path

    def of(step: Step) -> dict[str, Any]:
        read = saved(step) if step.input_path and step.id != "load" else scan
        paths = {step.input_path: str(read), step.output_path: str(tmp_path / f"out{SUFFIX.get(step.id, '.h5')}")}
        return required_of(step) | {name: path for name, path in paths.items() if name}

    return of
