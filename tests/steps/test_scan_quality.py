from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine.cutting import BlockSizes
from darfix_core.steps.quality_pass import observe
from darfix_core.steps.scan_quality import compute_quality
from tests.contracts.cases import as_from_file
from tests.steps.quality_scans import FAULTS, KINDS, Scan, clean, faulty

ALARMS = ("doubtful", "bad")


def alarms(dataset, **parameters):
    """Checks that are not in order -> what they have found."""
    quality, _ = dc.scan_quality(dataset, **parameters)
    return {row.check: row.finding for row in quality.rows if row.verdict in ALARMS}


@pytest.mark.parametrize("seed", [3, 4])
@pytest.mark.parametrize("kind", KINDS)
def test_clean_scan_passes_every_check(kind, seed):
    # The tails of every curve are dark: that is what a rocking curve is.
    assert alarms(clean(np.random.default_rng(seed), kind)) == {}


def test_clean_scan_with_texture_has_everything_checked():
    scan = Scan(np.random.default_rng(3), "rocking", size=72)
    quality, mask = dc.scan_quality(scan.dataset(scan.counts(scan.light())))
    assert quality.worst == "ok"
    assert {row.verdict for row in quality.rows} == {"ok"}
    assert not mask.values.any()


@pytest.mark.parametrize("kind", ["pedestal", "pedestal snake"])
def test_of_a_raw_scan_the_pedestal_alone_is_named(kind):
    assert list(alarms(clean(np.random.default_rng(5), kind))) == ["pedestal"]


@pytest.mark.parametrize("kind", ["rocking", "snake"])
@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_found_and_named(fault, kind):
    found = alarms(faulty(np.random.default_rng(11), kind, fault))
    expected, further = FAULTS[fault].check, FAULTS[fault].further
    assert expected in found
    assert set(found) <= {expected, *further}


def test_pedestal_is_told_with_its_effect():
    scan = Scan(np.random.default_rng(1), "pedestal")
    dataset = scan.dataset(scan.counts(scan.light()))
    row = dc.scan_quality(dataset)[0].row("pedestal")
    # Truth: the share of the pedestal in the counts of the lit pixels. Lit are those above a tenth of the strongest.
    light = scan.light()[:, scan.power > 0.3].mean()
    assert row.value == pytest.approx(100 * scan.pedestal / (scan.pedestal + light), abs=5)
    assert f"{100 / (100 - row.value):.3g} times too small" in row.finding
    assert row.helps == "subtract_background"


def test_hot_dead_and_invalid_pixels_and_those_of_the_mask_are_masked():
    scan = Scan(np.random.default_rng(2), "rocking")
    counts = scan.counts(scan.light())
    inside = np.argwhere(scan.power[2:-2, 2:-2] > 0.5) + 2
    (y0, x0), (y1, x1), (y2, x2) = inside[[len(inside) // 5, len(inside) // 2, len(inside) - 50]]
    counts[:, y0, x0] += scan.peak
    counts[:, y1, x1] = 7.0
    counts[3, y2, x2] = np.inf
    given = np.zeros(scan.power.shape, bool)
    given[0, 5] = True
    _, mask = dc.scan_quality(scan.dataset(counts).replace(mask=given))
    assert {tuple(map(int, place)) for place in np.argwhere(mask.values)} == {
        (int(y), int(x)) for y, x in ((y0, x0), (y1, x1), (y2, x2), (0, 5))
    }


def test_saturation_can_be_told():
    scan = Scan(np.random.default_rng(2), "rocking")
    dataset = scan.dataset(scan.counts(scan.light()))
    assert "saturation" not in alarms(dataset)
    assert "saturation" in alarms(dataset, saturation=0.7 * scan.peak)


def test_bright_frames_are_named():
    scan = Scan(np.random.default_rng(2), "rocking")
    scan.background[[7, 30]] = 0.1 * scan.peak
    assert "2 frames (7, 30) stand out" in alarms(scan.dataset(scan.counts(scan.light())))["single bright frames"]


def test_without_dimensions_what_needs_them_says_so():
    scan = Scan(np.random.default_rng(2), "rocking")
    quality, _ = dc.scan_quality(scan.dataset(scan.counts(scan.light()), dimensions=False))
    unchecked = {row.check for row in quality.rows if "has no dimensions" in row.finding}
    assert {"missing frames", "order of the frames", "positioner jitter", "points per FWHM"} <= unchecked


@pytest.mark.parametrize("value", [0, 7, np.nan])
def test_frames_without_any_light_are_not_judged(value):
    stack = np.full((12, 20, 20), value, np.float32)
    dataset = dc.define_dimensions(dc.Dataset.from_array(stack, {"mu": np.arange(12.0)}))
    quality, _ = dc.scan_quality(dataset)
    assert quality.row("pedestal").verdict == "not checked"
    assert quality.row("points per FWHM").verdict == "not checked"


def test_all_masked_frames_and_a_single_frame_are_not_judged():
    stack = np.random.default_rng(1).poisson(50, (12, 20, 20)).astype(np.uint16)
    masked = dc.Dataset.from_array(stack).replace(mask=np.ones((20, 20), bool))
    assert dc.scan_quality(masked)[0].row("dead and hot pixels").finding == "no pixel can be used: all are masked"
    assert dc.scan_quality(dc.Dataset.from_array(stack[:1]))[0].row("pedestal").verdict == "not checked"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32])
@pytest.mark.parametrize("from_file", [False, True])
def test_one_look_gives_what_numpy_gives(dtype, from_file, rng):
    stack = rng.poisson(30, (23, 40, 50)).astype(dtype)
    if np.dtype(dtype).kind == "f":
        stack[3, 4, 5] = np.nan
    dataset = dc.Dataset.from_array(stack)
    seen = observe(as_from_file(dataset) if from_file else dataset, BlockSizes(rows=7, frames=5))
    np.testing.assert_array_equal(seen.lowest, np.nanmin(stack, axis=0))
    np.testing.assert_array_equal(seen.highest, np.nanmax(stack, axis=0))
    np.testing.assert_array_equal(seen.total, np.nansum(stack, axis=0, dtype=np.float64))
    np.testing.assert_array_equal(seen.at_highest, (stack == np.nanmax(stack, axis=0)).sum(axis=0))
    np.testing.assert_array_equal(seen.invalid, np.isnan(stack).sum(axis=0))
    np.testing.assert_allclose(seen.of_frames, np.nansum(stack, axis=(1, 2), dtype=np.float64) / 2000, rtol=1e-12)
    for number, (y, x) in enumerate(seen.corners):
        np.testing.assert_array_equal(seen.tiles[:, number], stack[:, y : y + 12, x : x + 12])


def test_blocks_do_not_change_the_verdicts():
    dataset = clean(np.random.default_rng(3), "mesh")
    whole, _ = compute_quality(dataset)
    parts, _ = compute_quality(as_from_file(dataset), sizes=BlockSizes(rows=5, frames=7))
    assert [row.verdict for row in parts.rows] == [row.verdict for row in whole.rows]
    for one, other in zip(parts.rows, whole.rows, strict=True):
        assert one.value == (None if other.value is None else pytest.approx(other.value, rel=1e-6))


def test_result_is_text_and_plain_values_with_a_history():
    quality, mask = dc.scan_quality(clean(np.random.default_rng(3), "pedestal"))
    assert "Step that helps: subtract_background." in " ".join(quality.to_text().split())
    assert quality.to_dict()["verdict"] == quality.worst
    assert [entry["check"] for entry in quality.to_dict()["checks"]] == [row.check for row in quality.rows]
    assert quality.history.nodes[quality.history.head].step == "scan_quality"
    assert mask.history.made_by_steps
    with pytest.raises(KeyError, match="no check 'speed'; there are pedestal, "):
        quality.row("speed")


@pytest.mark.skipif("DARFIX_SAMPLE_DATA" not in os.environ, reason="DARFIX_SAMPLE_DATA names no folder of samples")
def test_measured_scan_is_judged_as_a_scientist_would():
    file = Path(os.environ["DARFIX_SAMPLE_DATA"]) / "rocking.h5"
    quality, _ = dc.scan_quality(dc.define_dimensions(dc.load(str(file))))
    verdicts = {row.check: row.verdict for row in quality.rows}
    assert verdicts["pedestal"] == "bad"
    assert verdicts["curves cut at the scan ends"] == "bad"
    for check in ("saturation", "missing frames", "order of the frames", "positioner jitter", "points per FWHM"):
        assert verdicts[check] == "ok"
