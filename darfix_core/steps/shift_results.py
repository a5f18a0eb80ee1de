"""Shifts made of what was matched: values for all frames, their uncertainty, and the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from darfix_core.model.arrays import BoolArray, FloatArray, IntArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.shift import Shift
from darfix_core.steps.shift_field import Field
from darfix_core.steps.shift_frames import Trajectory, match_neighbours, match_with_frame, match_with_mean
from darfix_core.steps.shift_linear import match_lines
from darfix_core.steps.shift_lines import Lines
from darfix_core.steps.shift_matching import CLEAR, Image, Matcher
from darfix_core.steps.shift_verdict import Evidence, judge

_NO_TEXTURE = "No texture was found that several frames have in common."


def untrusted(dataset: Dataset, reason: str) -> Shift:
    """Shift of 0 that is not trusted."""
    nothing = np.zeros((dataset.n_frames, 2))
    return Shift(nothing, reason=reason, trusted=nothing[:, 0] > 0, positions=dataset.positions, units=dataset.units)


def linear_shift(dataset: Dataset, field: Field, lines: Lines, lags: Sequence[int]) -> Shift:
    """Shift that is linear in a motor, zero at its mean position."""
    found = match_lines(field, lines, lags, dataset.noise)
    if found is None:
        return untrusted(dataset, f"No two frames are {', '.join(map(str, sorted(lags)))} positions apart.")
    match, bound = found
    if match.height < CLEAR:
        return untrusted(dataset, _NO_TEXTURE)
    evidence = Evidence(match.value, match.influence, np.hypot(match.illumination, match.between), bound)
    per = f"px per {dataset.unit(lines.motor) or 'unit of ' + lines.motor}" if lines.motor else "px per frame"
    (dy, dx), (sy, sx) = match.value, evidence.uncertainty
    what = f"The drift ({dy:.4g} +- {sy:.2g}, {dx:.4g} +- {sx:.2g}) {per}"
    trusted, reason = judge(evidence, field.corners, what)
    return shift_of_velocity(dataset, lines, match.value, evidence.uncertainty, trusted, reason)


def shift_of_velocity(
    dataset: Dataset, lines: Lines, velocity: FloatArray, uncertainty: FloatArray, trusted: bool, reason: str
) -> Shift:
    """Shift with a constant velocity, zero at the mean position."""
    position: FloatArray = np.empty(dataset.n_frames)
    position[lines.frames] = lines.position - lines.position.mean()
    return Shift(
        position[:, None] * velocity,
        np.abs(position)[:, None] * uncertainty,
        np.full(dataset.n_frames, trusted),
        reason,
        (float(velocity[0]), float(velocity[1])),
        lines.motor,
        dataset.positions,
        dataset.units,
    )


def shift_of_groups(dataset: Dataset, field: Field, groups: Sequence[IntArray], reference: str, chosen: int) -> Shift:
    """Shift of each group of frames, which may be single frames."""
    matcher = Matcher(field)
    images = _images(dataset, field, matcher, groups)
    if reference == "neighbour":
        trajectory = match_neighbours(matcher, images)
    elif reference == "mean":
        trajectory = match_with_mean(matcher, images)
    else:
        single = next(_images(dataset, field, matcher, [groups[chosen]]))
        trajectory = match_with_frame(matcher, images, single, chosen)
    return _shift_of_trajectory(dataset, field, groups, trajectory)


def _images(dataset: Dataset, field: Field, matcher: Matcher, groups: Sequence[IntArray]) -> Iterator[Image]:
    """Mean of each group in Fourier space."""
    spectra = field.all_spectra(np.concatenate(groups), "shift of the frames")
    for group in groups:
        mean = next(spectra)
        for _ in group[1:]:
            mean = mean.plus(next(spectra))
        yield matcher.image(mean.divided(len(group)), dataset.noise, len(group))


def _shift_of_trajectory(dataset: Dataset, field: Field, groups: Sequence[IntArray], trajectory: Trajectory) -> Shift:
    matched = np.flatnonzero(trajectory.matched)
    if len(matched) < 2:
        return untrusted(dataset, _NO_TEXTURE)
    floor = np.hypot(trajectory.bound, trajectory.bound[trajectory.reference])
    evidence = {
        number: Evidence(
            trajectory.values[number], trajectory.influence[number], trajectory.doubt[number], floor[number]
        )
        for number in matched
        if number != trajectory.reference
    }
    uncertainty = np.zeros(trajectory.values.shape)
    for number, entry in evidence.items():
        uncertainty[number] = entry.uncertainty
    clearest = max(evidence, key=lambda number: (evidence[number].is_comparable, evidence[number].significance))
    dy, dx = trajectory.values[clearest]
    trusted, reason = judge(evidence[clearest], field.corners, f"The clearest shift, ({dy:.3g}, {dx:.3g}) px,")
    values, uncertainty, between = _between_matched(trajectory.values, uncertainty, matched)
    reason += f" {len(matched)} of {len(groups)} were matched."
    of_frame = np.empty(dataset.n_frames, dtype=int)
    for number, group in enumerate(groups):
        of_frame[group] = number
    return Shift(
        values[of_frame],
        uncertainty[of_frame],
        (between & trusted)[of_frame],
        reason,
        positions=dataset.positions,
        units=dataset.units,
    )


def _between_matched(
    values: FloatArray, uncertainty: FloatArray, matched: IntArray
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Values and uncertainties for all, and which are matched or lie between matched ones.

    Between them the values follow a smooth, monotonic curve, and beyond them the last value is kept. Their
    uncertainty grows as that of a random walk with the steps that were found.
    """
    from scipy.interpolate import PchipInterpolator

    numbers = np.arange(len(values))
    inside = np.clip(numbers, matched[0], matched[-1])
    filled = PchipInterpolator(matched, values[matched])(inside)
    known = np.stack([np.interp(numbers, matched, uncertainty[matched, axis]) for axis in (0, 1)], axis=1)
    step = np.mean(np.diff(values[matched], axis=0) ** 2 / np.diff(matched)[:, None], axis=0)
    after = matched[np.clip(np.searchsorted(matched, numbers), 0, len(matched) - 1)]
    before = matched[np.clip(np.searchsorted(matched, numbers, side="right") - 1, 0, len(matched) - 1)]
    gap = np.where(after > before, (numbers - before) * (after - numbers) / np.maximum(after - before, 1), 0)
    beyond = np.abs(numbers - inside)
    return filled, np.sqrt(known**2 + step * (gap + beyond)[:, None]), beyond == 0
