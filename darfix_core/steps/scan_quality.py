"""Scan quality: what may spoil the maps of a scan, measured and judged."""

from __future__ import annotations

from typing import Annotated

from darfix_core.engine.cutting import BlockSizes
from darfix_core.engine.execution import part_of_progress
from darfix_core.engine.registry import step
from darfix_core.model.arrays import AnyArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.mask import Mask
from darfix_core.model.scan_quality import ScanQuality
from darfix_core.steps import quality_counts, quality_frames, quality_shapes
from darfix_core.steps.bad_pixels import dead_pixels, hot_pixels, saturated_pixels
from darfix_core.steps.photon_transfer import photon_transfer
from darfix_core.steps.quality_curves import SampledCurves
from darfix_core.steps.quality_drift import check_drift
from darfix_core.steps.quality_pass import observe
from darfix_core.units import Unit

# Share of the time that the estimate of the noise takes, for the progress bar.
_NOISE_SHARE = 0.2


@step(
    "scan_quality",
    version=1,
    title="Scan Quality",
    widget="orangecontrib.dfxm.widgets.owscanquality.OWScanQuality",
    outputs=("quality", "mask"),
)
def scan_quality(
    dataset: Dataset, *, saturation: Annotated[float | None, Unit("counts")] = None
) -> tuple[ScanQuality, Mask]:
    """What may spoil the maps of a scan: one verdict for each thing that is known to.

    Parameters
    ----------
    dataset : Dataset
        A scan, best as it was recorded and with its dimensions defined; without them, what needs the grid of the
        scan is not checked.
    saturation : float or None, counts
        Counts at which the detector is full. None: the end of an integer type, or the highest count, where many pixels
        share it.

    Returns
    -------
    quality : ScanQuality
        Verdicts, with the values and limits that they follow from, what they mean for the maps, and which step helps.
    mask : Mask
        Pixels that are dead, hot or saturated, hold counts that are no numbers, or were masked before.

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
    return compute_quality(dataset, saturation)


def compute_quality(
    dataset: Dataset, saturation: float | None = None, sizes: BlockSizes | None = None
) -> tuple[ScanQuality, Mask]:
    """Scan quality as in `scan_quality`, with the sizes of the blocks chosen.

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
    with part_of_progress(0.0, _NOISE_SHARE):
        transfer = photon_transfer(dataset)
    with part_of_progress(_NOISE_SHARE, 1.0):
        observed = observe(dataset, sizes)
    curves = SampledCurves.of(observed, observed.used)
    hot, dead = hot_pixels(observed, curves.full_strength), dead_pixels(observed) | observed.without_counts
    good = observed.used & ~(dead | hot)
    curves = SampledCurves.of(observed, good)
    saturated = saturated_pixels(observed, curves, good, saturation)
    good &= ~saturated
    whole = SampledCurves.of(observed, good)
    slices = quality_shapes.all_slices(whole)
    checks = (
        quality_counts.check_pedestal(observed, whole),
        quality_counts.check_noise(dataset, transfer),
        quality_counts.check_saturation(observed, curves, saturated),
        quality_counts.check_bad_pixels(observed, dead, hot),
        quality_frames.check_beam(observed),
        check_drift(observed, whole, good),
        quality_shapes.check_cut(whole, slices),
        quality_shapes.check_points(whole, slices),
        quality_shapes.check_skewness(whole, slices),
        quality_shapes.check_following(whole),
        quality_frames.check_bright_frames(whole),
        quality_frames.check_missing(dataset),
        quality_frames.check_repeated(whole),
        quality_frames.check_order(dataset),
        quality_frames.check_jitter(dataset),
    )
    pairs = [entry if isinstance(entry, tuple) else (entry, {}) for entry in checks]
    arrays: dict[str, AnyArray] = {name: values for _, found in pairs for name, values in found.items()}
    arrays |= {"pixels/dead": dead, "pixels/hot": hot, "pixels/saturated": saturated}
    arrays |= {f"positions/{entry.name}": entry.values for entry in dataset.dimensions}
    units = {f"positions/{entry.name}": entry.unit for entry in dataset.dimensions}
    quality = ScanQuality(tuple(row for row, _ in pairs), arrays, units, dataset.title)
    masked = dead | hot | saturated
    return quality, Mask(masked if dataset.mask is None else masked | dataset.mask, dataset.origin)
