"""What moments tell of the curves that they were made from; see also test_moments."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine.cutting import BlockSizes
from darfix_core.steps.moments import compute_moments
from tests.contracts.cases import as_from_file


def rocking(rng, *, width, peak=3000.0, n=41):
    """Scan of mu with noisy curves of a width in steps, without a background."""
    steps = np.arange(n)
    centre = rng.uniform(0.4 * n, 0.6 * n, (24, 40))
    stack = rng.poisson(peak * np.exp(-((steps[:, None, None] - centre) ** 2) / (2 * width**2)))
    return steps, stack


def dataset_of(steps, stack):
    return dc.define_dimensions(dc.Dataset.from_array(stack.astype(np.float32), {"mu": 0.01 * steps}))


@pytest.mark.parametrize("from_file", [False, True])
def test_saturated_curves_are_told(rng, from_file):
    steps, stack = rocking(rng, width=4.0)
    clipped = dataset_of(steps, np.minimum(stack, 2000))
    with pytest.warns(dc.DarfixWarning, match=r"100% of the brighter pixels have the same highest count in 3 frames"):
        compute_moments(as_from_file(clipped) if from_file else clipped, sizes=BlockSizes(rows=8, frames=7))


def test_curves_as_narrow_as_a_step_are_told(rng):
    with pytest.warns(dc.DarfixWarning, match=r"the steps of mu are too coarse: half of .* a FWHM of 0\.\d+ steps"):
        dc.moments(dataset_of(*rocking(rng, width=0.3)))


@pytest.mark.parametrize("peak", [20.0, 300.0, 60000.0])
@pytest.mark.parametrize("width", [0.7, 2.0, 5.0])
def test_good_curves_are_not_doubted(rng, width, peak):
    dc.moments(dataset_of(*rocking(rng, width=width, peak=peak)))
