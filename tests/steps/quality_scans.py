"""Scans of a bent grain as a detector records them, clean or with one thing wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, shift

import darfix_core as dc

KINDS = ("rocking", "mesh", "snake", "8 bit", "pedestal subtracted", "float")


def smooth(rng, shape, scale):
    """Random field of mean 0 and standard deviation 1, smooth over `scale` px."""
    field = gaussian_filter(rng.normal(size=shape), scale, mode="wrap")
    return (field - field.mean()) / field.std()


class Scan:
    """A simulated scan, step by step, so that faults can be put in between.

    Parameters
    ----------
    rng : numpy.random.Generator
    kind : str
        One of `KINDS`, or ``"pedestal"``: as recorded, nothing subtracted.
    size : int, px
        Edge of the frames.
    """

    def __init__(self, rng, kind="rocking", size=48):
        self.rng, self.kind, self.size = rng, kind, size
        mesh = kind.endswith(("mesh", "snake"))
        self.sizes = [int(rng.integers(17, 21)), int(rng.integers(21, 26))] if mesh else [int(rng.integers(45, 90))]
        self.sigma = [rng.uniform(2.4, 2.7), rng.uniform(2.4, 3.0)] if mesh else [rng.uniform(2.4, 6.0)]
        self.gain = 1.0 if kind in ("8 bit", "float") else rng.uniform(0.5, 3.0)
        self.peak = rng.uniform(40, 70) if kind == "8 bit" else rng.uniform(300, 5000)
        self.read_noise = 0.0 if kind == "8 bit" else rng.uniform(1.0, 6.0)
        self.pedestal = 100.0 if kind.startswith("pedestal") else 0.0
        labels = [entry.ravel() for entry in np.indices(self.sizes)]
        if kind.endswith("snake"):
            labels[1] = np.where(labels[0] % 2, self.sizes[1] - 1 - labels[1], labels[1])
        self.labels = labels
        self.names = ["chi", "mu"][-len(self.sizes) :]
        self.jitter = [rng.uniform(0, 0.04) * rng.normal(size=entry.size) for entry in labels]
        self.monitor = 200.0 * (1 + 0.01 * rng.normal(size=labels[0].size))
        shape = (size, size)
        # A grain of any outline, its lattice bent, its scattering power uneven on several scales.
        inside = smooth(rng, shape, size / 6) > rng.uniform(-0.8, 0.4)
        texture = np.exp(0.25 * smooth(rng, shape, 1.5) + 0.15 * smooth(rng, shape, 5.0))
        self.power = np.where(inside, np.minimum(texture, 2.2), 0.0)
        self.bend = [
            0.5 * np.clip(smooth(rng, shape, size / 5), -2.0, 2.0) * self.room(axis) for axis in range(len(labels))
        ]
        self.background = np.zeros(labels[0].size)

    def room(self, axis):
        """How far centres may lie from the middle of the scan, in steps."""
        return max(0.0, (self.sizes[axis] - 1) / 2 - 3.1 * self.sigma[axis])

    @property
    def n_frames(self):
        return self.labels[0].size

    def light(self):
        """Counts that the sample gives, shape (n_frames, ny, nx)."""
        exponent = 0.0
        for axis, label in enumerate(self.labels):
            position = label + self.jitter[axis] - (self.sizes[axis] - 1) / 2
            exponent = exponent + ((position[:, None, None] - self.bend[axis]) / self.sigma[axis]) ** 2
        return self.peak * self.power * np.exp(-exponent / 2)

    def counts(self, light):
        """What the detector makes of light, float."""
        expected = (light + self.background[:, None, None]) / self.gain
        counts = self.gain * self.rng.poisson(np.maximum(expected, 0.0)) + self.pedestal
        if self.read_noise:
            counts = counts + self.read_noise * self.rng.normal(size=counts.shape)
        return counts

    def dataset(self, counts, select=None, dimensions=True):
        """Dataset of counts, of some frames or in another order."""
        if self.kind == "8 bit":
            stack = np.clip(np.rint(counts), 0, 255).astype(np.uint8)
        elif self.pedestal:
            stack = np.clip(np.rint(counts), 0, 65535).astype(np.uint16)
        else:
            stack = counts.astype(np.float32)
        chosen = np.arange(self.n_frames) if select is None else np.asarray(select)
        step = 0.01
        positions = {
            name: (step * (label + jitter))[chosen]
            for name, label, jitter in zip(self.names, self.labels, self.jitter, strict=True)
        }
        dataset = dc.Dataset.from_array(stack[chosen], positions, metadata={"title": self.kind})
        dataset = dataset.replace(counters={"srcurrent": self.monitor[chosen]})
        values = [
            dc.Dimension(name, step * np.arange(size), "deg") for name, size in zip(self.names, self.sizes, strict=True)
        ]
        index = np.ravel_multi_index([entry[chosen] for entry in self.labels], self.sizes)
        dataset = dataset.replace(dimensions=tuple(values), grid_index=index)
        if self.kind == "pedestal subtracted":
            dataset = dc.subtract_background(dataset)
        return dataset if dimensions else dataset.replace(dimensions=(), grid_index=None)


def clean(rng, kind):
    """A scan that nothing is wrong with."""
    scan = Scan(rng, kind)
    return scan.dataset(scan.counts(scan.light()))


def with_pedestal(rng, kind):
    scan = Scan(rng, kind)
    scan.pedestal = 100.0
    return scan.dataset(scan.counts(scan.light()))


def with_too_much_subtracted(rng, kind):
    scan = Scan(rng, kind)
    return scan.dataset(scan.counts(scan.light()) - 0.3 * scan.peak * scan.power)


def with_wrong_noise_model(rng, kind):
    scan = Scan(rng, kind)
    dataset = scan.dataset(scan.counts(scan.light()))
    return dataset.replace(noise=dc.NoiseModel(gain=5 * scan.gain, offset=0.0, read_noise=scan.read_noise))


def with_saturation(rng, kind):
    scan = Scan(rng, kind)
    counts = scan.counts(scan.light())
    if kind == "8 bit":
        return scan.dataset(counts * (400 / counts.max()))
    return scan.dataset(np.minimum(counts, scan.pedestal + 0.6 * scan.peak))


def _some_pixels(scan, number=8):
    places = scan.rng.permutation(scan.size**2)[:number]
    return np.unravel_index(places, (scan.size, scan.size))


def with_hot_pixels(rng, kind):
    scan = Scan(rng, kind)
    counts = scan.counts(scan.light())
    y, x = _some_pixels(scan)
    counts[:, y, x] += 0.3 * scan.peak + 30 * scan.read_noise
    return scan.dataset(counts)


def with_dead_pixels(rng, kind):
    scan = Scan(rng, kind)
    counts = scan.counts(scan.light())
    inside = np.argwhere(gaussian_filter((scan.power > 0).astype(float), 2) > 0.9)
    y, x = rng.permutation(inside)[:8].T
    counts[:, y, x] = 0.0
    return scan.dataset(counts)


def with_invalid_counts(rng, kind):
    scan = Scan(rng, kind)
    counts = scan.counts(scan.light())
    y, x = _some_pixels(scan)
    counts[rng.integers(scan.n_frames), y, x] = np.nan
    return scan.dataset(counts)


def with_fading_beam(rng, kind):
    scan = Scan(rng, kind)
    scan.monitor = scan.monitor * np.linspace(1.0, 0.6, scan.n_frames)
    return scan.dataset(scan.counts(scan.light() * (scan.monitor / 200)[:, None, None]))


def with_drift(rng, kind):
    scan = Scan(rng, kind, size=72)
    way = rng.choice([-1, 1], 2) * (0.2, 0.12) * (60 / scan.n_frames if len(scan.sizes) > 1 else 1)
    middle = scan.n_frames / 2
    moved = [shift(frame, (k - middle) * way, order=1) for k, frame in enumerate(scan.light())]
    return scan.dataset(scan.counts(np.array(moved)))


def with_cut_curves(rng, kind):
    scan = Scan(rng, kind)
    scan.bend[-1] = scan.bend[-1] * 0.3 + (scan.sizes[-1] - 1) / 2 - 0.8 * scan.sigma[-1]
    return scan.dataset(scan.counts(scan.light()))


def with_few_points(rng, kind):
    scan = Scan(rng, kind)
    scan.sigma[-1] = 1.2
    return scan.dataset(scan.counts(scan.light()))


def with_skewed_curves(rng, kind):
    scan = Scan(rng, kind)
    scan.bend[-1] = scan.bend[-1] * 0.3 - 0.4 * scan.room(len(scan.sizes) - 1)
    scan.sigma[-1] = 2.4
    first = scan.light()
    scan.bend[-1] = scan.bend[-1] + 2.6 * scan.sigma[-1]
    return scan.dataset(scan.counts(first + 0.3 * scan.light()))


def with_background_that_follows(rng, kind):
    scan = Scan(rng, kind)
    light = scan.light()
    of_frames = light.mean(axis=(1, 2))
    scan.background = 0.08 * scan.peak * of_frames / of_frames.max()
    return scan.dataset(scan.counts(light))


def with_bright_frame(rng, kind):
    scan = Scan(rng, kind)
    scan.background[rng.integers(scan.n_frames)] = 0.05 * scan.peak + 3 * scan.read_noise
    return scan.dataset(scan.counts(scan.light()))


def with_missing_frames(rng, kind):
    scan = Scan(rng, kind)
    keep = np.delete(np.arange(scan.n_frames), rng.permutation(np.arange(1, scan.n_frames - 1))[:3])
    return scan.dataset(scan.counts(scan.light()), keep)


def with_repeated_frame(rng, kind):
    """A frame of the lit part of the scan is stored again instead of the next one."""
    scan = Scan(rng, kind)
    light = scan.light()
    counts = scan.counts(light)
    brightest = int(np.argmax(light.sum(axis=(1, 2))))
    counts[brightest + 1] = counts[brightest]
    return scan.dataset(counts)


def with_repeated_point(rng, kind):
    scan = Scan(rng, kind)
    twice = int(rng.integers(scan.n_frames))
    order = np.insert(np.arange(scan.n_frames), twice, twice)
    return scan.dataset(scan.counts(scan.light()), order)


def with_frames_out_of_order(rng, kind):
    scan = Scan(rng, kind)
    order = np.arange(scan.n_frames)
    i, j = rng.permutation(scan.n_frames)[:2]
    order[[i, j]] = order[[j, i]]
    return scan.dataset(scan.counts(scan.light()), order)


def with_jitter(rng, kind):
    scan = Scan(rng, kind)
    scan.jitter[-1] = 0.2 * rng.normal(size=scan.n_frames)
    return scan.dataset(scan.counts(scan.light()))


@dataclass(frozen=True)
class Fault:
    """A fault, the check that has to name it, and checks that it may spoil as well."""

    simulate: Callable[[np.random.Generator, str], dc.Dataset]
    check: str
    further: tuple[str, ...] = ()


FAULTS = {
    "pedestal": Fault(with_pedestal, "pedestal"),
    # The rim of the sample then lies far above the inside.
    "too much subtracted": Fault(with_too_much_subtracted, "pedestal", ("dead and hot pixels",)),
    "wrong noise model": Fault(with_wrong_noise_model, "gain and read noise"),
    "saturation": Fault(with_saturation, "saturation"),
    "hot pixels": Fault(with_hot_pixels, "dead and hot pixels"),
    "dead pixels": Fault(with_dead_pixels, "dead and hot pixels"),
    "counts that are no numbers": Fault(with_invalid_counts, "dead and hot pixels"),
    "fading beam": Fault(with_fading_beam, "beam intensity"),
    # Curves that wander over the pixels change their shape.
    "drift": Fault(with_drift, "drift", ("points per FWHM", "skewness")),
    "cut curves": Fault(with_cut_curves, "curves cut at the scan ends"),
    "few points": Fault(with_few_points, "points per FWHM"),
    "skewed curves": Fault(with_skewed_curves, "skewness"),
    "background that follows": Fault(with_background_that_follows, "background that follows the curve"),
    "bright frame": Fault(with_bright_frame, "single bright frames"),
    "missing frames": Fault(with_missing_frames, "missing frames"),
    "repeated frame": Fault(with_repeated_frame, "repeated frames"),
    "repeated point": Fault(with_repeated_point, "repeated frames"),
    "frames out of order": Fault(with_frames_out_of_order, "order of the frames"),
    "jitter": Fault(with_jitter, "positioner jitter"),
}


def faulty(rng, kind, fault):
    """A scan with one of `FAULTS`."""
    return FAULTS[fault].simulate(rng, kind)
