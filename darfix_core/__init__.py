"""darfix-core: analysis and simulation of dark-field X-ray microscopy.

Steps are functions of a :class:`Dataset`: see ``darfix_core.moments`` and the others. Names are loaded
when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from darfix_core.engine.execution import execution as execution
    from darfix_core.errors import Cancelled as Cancelled
    from darfix_core.errors import DarfixError as DarfixError
    from darfix_core.errors import DarfixWarning as DarfixWarning
    from darfix_core.io.maps import load_maps as load_maps
    from darfix_core.model.dataset import Dataset as Dataset
    from darfix_core.model.dimension import Dimension as Dimension
    from darfix_core.model.frames import Frames as Frames
    from darfix_core.model.history import History as History
    from darfix_core.model.maps import Map as Map
    from darfix_core.model.maps import Maps as Maps
    from darfix_core.model.mask import Mask as Mask
    from darfix_core.model.noise import NoiseModel as NoiseModel
    from darfix_core.model.scan_quality import QualityRow as QualityRow
    from darfix_core.model.scan_quality import ScanQuality as ScanQuality
    from darfix_core.model.shift import Shift as Shift
    from darfix_core.steps.apply_mask import apply_mask as apply_mask
    from darfix_core.steps.binning import binning as binning
    from darfix_core.steps.concatenate import concatenate as concatenate
    from darfix_core.steps.correct_shift import correct_shift as correct_shift
    from darfix_core.steps.data_copy import data_copy as data_copy
    from darfix_core.steps.define_dimensions import define_dimensions as define_dimensions
    from darfix_core.steps.divide_flat import divide_flat as divide_flat
    from darfix_core.steps.find_shift import find_shift as find_shift
    from darfix_core.steps.gradient_threshold import gradient_threshold as gradient_threshold
    from darfix_core.steps.grain_plot import grain_plot as grain_plot
    from darfix_core.steps.load import load as load
    from darfix_core.steps.load_dataset import load_dataset as load_dataset
    from darfix_core.steps.load_shift import load_shift as load_shift
    from darfix_core.steps.moments import moments as moments
    from darfix_core.steps.noise_removal import noise_removal as noise_removal
    from darfix_core.steps.normalise import normalise as normalise
    from darfix_core.steps.partition import partition as partition
    from darfix_core.steps.persist import persist as persist
    from darfix_core.steps.photon_transfer import photon_transfer as photon_transfer
    from darfix_core.steps.projection import projection as projection
    from darfix_core.steps.remove_hot_pixels import remove_hot_pixels as remove_hot_pixels
    from darfix_core.steps.roi import roi as roi
    from darfix_core.steps.save_dataset import save_dataset as save_dataset
    from darfix_core.steps.save_maps import save_maps as save_maps
    from darfix_core.steps.save_shift import save_shift as save_shift
    from darfix_core.steps.scan_quality import scan_quality as scan_quality
    from darfix_core.steps.select_frames import select_frames as select_frames
    from darfix_core.steps.shift_correction import shift_correction as shift_correction
    from darfix_core.steps.subtract_background import subtract_background as subtract_background
    from darfix_core.steps.subtract_dark import subtract_dark as subtract_dark
    from darfix_core.steps.threshold import threshold as threshold
    from darfix_core.steps.weak_beam import weak_beam as weak_beam
    from darfix_core.steps.z_sum import z_sum as z_sum

__version__ = "0.1.0"

_MODULES = {
    "execution": "engine.execution",
    "Cancelled": "errors",
    "DarfixError": "errors",
    "DarfixWarning": "errors",
    "load_maps": "io.maps",
    "Dataset": "model.dataset",
    "Dimension": "model.dimension",
    "Frames": "model.frames",
    "History": "model.history",
    "Map": "model.maps",
    "Maps": "model.maps",
    "Mask": "model.mask",
    "NoiseModel": "model.noise",
    "QualityRow": "model.scan_quality",
    "ScanQuality": "model.scan_quality",
    "Shift": "model.shift",
    "apply_mask": "steps.apply_mask",
    "binning": "steps.binning",
    "concatenate": "steps.concatenate",
    "correct_shift": "steps.correct_shift",
    "data_copy": "steps.data_copy",
    "define_dimensions": "steps.define_dimensions",
    "divide_flat": "steps.divide_flat",
    "find_shift": "steps.find_shift",
    "gradient_threshold": "steps.gradient_threshold",
    "grain_plot": "steps.grain_plot",
    "load": "steps.load",
    "load_dataset": "steps.load_dataset",
    "load_shift": "steps.load_shift",
    "moments": "steps.moments",
    "noise_removal": "steps.noise_removal",
    "normalise": "steps.normalise",
    "partition": "steps.partition",
    "persist": "steps.persist",
    "photon_transfer": "steps.photon_transfer",
    "projection": "steps.projection",
    "remove_hot_pixels": "steps.remove_hot_pixels",
    "roi": "steps.roi",
    "save_dataset": "steps.save_dataset",
    "save_maps": "steps.save_maps",
    "save_shift": "steps.save_shift",
    "scan_quality": "steps.scan_quality",
    "select_frames": "steps.select_frames",
    "shift_correction": "steps.shift_correction",
    "subtract_background": "steps.subtract_background",
    "subtract_dark": "steps.subtract_dark",
    "threshold": "steps.threshold",
    "weak_beam": "steps.weak_beam",
    "z_sum": "steps.z_sum",
}

__all__ = [*_MODULES, "__version__"]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
