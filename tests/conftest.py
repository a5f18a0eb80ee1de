"""Fixtures of all tests. Qt is imported inside the fixtures only: the headless core is tested without it."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyqt5")
os.environ.setdefault("PYTEST_QT_API", "pyqt5")
os.environ.setdefault("MPLBACKEND", "Agg")

import numpy as np
import pytest

from darfix_core.model.dataset import Dataset
from darfix_core.model.dimension import Dimension


def rocking_stack(centers: np.ndarray, positions: np.ndarray, *, sigma: float, peak: float = 500.0) -> np.ndarray:
    """Gaussian rocking curves, shape (n_frames, ny, nx), of pixels whose peaks sit at `centers`."""
    distance = positions[:, None, None] - centers[None]
    return np.rint(peak * np.exp(-(distance**2) / (2 * sigma**2))).astype(np.uint16)


@pytest.fixture
def swift_collection() -> Iterator[None]:
    """`gc.collect` looks at new objects only: those that all tests before have left take it a tenth of a second."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers, the same in every run."""
    return np.random.default_rng(20260101)


@pytest.fixture
def rocking_dataset() -> Dataset:
    """Scan of mu with 9 frames of 12 x 16; the peak moves along x."""
    mu = np.linspace(-0.4, 0.4, 9)
    centers = np.broadcast_to(np.linspace(-0.2, 0.2, 16), (12, 16))
    stack = rocking_stack(centers, mu, sigma=0.1)
    dataset = Dataset.from_array(stack, {"mu": mu}, metadata={"title": "ascan mu -0.4 0.4 8 1"})
    return dataset.replace(dimensions=(Dimension("mu", mu, "deg"),), grid_index=np.arange(9))


@pytest.fixture
def mosaicity_dataset() -> Dataset:
    """Mesh of chi (slow, 5) and mu (fast, 7) with frames of 12 x 16; the peak moves along y in chi and x in mu."""
    chi, mu = np.linspace(-0.2, 0.2, 5), np.linspace(-0.3, 0.3, 7)
    chi_center = np.linspace(-0.1, 0.1, 12)[:, None]
    mu_center = np.linspace(-0.15, 0.15, 16)[None, :]
    in_chi = np.exp(-((chi[:, None, None] - chi_center) ** 2) / (2 * 0.08**2))
    in_mu = np.exp(-((mu[:, None, None] - mu_center) ** 2) / (2 * 0.1**2))
    stack = np.rint(500 * in_chi[:, None] * in_mu[None, :]).astype(np.uint16)
    grid = np.meshgrid(chi, mu, indexing="ij")
    dataset = Dataset.from_array(stack, {"chi": grid[0], "mu": grid[1]}, metadata={"title": "d2scan"})
    dimensions = (Dimension("chi", chi, "deg"), Dimension("mu", mu, "deg"))
    return dataset.replace(dimensions=dimensions, grid_index=np.arange(35))


@pytest.fixture
def orange(qtbot):
    """Orange's widget harness under pytest-qt: `create_widget`, `send_signal`, `get_output` ..."""
    from Orange.widgets.tests.base import WidgetTest

    class Harness(WidgetTest):
        def runTest(self) -> None:
            """Nothing: only the harness is wanted."""

    Harness.setUpClass()
    harness = Harness()
    harness.setUp()
    yield harness
    # A silx plot may still draw when the test ends.
    qtbot.wait(50)
    harness.tearDown()
    Harness.tearDownClass()
