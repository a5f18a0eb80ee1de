"""The positions at which a motor stopped, found from its read-backs.

A motor that was scanned stands on a few levels, again and again; most often the levels are equally spaced.
Read-backs deviate from them. With a deviation of up to 0.3 step neighbouring read-backs may lie closer to each
other than read-backs of one level, so gaps alone do not tell the levels apart. What does is the period: the
Fourier transform of the density of read-backs has a peak at 1/step.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from darfix_core.model.arrays import AnyArray, FloatArray, IntArray
from darfix_core.steps.level_evidence import (
    any_order_bits,
    is_monotonic,
    saved_bits,
    written_below_bits,
    written_bits,
)

#: Fraction of a step that a read-back may deviate, by default and at most.
TOLERANCE = 0.3
MAX_TOLERANCE = 0.4

# Below this number of frames every period and phase is tried; above, the Fourier transform points to the few.
_FEW = 32
_MAX_PEAKS = 48
# By how much more than the tolerance a read-back may deviate, in steps, while step and phase are not settled.
_ROOM = 0.12
_SAMPLE = 500
# Smallest step of a list of positions, in units of the median step.
_APART = 0.2


@dataclass(frozen=True, eq=False)
class Levels:
    """One way to see the read-backs of a motor as a few positions.

    Parameters
    ----------
    motor : str
        The motor.
    labels : ndarray of int, shape (n_frames,)
        Number of the level of each frame; 0 is the lowest position.
    values : ndarray, shape (size,)
        Positions of the levels, ascending.
    regular : bool
        True for equally spaced levels.
    residual : ndarray, shape (n_frames,)
        Deviation of each read-back from its level, in fractions of the (smallest) step.
    saved : float, bits
        How much shorter the read-backs can be written once the level of every frame is known.
    evidence : float, bits
        The same, compared with the shortest way to write them down without a scan.
    """

    motor: str
    labels: IntArray
    values: FloatArray
    regular: bool
    residual: FloatArray
    saved: float
    evidence: float = 0.0

    @property
    def size(self) -> int:
        """Number of levels."""
        return int(self.values.size)

    @property
    def step(self) -> float:
        """Smallest distance between neighbouring levels."""
        return float(np.diff(self.values).min())

    @property
    def span(self) -> float:
        """Distance between the outermost levels."""
        return float(self.values[-1] - self.values[0])

    @property
    def max_residual(self) -> float:
        """Largest deviation, in fractions of a step."""
        return float(np.abs(self.residual).max())

    @property
    def rms_residual(self) -> float:
        """Root mean square of the deviations, in fractions of a step."""
        return float(np.sqrt(np.mean(self.residual**2)))


def moves(positions: FloatArray) -> bool:
    """True where the read-backs differ by more than the rounding of a float64."""
    return bool(np.ptp(positions) > 1e-13 * np.abs(positions).max())


def find_levels(motor: str, positions: FloatArray, tolerance: float = TOLERANCE) -> list[Levels]:
    """Every plausible way to see read-backs as levels.

    Parameters
    ----------
    motor : str
        The motor.
    positions : ndarray, shape (n_frames,)
        Finite read-backs.
    tolerance : float, fraction of a step
        Largest deviation of a read-back from an equally spaced level; greater than 0, at most 0.4.

    Returns
    -------
    list of Levels
        Coarse ones first; empty for a motor that stands still, or moves without order. Where the frames are
        too few to tell, there are many.
    """
    if positions.size < 2 or not moves(positions):
        return []
    scaled = (positions - positions.min()) / np.ptp(positions)
    order = np.argsort(scaled, kind="stable")
    steps = [*_equally_spaced(scaled, scaled[order], tolerance), *_two_levels(scaled[order], order)]
    found = _regular(motor, positions, scaled, _distinct(steps, scaled.size), tolerance)
    known = {entry.labels.tobytes() for entry in found}
    for labels in _by_gaps(scaled[order], order):
        if labels.tobytes() not in known:
            found.append(irregular_levels(motor, positions, labels))
    return _weighed(sorted(found, key=lambda entry: entry.size))


def _weighed(found: list[Levels]) -> list[Levels]:
    """The same levels with their evidence: what they save beyond the best explanation without a scan.

    Without a scan the motor trembles (any read-back at any time), or drifts (read-backs in order), or jumps
    between levels that no scan predicts. What is sharp within coarse levels is credited to the coarse ones too.
    """
    if not found:
        return []
    fine = sorted(found, key=lambda entry: -entry.saved)[:4]
    unscanned = max(0.0, *(entry.saved - written_bits(entry.labels) for entry in found))
    drifting = max((any_order_bits(entry.labels) for entry in found if is_monotonic(entry.labels)), default=0.0)
    base = max(unscanned, drifting)
    weighed = []
    for entry in found:
        saved = max(entry.saved, *(other.saved - written_below_bits(other.labels, entry.labels) for other in fine))
        weighed.append(replace(entry, evidence=saved - base))
    return weighed


# --- equally spaced levels ---


def _regular(motor: str, positions: FloatArray, scaled: FloatArray, labels: IntArray, tolerance: float) -> list[Levels]:
    """Of several labels those from whose levels no read-back, scaled to 0 .. 1, deviates by more than the tolerance."""
    if not labels.size:
        return []
    offset, step = least_squares(scaled, labels)
    deviation = np.abs(scaled - offset[:, None] - step[:, None] * labels)
    rms = np.sqrt(np.mean(deviation**2, axis=1)) / step
    chosen = _best_of_each_size(labels.max(axis=1) + 1, rms)
    labels, offset, step, deviation = labels[chosen], offset[chosen], step[chosen], deviation[chosen]
    # Where the straight line of least squares leaves too much, another may still hold all read-backs.
    poor = np.flatnonzero(deviation.max(axis=1) > tolerance * step)
    if poor.size:
        offset[poor], step[poor] = smallest_deviation(scaled, labels[poor], step[poor])
    residual = (scaled - offset[:, None]) / step[:, None] - labels
    low, span = float(positions.min()), float(np.ptp(positions))
    found: list[Levels] = []
    for i in np.flatnonzero(np.abs(residual).max(axis=1) <= tolerance * (1 + 1e-6)):
        values = low + span * (offset[i] + step[i] * np.arange(labels[i].max() + 1))
        saved = saved_bits(residual[i] * step[i], float(step[i]), 2)
        found.append(Levels(motor, labels[i], values, True, residual[i], saved))
    return found


def _best_of_each_size(sizes: IntArray, rms: FloatArray, keep: int = 4) -> IntArray:
    """Indices of the few best-fitting ones of each number of levels."""
    counts: dict[int, int] = {}
    kept: list[int] = []
    for i in np.argsort(rms, kind="stable"):
        counts[int(sizes[i])] = counts.get(int(sizes[i]), 0) + 1
        if counts[int(sizes[i])] <= keep:
            kept.append(int(i))
    return np.array(kept, dtype=np.int64)


def _equally_spaced(scaled: FloatArray, ascending: FloatArray, tolerance: float) -> IntArray:
    """Labels for each period that the read-backs, scaled to 0 .. 1, may have; shape (n_candidates, n_frames)."""
    n_values = 1 + int(np.count_nonzero(np.diff(ascending)))
    few = scaled.size < _FEW
    phase = _all_starts(scaled, n_values) if few else _starts_from_peaks(scaled, ascending, n_values, tolerance)
    if not phase.size:
        return np.empty((0, scaled.size), dtype=np.int64)
    rounded = np.rint(phase)
    near = np.abs(phase - rounded).max(axis=1) <= tolerance + _ROOM
    labels = (rounded - rounded.min(axis=1, keepdims=True))[near].astype(np.int64)
    return _distinct([row for row in labels if _is_dense(row)], scaled.size)


def _distinct(rows: Iterable[IntArray], n_frames: int) -> IntArray:
    """Each row once."""
    distinct = {row.tobytes(): row for row in rows}
    return np.array(list(distinct.values()), dtype=np.int64).reshape(-1, n_frames)


def _two_levels(ascending: FloatArray, order: IntArray) -> list[IntArray]:
    """Labels from the widest gap each: with two levels, one of which has few frames, there is no period to see."""
    widest = np.argsort(-np.diff(ascending), kind="stable")[:3]
    labels = np.empty((widest.size, order.size), dtype=np.int64)
    labels[:, order] = np.arange(order.size) > widest[:, None]
    # The tolerance lets a level be wider than the gap; much wider is none.
    width = np.maximum(ascending[widest] - ascending[0], ascending[-1] - ascending[widest + 1])
    is_level = width < 4 * np.diff(ascending)[widest]
    return list(labels[is_level])


def _is_dense(labels: IntArray) -> bool:
    """True where more than half of the levels are used, and they are no multiple of a coarser step."""
    size = int(labels.max()) + 1
    if size < 2 or size > 2 * labels.size:
        return False
    used = np.flatnonzero(np.bincount(labels, minlength=size))
    return bool(2 * used.size > size and np.gcd.reduce(used) == 1)


def _all_starts(scaled: FloatArray, n_values: int) -> FloatArray:
    """Positions in units of every step that comes into question, with every phase; shape (n_starts, n_frames).

    The grid is so fine that for one of them the phase is wrong by less than 0.08 of a step anywhere.
    """
    periods = np.arange(0.4, 2 * n_values, 0.1)
    shifts = np.arange(0.0, 1.0, 0.1)
    phase = periods[:, None, None] * (scaled - 0.5) + shifts[:, None]
    return phase.reshape(-1, scaled.size)


def _starts_from_peaks(scaled: FloatArray, ascending: FloatArray, n_values: int, tolerance: float) -> FloatArray:
    """Positions in units of the steps at which the density of read-backs is periodic, fitted to the read-backs."""
    # Most periods are refuted by a few hundred read-backs, spread over the range.
    sample = ascending[:: max(1, scaled.size // _SAMPLE)]
    periods: list[float] = []
    shifts: list[float] = []
    for period in _peaks(scaled, n_values, tolerance):
        wave = np.exp(2j * np.pi * period * sample).mean()
        centre = float(np.angle(wave)) / (2 * np.pi)
        # Lines scanned back and forth may be offset against each other: then the phase lies between the two.
        near = np.zeros(1) if abs(wave) > 0.35 else np.arange(0.0, 1.0, 0.125)
        shifts.extend(centre + near)
        periods.extend([period] * near.size)
    if not periods:
        return np.empty((0, scaled.size))
    step, offset = 1 / np.array(periods), np.array(shifts) / np.array(periods)
    for _ in range(3):
        labels = np.rint((sample - offset[:, None]) / step[:, None])
        offset, step = least_squares(sample, labels, otherwise=(offset, step))
    phase = (sample - offset[:, None]) / step[:, None]
    fits = np.abs(phase - np.rint(phase)).max(axis=1) <= tolerance + _ROOM
    phase = (scaled - offset[fits, None]) / step[fits, None]
    offset, step = least_squares(scaled, np.rint(phase), otherwise=(offset[fits], step[fits]))
    return (scaled - offset[:, None]) / step[:, None]


def _peaks(scaled: FloatArray, n_values: int, tolerance: float) -> list[float]:
    """Periods (steps in the range) at which the density of read-backs is periodic, ascending."""
    n = scaled.size
    # Lengths without large prime factors, which the Fourier transform is slow for.
    unit = 1 << max(0, (8 * n_values).bit_length() - 4)
    n_bins = unit * (8 * n_values // unit + 1)
    n_points = 4 * n_bins
    density = np.bincount(np.minimum((scaled * n_bins).astype(np.int64), n_bins - 1), minlength=n_bins)
    spectrum = np.abs(np.fft.rfft(density.astype(np.float32), n_points)) / n
    periods = np.arange(spectrum.size) * (n_bins / n_points)
    # Deviations spread evenly over the tolerance leave the peak sinc(2 tolerance); what is lower by several
    # standard deviations is none. Nor is what noise reaches.
    noise = 1.2 * math.sqrt(math.log(16 * n) / n)
    least = max(0.1, min(noise, float(np.sinc(2 * tolerance)) - 1.85 / math.sqrt(n)))
    inner = spectrum[1:-1]
    is_peak = (inner >= spectrum[:-2]) & (inner > spectrum[2:]) & (inner > least)
    is_peak &= (periods[1:-1] > 0.4) & (periods[1:-1] < 2 * n_values)
    found = np.flatnonzero(is_peak) + 1
    strongest = found[np.argsort(-spectrum[found], kind="stable")[:_MAX_PEAKS]]
    chosen = {float(periods[i]) for i in (*found[:_MAX_PEAKS], *strongest)}
    # Two-valued deviations of a quarter step hide the step and show half of it.
    chosen |= {float(periods[i]) / 2 for i in strongest[:4] if periods[i] > 1}
    return sorted(chosen)


def least_squares(
    scaled: FloatArray, labels: AnyArray, otherwise: tuple[FloatArray, FloatArray] | None = None
) -> tuple[FloatArray, FloatArray]:
    """Offset and step of the straight lines through positions against labels.

    Parameters
    ----------
    scaled : ndarray, shape (n_frames,)
    labels : ndarray, shape (n_candidates, n_frames)
    otherwise : (ndarray, ndarray), shape (n_candidates,), optional
        Offset and step where the labels do not rise with the positions.

    Returns
    -------
    offset, step : ndarray, shape (n_candidates,)
    """
    mean = labels.mean(axis=1)
    centred = labels - mean[:, None]
    # einsum, as the threads of BLAS would get in the way of those of the engine.
    spread = np.einsum("ij,ij->i", centred, centred)
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.einsum("ij,j->i", centred, scaled - scaled.mean()) / spread
    offset = scaled.mean() - step * mean
    if otherwise is None:
        return offset, step
    rises = np.isfinite(step) & (step > 0)
    return np.where(rises, offset, otherwise[0]), np.where(rises, step, otherwise[1])


def smallest_deviation(scaled: FloatArray, labels: IntArray, start: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Offset and step for which the largest deviation, in fractions of a step, is smallest.

    The largest deviation is a quasi-convex function of the step, so that golden sections find its minimum.

    Parameters
    ----------
    scaled : ndarray, shape (n_frames,)
    labels : ndarray of int, shape (n_candidates, n_frames)
    start : ndarray, shape (n_candidates,)
        Steps near the wanted ones.

    Returns
    -------
    offset, step : ndarray, shape (n_candidates,)
    """

    def middle(step: FloatArray) -> tuple[FloatArray, FloatArray]:
        rest = scaled - step[:, None] * labels
        highest, lowest = rest.max(axis=1), rest.min(axis=1)
        return (highest + lowest) / 2, (highest - lowest) / step

    ratio = (math.sqrt(5) - 1) / 2
    low, high = 0.6 * start, 1.6 * start
    for _ in range(40):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        better_left = middle(left)[1] <= middle(right)[1]
        low, high = np.where(better_left, low, left), np.where(better_left, right, high)
    step = (low + high) / 2
    return middle(step)[0], step


# --- levels with clear gaps between them ---


def _by_gaps(ascending: FloatArray, order: IntArray) -> list[IntArray]:
    """Labels from gaps that are wider than any group of read-backs between them; `order` sorts the read-backs."""
    gaps = np.diff(ascending)
    descending = np.sort(gaps)[::-1]
    most = min(gaps.size, ascending.size // 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        drop = descending[:most] / np.append(descending[1:], 0.0)[:most]
    found: list[IntArray] = []
    for k in np.argsort(-drop, kind="stable")[:3]:
        if not drop[k] > 2:
            continue
        cut = gaps >= descending[k]
        starts = np.concatenate(([0], np.flatnonzero(cut) + 1))
        stops = np.append(starts[1:], ascending.size) - 1
        if (ascending[stops] - ascending[starts]).max() < descending[k]:
            labels = np.empty(ascending.size, dtype=np.int64)
            labels[order] = np.concatenate(([0], np.cumsum(cut)))
            found.append(labels)
    return found


def irregular_levels(motor: str, positions: FloatArray, labels: IntArray) -> Levels:
    """Levels of the given labels, at the mean of their read-backs."""
    values = np.bincount(labels, weights=positions) / np.bincount(labels)
    step = float(np.diff(values).min())
    deviation = positions - values[labels]
    span = float(np.ptp(positions))
    saved = saved_bits(deviation / span, step / span, values.size)
    return Levels(motor, labels, values, values.size == 2, deviation / step, saved)


def listed_positions(motor: str, positions: FloatArray) -> Levels | None:
    """Levels of a motor that goes once through a list of positions, one frame at each.

    Parameters
    ----------
    motor : str
        The motor.
    positions : ndarray, shape (n_frames,)
        Finite read-backs.

    Returns
    -------
    Levels or None
        None unless the positions all ascend or all descend and lie clearly apart. A motor that drifts has small
        and large steps, one that comes to rest smaller and smaller ones.
    """
    steps = np.diff(positions)
    if steps.size < 2 or not (np.all(steps > 0) or np.all(steps < 0)):
        return None
    size = np.abs(steps)
    if size.min() < _APART * float(np.median(size)) or np.all(np.diff(size) < 0):
        return None
    order = np.argsort(positions, kind="stable")
    labels = np.empty(positions.size, dtype=np.int64)
    labels[order] = np.arange(positions.size)
    return Levels(motor, labels, positions[order], False, np.zeros(positions.size), 0.0)
