"""Checks of the frames: beam, single bright ones, missing, repeated, out of order; and of where the motors stood."""

from __future__ import annotations

import re

import numpy as np

from darfix_core.model.arrays import AnyArray, FloatArray, IntArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.scan_quality import QualityRow
from darfix_core.steps.frame_order import follow
from darfix_core.steps.quality_check import Check
from darfix_core.steps.quality_curves import SampledCurves
from darfix_core.steps.quality_pass import Observed

BEAM = Check(
    "beam intensity",
    "%",
    10.0,
    50.0,
    "A beam that changes during the scan bends the curves: centres move towards where it was stronger.",
    "normalise",
)
BRIGHT = Check(
    "single bright frames",
    "frames",
    0.0,
    5.0,
    "A frame that is brighter or darker than its neighbours also where no sample is pulls every centre of mass towards "
    "its position, or away from it.",
    "select_frames",
)
MISSING = Check(
    "missing frames",
    "% of the points",
    0.0,
    20.0,
    "Where frames are missing near the peak of a pixel, its centre of mass is pulled away from the gap.",
)
REPEATED = Check(
    "repeated frames",
    "frames",
    0.0,
    5.0,
    "A frame that was stored twice stands at a position where it was not taken; a point taken twice is averaged.",
    "select_frames",
)
ORDER = Check(
    "order of the frames",
    "frames",
    0.0,
    np.inf,
    "Maps do not mind the order, since each frame counts where its motors stood; drift and beam can no longer be told "
    "from the scan.",
    "define_dimensions",
)
JITTER = Check(
    "positioner jitter",
    "% of a step",
    10.0,
    50.0,
    "Moments take the positions that were read back; what takes nominal ones is wrong by the jitter.",
    "define_dimensions",
)

_NO_GRID = "the scan has no dimensions: use define_dimensions (Dimension Definition) first"
# Names of counters that measure the beam, and of those that are made from the images.
_BEAM_NAMES = re.compile(r"(srcurrent|^current$|machine|mon|^i0|^ic\d|diode|pico|bpm)", re.IGNORECASE)
_NO_BEAM_NAMES = re.compile(r"(roi|_(avg|min|max|std|sum)$)", re.IGNORECASE)
# Frames around one that tell what it should be, and by how many standard deviations and how much it has to stand out.
_AROUND, _SIGMA, _SHARE = 9, 7.0, 0.01
_LISTED = 6
# Different counts of a frame from which on two that are alike are no chance.
_DISTINCT = 10


def beam_counters(dataset: Dataset) -> list[str]:
    """Counters that measure the beam, by their names."""
    names = [name for name in dataset.counters if _BEAM_NAMES.search(name) and not _NO_BEAM_NAMES.search(name)]
    return [
        name for name in names if np.isfinite(dataset.counters[name]).all() and np.median(dataset.counters[name]) > 0
    ]


def check_beam(observed: Observed) -> tuple[QualityRow, dict[str, AnyArray]]:
    """How much the beam changed, by the counter that changed most."""
    dataset = observed.dataset
    arrays: dict[str, AnyArray] = {"intensity": observed.of_frames}
    names = beam_counters(dataset)
    if not names:
        return BEAM.not_checked(
            "no counter of the scan measures the beam, such as a monitor or the ring current"
        ), arrays
    relative = {name: dataset.counters[name] / np.median(dataset.counters[name]) for name in names}
    arrays |= {f"monitor/{name}": values for name, values in relative.items()}
    name = max(names, key=lambda entry: float(np.ptp(relative[entry])))
    value = float(np.ptp(relative[name]))
    return BEAM.judged(100 * value, f"{name} changes by {value:.1%} of its median during the scan"), arrays


def check_bright_frames(curves: SampledCurves) -> QualityRow:
    """Frames that stand out from their neighbours off the sample."""
    level = curves.level
    if level is None:
        return BRIGHT.not_checked("no sampled pixel lies off the sample, where a frame can be told from the curve")
    if level.size < _AROUND:
        return BRIGHT.not_checked(f"{level.size} frames are too few to tell one from its neighbours")
    # What follows the curve is another check's.
    trend = np.polyfit(curves.rocking, level, 1) if np.ptp(curves.rocking) else np.zeros(2)
    frames = bright_frames(level - np.polyval(trend, curves.rocking), curves.full_strength)
    if not frames.size:
        return BRIGHT.judged(0.0, "off the sample, no frame stands out from its neighbours")
    return BRIGHT.judged(float(frames.size), f"off the sample, {_frames(frames)} from the neighbours")


def bright_frames(level: FloatArray, full_strength: float) -> IntArray:
    """Numbers of the frames whose level stands out from the median of those around it.

    Parameters
    ----------
    level : ndarray, shape (n_frames,), counts
    full_strength : float, counts
        What the curves of the sample do: a hundredth of it is worth a word.
    """
    half = _AROUND // 2
    padded = np.pad(level, half, mode="reflect")
    off = level - np.median(np.lib.stride_tricks.sliding_window_view(padded, _AROUND), axis=1)
    spread = 1.4826 * float(np.median(np.abs(off)))
    found: IntArray = np.flatnonzero(np.abs(off) > max(_SIGMA * spread, _SHARE * full_strength))
    return found


def _frames(frames: IntArray) -> str:
    listed = ", ".join(map(str, frames[:_LISTED])) + (" ..." if frames.size > _LISTED else "")
    return f"frame {listed} stands out" if frames.size == 1 else f"{frames.size} frames ({listed}) stand out"


def check_missing(dataset: Dataset) -> QualityRow:
    """Points of the grid without a frame."""
    if not dataset.dimensions:
        return MISSING.not_checked(_NO_GRID)
    size, number = int(np.prod(dataset.scan_shape)), int(dataset.missing.size)
    finding = f"{number} of the {size} points of the scan have no frame" if number else "every point has a frame"
    return MISSING.judged(100 * number / size, finding)


def check_repeated(curves: SampledCurves) -> QualityRow:
    """Frames that hold the counts of another one, and points with several frames."""
    dataset = curves.dataset
    again = int(np.sum(1 - 1 / dataset.multiplicity) + 0.5) if dataset.dimensions else 0
    copies = copied_frames(curves.counts)
    parts = []
    if copies.size:
        parts.append(
            f"{copies.size} frames ({', '.join(map(str, copies[:_LISTED]))}) hold the counts of an earlier one"
        )
    if again:
        parts.append(f"{again} frames stand at a point that has another one")
    return REPEATED.judged(float(copies.size + again), "; ".join(parts) or "no frame occurs twice")


def copied_frames(counts: AnyArray) -> IntArray:
    """Numbers of the frames whose counts are, pixel by pixel, those of an earlier one.

    Frames without noise may be alike: only those with many different counts are compared.
    """
    seen: dict[bytes, int] = {}
    copies = []
    for number, frame in enumerate(counts):
        if np.unique(frame).size < _DISTINCT:
            continue
        if seen.setdefault(np.ascontiguousarray(frame).tobytes(), number) != number:
            copies.append(number)
    return np.array(copies, dtype=np.int64)


def check_order(dataset: Dataset) -> QualityRow:
    """Whether the frames follow each other along the lines of the grid."""
    if dataset.grid_index is None:
        return ORDER.not_checked(_NO_GRID)
    labels = [entry.astype(np.int64) for entry in np.unravel_index(dataset.grid_index, dataset.scan_shape)]
    order = follow(labels, list(dataset.scan_shape))
    if order.in_order:
        return ORDER.judged(0.0, "the frames follow each other through the grid")
    jumps = _jumps(labels, dataset.scan_shape)
    return ORDER.judged(float(jumps), f"the frames jump back and forth through the grid, about {jumps} times")


def _jumps(labels: list[IntArray], shape: tuple[int, ...]) -> int:
    """How often a scan that is out of order turns round, or changes its slowest motor, more than it has to."""
    if len(labels) == 1:
        steps = np.diff(labels[0])
        return max(1, int(min((steps < 0).sum(), (steps > 0).sum())))
    changes = [int(np.count_nonzero(np.diff(entry))) for entry in labels]
    slow = int(np.argmin(changes))
    return max(1, changes[slow] - shape[slow] + 1)


def check_jitter(dataset: Dataset) -> tuple[QualityRow, dict[str, AnyArray]]:
    """How far the motors stood from their nominal positions, in steps."""
    moved = [entry for entry in dataset.dimensions if entry.size > 1 and entry.step]
    if dataset.grid_index is None or not moved:
        return JITTER.not_checked(_NO_GRID if dataset.grid_index is None else "no motor has moved"), {}
    labels = dict(
        zip(
            [entry.name for entry in dataset.dimensions],
            np.unravel_index(dataset.grid_index, dataset.scan_shape),
            strict=True,
        )
    )
    off = {
        entry.name: (dataset.positions[entry.name] - entry.values[labels[entry.name]]) / abs(entry.step)
        for entry in moved
        if entry.name in dataset.positions
    }
    arrays: dict[str, AnyArray] = {f"jitter/{name}": values for name, values in off.items()}
    if not off:
        return JITTER.not_checked("no motor of the grid was read back"), arrays
    rms = {name: float(np.sqrt(np.mean(values**2))) for name, values in off.items()}
    motor = max(rms, key=lambda name: rms[name])
    largest = float(np.abs(off[motor]).max())
    finding = f"{motor} stands {rms[motor]:.2%} of a step (rms) from its nominal positions, {largest:.2%} at most"
    return JITTER.judged(100 * rms[motor], finding), arrays
