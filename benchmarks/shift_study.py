"""How good shifts are, on many simulated scans whose drift is known: ``python -m benchmarks.shift_study [scenes]``.

Every row is a kind of scene. Linear drifts: error, stated uncertainty, spread of the pulls (error by uncertainty) and
how many are trusted. Random walks: the same for the frames whose stated uncertainty is below 0.05 px.
"""

from __future__ import annotations

import sys
import warnings

import numpy as np

from darfix_core.errors import DarfixWarning
from darfix_core.steps.find_shift import find_shift
from tests.steps.shift_scenes import Scene, random_walk

FAST, SLOW, STILL = (-0.2, 0.12), (-0.05, -0.02), (0.0, 0.0)
LINEAR = {
    "drift (-0.2, 0.12)": (Scene(), FAST),
    "drift (-0.05, -0.02)": (Scene(), SLOW),
    "drift (-1.3, 0.7)": (Scene(), (-1.3, 0.7)),
    "fine texture, 1 px": (Scene(texture=1.0), FAST),
    "texture of 3 px": (Scene(texture=3.0), FAST),
    "no mosaicity": (Scene(mosaicity=0.0), FAST),
    "mosaicity of the width": (Scene(mosaicity=1.0), FAST),
    "signal to noise 5": (Scene(signal_to_noise=5.0), FAST),
    "pedestal of the amplitude": (Scene(pedestal=1000.0), FAST),
    "still": (Scene(), STILL),
    "still, bent 0.05": (Scene(bend=(0.05, 0.03)), STILL),
    "still, bent 0.1": (Scene(bend=(0.1, 0.05)), STILL),
    "still, bent 0.2": (Scene(bend=(0.2, -0.1)), STILL),
    "still, bent, mosaic": (Scene(bend=(0.1, 0.05), mosaicity=1.0), STILL),
    "still, bent, coarse": (Scene(bend=(0.1, 0.05), texture=4.0), STILL),
    "drift (-0.05, -0.02), bent": (Scene(bend=(0.1, 0.05)), SLOW),
}
WALKS = {
    "walk": Scene(),
    "walk, fine texture": Scene(texture=1.0),
    "walk, little mosaicity": Scene(mosaicity=0.2),
    "walk, texture of 3 px": Scene(texture=3.0, mosaicity=0.2),
}


def linear_row(scene: Scene, velocity: tuple[float, float], scenes: int) -> str:
    """Errors of linear drifts, px/frame."""
    values, stated, trusted = [], [], 0
    for seed in range(scenes):
        shift = find_shift(scene.drifting(velocity, seed))
        if shift.velocity is None:
            continue
        values.append(np.subtract(shift.velocity, velocity))
        stated.append(shift.uncertainty[-1] / (scene.n_frames - 1) * 2)
        trusted += shift.is_trusted
    if not values:
        return "nothing found"
    errors, uncertainty = np.array(values), np.array(stated)
    worst = np.abs(errors).max()
    pull = np.sqrt(np.mean((errors / uncertainty) ** 2))
    return (
        f"rms {np.sqrt(np.mean(errors**2)):.4f}  worst {worst:.4f}  stated {np.median(uncertainty):.4f}  "
        f"pulls {pull:.2f}  trusted {trusted}/{scenes}"
    )


def walk_row(scene: Scene, reference: str, scenes: int) -> str:
    """Errors of the frames of random walks, px."""
    errors, pulls, rms = [], [], []
    for seed in range(scenes):
        walk = random_walk(scene.n_frames, 0.3, np.random.default_rng(1000 + seed))
        shift = find_shift(scene.dataset(walk, seed), model="frames", reference=reference)
        zero = int(np.argmin(np.abs(shift.values).sum(axis=1) + (~shift.trusted) * 1e9))
        good = shift.trusted & (shift.uncertainty < 0.05).all(axis=1)
        good[zero] = False
        error = (shift.values - walk + walk[zero])[good]
        errors.append(error)
        pulls.append(error / shift.uncertainty[good])
        rms.append(np.sqrt(np.mean((error - error.mean(axis=0)) ** 2)))
    pull = np.sqrt(np.mean(np.concatenate(pulls) ** 2))
    overall = np.sqrt(np.mean(np.concatenate(errors) ** 2))
    return (
        f"rms {overall:.4f}  of a scan, at most {max(rms):.4f}  pulls {pull:.2f}  "
        f"{sum(map(len, errors)) / scenes:.0f} frames a scan"
    )


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore", DarfixWarning)
    scenes = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    for name, (scene, velocity) in LINEAR.items():
        print(f"{name:28s} {linear_row(scene, velocity, scenes)}", flush=True)
    for name, walking in WALKS.items():
        for reference in ("neighbour", "mean", "frame"):
            print(f"{name:28s} {reference:10s} {walk_row(walking, reference, scenes)}", flush=True)


if __name__ == "__main__":
    main()
