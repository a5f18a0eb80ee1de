"""Shift of each frame on its own: matched with its neighbours, with the running mean, or with one frame."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from darfix_core.engine.execution import current_execution
from darfix_core.engine.pool import run_in_order
from darfix_core.model.arrays import AnyArray, BoolArray, FloatArray
from darfix_core.steps.shift_field import ComplexArray, FrameSpectra
from darfix_core.steps.shift_matching import CLEAR, CrossSpectra, Image, Match, Matcher
from darfix_core.steps.shift_network import Pair, fit_places

# Distances of the neighbours that a frame is matched with: the far ones keep errors from adding up along the scan.
_NEIGHBOURS = (1, 2, 4, 8, 16)
# Frames that are known no better than this, in pixels, are too dim to be matched.
_DIM = 0.5
# The running mean begins with a frame that is known better than this, in pixels.
_BEGIN = 0.02
# Number of frames in the running mean.
_MEAN_OF = 4


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Places of images against the reference.

    Parameters
    ----------
    values : ndarray, shape (n, 2), px
        NaN where an image was not matched.
    influence : ndarray, shape (n, n_tiles, 2), px
        As in `Match`.
    doubt : ndarray, shape (n, 2), px
        As in `Evidence`.
    bound : ndarray, shape (n, 2), px
    reference : int
        The image whose place is 0.
    """

    values: FloatArray
    influence: FloatArray
    doubt: FloatArray
    bound: FloatArray
    reference: int

    @property
    def matched(self) -> BoolArray:
        """True where an image was matched, shape (n,)."""
        matched: BoolArray = np.all(np.isfinite(self.values), axis=1)
        return matched


def match_neighbours(matcher: Matcher, images: Iterable[Image]) -> Trajectory:
    """Each image matched with those before it; the places that fit all pairs best. The best image is the reference."""
    bounds: list[FloatArray] = []
    pairs: list[tuple[int, int]] = []

    moving = _Illumination(matcher)

    def close() -> Iterator[tuple[Image, Image]]:
        kept: deque[Image] = deque(maxlen=max(_NEIGHBOURS))
        for number, image in enumerate(images):
            bounds.append(image.bound)
            moving.add(image)
            for lag in _NEIGHBOURS:
                if lag <= len(kept) and _is_bright(image) and _is_bright(kept[-lag]):
                    pairs.append((number - lag, number))
                    yield kept[-lag], image
            kept.append(image)

    matches = list(run_in_order(functools.partial(_match_pair, matcher), close(), current_execution()))
    bound = np.array(bounds)
    reference = int(np.argmin(bound.sum(axis=1)))
    measured = [
        Pair(first, second, moving.corrected(match, second - first))
        for (first, second), match in zip(pairs, matches, strict=True)
    ]
    fitted = fit_places(measured, reference, len(bound))
    if fitted is None:
        return _nothing_matched(matcher, bound, reference)
    values, doubt, influence = fitted
    return Trajectory(values, influence, doubt, bound, reference)


def match_with_frame(matcher: Matcher, images: Iterable[Image], chosen: Image, reference: int) -> Trajectory:
    """Each image matched with a chosen one."""
    bounds: list[FloatArray] = []
    moving = _Illumination(matcher)

    def pairs() -> Iterator[tuple[Image, Image]]:
        for image in images:
            bounds.append(image.bound)
            moving.add(image)
            yield chosen, image

    def match(pair: tuple[Image, Image]) -> Match | None:
        return _match_pair(matcher, pair) if _is_bright(pair[1]) else None

    matches = list(run_in_order(match, pairs(), current_execution()))
    distances = np.arange(len(bounds)) - reference
    return _gathered(_nothing_matched(matcher, np.array(bounds), reference), matches, moving, distances)


def match_with_mean(matcher: Matcher, images: Iterable[Image]) -> Trajectory:
    """Each image matched with the running mean: the last ones that have been placed, put in their place.

    Where more images have been missed than placed the mean is given up, and a bright image begins another one. Of the
    parts of the scan that one mean has followed, the longest is the result.
    """
    bounds: list[FloatArray] = []
    moving = _Illumination(matcher)
    parts: list[_Followed] = []
    for number, image in enumerate(images):
        bounds.append(image.bound)
        moving.add(image)
        if parts and _is_bright(image):
            parts[-1].follow(matcher, number, image)
        if (not parts or parts[-1].is_lost) and image.bound.max() < _BEGIN:
            parts.append(_Followed(number, image, matcher.n_tiles))
    trajectory = _nothing_matched(matcher, np.array(bounds), 0)
    if not parts:
        return trajectory
    longest = max(parts, key=lambda part: len(part.values))
    for number, value in longest.values.items():
        trajectory.doubt[number] = longest.response[number] @ moving.slope
        trajectory.values[number] = value + trajectory.doubt[number]
        trajectory.influence[number] = longest.influence[number]
    return replace(trajectory, reference=longest.first)


class _Followed:
    """A part of the scan that one running mean follows, from its first image on."""

    def __init__(self, first: int, image: Image, n_tiles: int) -> None:
        self.first = first
        self.values = {first: np.zeros(2)}
        self.influence = {first: np.zeros((n_tiles, 2))}
        self.response = {first: np.zeros((2, 2))}
        self._recent = deque([(first, image)], maxlen=_MEAN_OF)
        self._missed = 0

    @property
    def is_lost(self) -> bool:
        """True where more images have been missed than placed."""
        return self._missed > len(self.values)

    def follow(self, matcher: Matcher, number: int, image: Image) -> None:
        """Place an image against the mean, if it can be."""
        cross, weights = [], []
        for other, placed in self._recent:
            cross.append(_cross_spectra(placed, image, self.values[other]))
            weights.append(matcher.pair_weights(placed, image))
        match = matcher.match(cross, np.array(weights))
        if match.height <= CLEAR:
            self._missed += 1
            return
        # The mean has the errors of the images that it is made of.
        recent = [other for other, _ in self._recent]
        self.values[number] = match.value
        self.influence[number] = match.influence + np.mean([self.influence[other] for other in recent], axis=0)
        of_mean = np.mean([self.response[other] for other in recent], axis=0)
        self.response[number] = match.response * float(number - np.mean(recent)) + of_mean
        self._recent.append((number, image))


def _is_bright(image: Image) -> bool:
    return bool((image.bound < _DIM).all())


def _match_pair(matcher: Matcher, pair: tuple[Image, Image]) -> Match:
    return matcher.match([_cross_spectra(*pair)], matcher.pair_weights(*pair)[None])


def _cross_spectra(first: Image, second: Image, start: FloatArray | None = None) -> CrossSpectra:
    tiles = first.spectra.tiles.conj() * second.spectra.tiles
    blocks = first.spectra.blocks.conj() * second.spectra.blocks
    return CrossSpectra(1.0, tiles, blocks, np.zeros(2) if start is None else start)


def _nothing_matched(matcher: Matcher, bound: FloatArray, reference: int) -> Trajectory:
    n = len(bound)
    values = np.full((n, 2), np.nan)
    return Trajectory(values, np.zeros((n, matcher.n_tiles, 2)), np.zeros((n, 2)), bound, reference)


class _Illumination:
    """How the illuminated part moves from frame to frame, which pulls matches along."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._last: FrameSpectra | None = None
        self._blocks: ComplexArray | None = None

    def add(self, image: Image) -> None:
        """Take the next frame in."""
        if self._last is not None:
            product = self._last.blocks.conj() * image.spectra.blocks
            self._blocks = product if self._blocks is None else self._blocks + product
        self._last = image.spectra

    @functools.cached_property
    def slope(self) -> FloatArray:
        """Of the logarithm of its cross-correlation between a frame and the next, shape (2,), 1/px."""
        return np.zeros(2) if self._blocks is None else self._matcher.slope(self._blocks)

    def corrected(self, match: Match, distance: float) -> Match:
        """Match of two frames that are `distance` frames apart, what the illumination pulls taken off."""
        change = match.response @ (distance * self.slope)
        return replace(match, value=match.value + change, illumination=change)


def _gathered(
    trajectory: Trajectory, matches: list[Match | None], moving: _Illumination, distances: AnyArray
) -> Trajectory:
    """The trajectory with the matches that are clear, and the reference at 0."""
    for number, found in enumerate(matches):
        if found is not None and found.height > CLEAR:
            match = moving.corrected(found, float(distances[number]))
            trajectory.values[number] = match.value
            trajectory.influence[number], trajectory.doubt[number] = match.influence, match.illumination
    trajectory.values[trajectory.reference] = 0.0
    trajectory.influence[trajectory.reference] = trajectory.doubt[trajectory.reference] = 0.0
    return trajectory
