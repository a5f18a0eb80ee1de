"""The steps of the registry with data and parameters to try them on. A new step is in it without being named.

Of every step there are several cases: its defaults, each choice and each other setting alone, with and without its
optional inputs. What a step refuses is no case of it, but has to be refused in words: see test_parameters.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import darfix_core as dc
from darfix_core.engine.execution import current_execution, execution
from darfix_core.engine.registry import STEP_MODULES, Step, get_step
from darfix_core.engine.step_inputs import spread
from darfix_core.errors import DarfixError
from darfix_core.model.frame_sources import Region, Storage

ROOT = Path(__file__).parents[2]
STEPS = list(STEP_MODULES)
#: Steps from data to data; those that read or write files have tests of their own, and stand in test_parity.
PURE = [name for name in STEPS if not (get_step(name).input_path or get_step(name).output_path)]
GIVE_DATASETS = [name for name in PURE if dc.Dataset in get_step(name).outputs.values()]
GIVE_MAPS = [name for name in PURE if next(iter(get_step(name).outputs.values())) is dc.Maps]

#: Steps whose result has other frames than their input, and why.
OTHER_FRAMES: dict[str, str] = {
    "select_frames": "it is there to leave frames out",
    "partition": "it is there to part them",
    "projection": "it makes one of several",
    "concatenate": "it has those of all its inputs",
}
#: Steps whose result has other pixels than a part of those of their input, and why.
OTHER_PIXELS: dict[str, str] = {
    "binning": "it makes one of several",
}

#: Step -> values of parameters that have no default and name no file, such as a counter or motor of `scan`.
NEEDED: dict[str, dict[str, Any]] = {
    "find_shift": {"model": "frames"},
    "shift_correction": {"model": "given", "motor": "mu", "velocity": (1.0, -0.5)},
    "select_frames": {"ranges": {"mu": (-0.2, 0.2)}},
}
#: Step -> further values to try of parameters that are more than a choice or a number.
FURTHER: dict[str, list[dict[str, Any]]] = {
    "noise_removal": [
        {
            "operations": (
                {"type": "remove_hot_pixels", "kernel_size": 5},
                {"type": "gradient_threshold", "bottom": 40.0, "min_gradient": 20.0},
                *({"type": name, "enabled": False} for name in ("subtract_background", "apply_mask")),
                *({"type": name, "enabled": False} for name in ("subtract_dark", "divide_flat")),
            )
        },
        {
            "operations": (
                {"type": "subtract_dark"},
                {"type": "divide_flat", "enabled": False},
                {"type": "subtract_background", "source": "dataset", "method": "mean"},
                {"type": "apply_mask", "enabled": False},
            )
        },
    ],
    "projection": [{"motors": ("mu",)}, {"motors": ("mu", "chi"), "method": "max"}],
    "partition": [{"min_intensity": 100.0}],
    "find_shift": [{"model": model, "motor": "mu"} for model in ("linear", "dimension", "published")],
}
#: Step -> inputs that it needs unless a parameter names a file instead, and which one.
INSTEAD: dict[str, dict[str, str]] = {"apply_mask": {"mask": "file"}}
#: Steps that another widget serves, and which one.
SERVED_BY = {"moments": "grain_plot", "correct_shift": "shift_correction", "find_shift": "shift_correction"}
#: Step that writes files which are no HDF5 files -> their ending.
SUFFIX: dict[str, str] = {"save_shift": ".txt"}
#: What a step may answer to a value that it does not take; everything else is a mistake in it.
REFUSALS = (DarfixError, ValueError, TypeError, MemoryError)

# Values of many kinds: each parameter is tried with the first one that its type and limits allow.
_VALUES = (True, False, 2, 0.25, 40.0, (1, 2), (3, 4), "mu", "x")


class SlowSource:
    """Frames as from a file: read in blocks, counted, and as slowly as a disk if wanted.

    As sources do, it looks between frames whether the computation was cancelled.

    Parameters
    ----------
    array : ndarray, shape (n_frames, ny, nx)
    storage : Storage
        What is read together.
    seconds : float
        Time that a frame takes to read.
    """

    in_memory = False
    files = ()

    def __init__(self, array: np.ndarray, storage: Storage | None = None, seconds: float = 0.0) -> None:
        self.array, self.shape, self.dtype = array, array.shape, array.dtype
        self.storage = storage or Storage(frames=3)
        self.seconds, self.read_pixels = seconds, 0

    def read(self, region: Region) -> np.ndarray:
        block = self.array[region.frames, region.rows, region.columns]
        for frame in block:
            self.read_pixels += frame.size
            if self.seconds:
                current_execution().check_cancelled()
                time.sleep(self.seconds)
        return block


def as_from_file(value: Any, **of_source: Any) -> Any:
    """The same dataset with frames that are read from a `SlowSource`; other things as they are."""
    if not isinstance(value, dc.Dataset):
        return value
    return value.replace(frames=dc.Frames(SlowSource(np.asarray(value.frames), **of_source)))


def counts(n_chi: int = 5, n_mu: int = 7, ny: int = 12, nx: int = 16) -> np.ndarray:
    """Mesh of chi (slow) and mu (fast), uint16; the peak of a pixel moves along y in chi and along x in mu."""
    chi, mu = np.linspace(-0.2, 0.2, n_chi), np.linspace(-0.3, 0.3, n_mu)
    in_chi = np.exp(-((chi[:, None, None] - np.linspace(-0.1, 0.1, ny)[:, None]) ** 2) / (2 * 0.08**2))
    in_mu = np.exp(-((mu[:, None, None] - np.linspace(-0.15, 0.15, nx)[None, :]) ** 2) / (2 * 0.1**2))
    peaks = 500 * in_chi[:, None] * in_mu[None, :]
    return np.rint(peaks).astype(np.uint16).reshape(n_chi * n_mu, ny, nx)


def mesh_of(stack: np.ndarray, n_chi: int = 5, n_mu: int = 7, **further: Any) -> dc.Dataset:
    """Dataset of a mesh of chi and mu, its dimensions defined, with the current of the storage ring."""
    chi, mu = np.linspace(-0.2, 0.2, n_chi), np.linspace(-0.3, 0.3, n_mu)
    slow, fast = np.meshgrid(chi, mu, indexing="ij")
    dataset = dc.Dataset.from_array(stack, {"chi": slow, "mu": fast}, metadata={"title": "a mesh"})
    dimensions = (dc.Dimension("chi", chi, "deg"), dc.Dimension("mu", mu, "deg"))
    current = {"srcurrent": np.linspace(200.0, 190.0, n_chi * n_mu)}
    return dataset.replace(dimensions=dimensions, grid_index=np.arange(n_chi * n_mu), counters=current, **further)


@cache
def scan() -> dc.Dataset:
    """A mesh with all that a dataset can have."""
    stack = counts()
    mask = np.zeros(stack.shape[1:], dtype=bool)
    mask[4, 5] = mask[0, 0] = True
    rng = np.random.default_rng(20260101)
    return mesh_of(
        stack,
        mask=mask,
        dark=dc.Frames.from_array(rng.poisson(3, (4, *mask.shape)).astype(np.uint16)),
        noise=dc.NoiseModel(gain=2.0, offset=100.0, read_noise=1.5),
        metadata={"title": "a mesh <of chi & mu>", "motors": {"samz": 1.5}, "exposure_time": 0.5},
        pixel_size=(0.04, 0.05),
        origin=(30, 40),
        orientation=(1, -1),
    )


@cache
def maps() -> dc.Maps:
    """Maps of the scan."""
    return dc.moments(scan())


def shift_of(dataset: dc.Dataset) -> dc.Shift:
    """Shift of every frame, in an order that a motor does not tell; the last frame is not trusted."""
    walk = np.random.default_rng(3).uniform(-0.4, 0.4, (dataset.n_frames, 2))
    trusted = np.arange(dataset.n_frames) < max(1, dataset.n_frames - 1)
    return dc.Shift(walk, np.full(walk.shape, 0.01), trusted, positions=dataset.positions, units=dataset.units)


def mask_of(dataset: dc.Dataset) -> dc.Mask:
    """Mask of a corner, and of nothing in frames of one pixel."""
    values = np.zeros(dataset.frame_shape, dtype=bool)
    values[-1, 1:2] = True
    return dc.Mask(values, dataset.origin)


def quality_of(dataset: dc.Dataset) -> dc.ScanQuality:
    """Verdicts on a scan, one of each kind."""
    del dataset
    return dc.ScanQuality(
        (
            dc.QualityRow("pedestal", "bad", 0.9, "", "below 0.1", "It is high.", "Centres are wrong.", "roi"),
            dc.QualityRow("jitter", "not checked", None, "deg", "below 0.1", "No motor moves.", "None.", ""),
        )
    )


def quiet_moments(dataset: dc.Dataset) -> dc.Maps:
    """Maps of a dataset."""
    with execution(on_warning=lambda message: None):
        return dc.moments(dataset)


_MADE_FOR = {
    dc.Dataset: lambda dataset: dataset,
    dc.Maps: quiet_moments,
    dc.Shift: shift_of,
    dc.Mask: mask_of,
    dc.ScanQuality: quality_of,
}


def made_for(kind: type, dataset: dc.Dataset) -> Any:
    """What an input of that type takes, as it belongs to a dataset."""
    return _MADE_FOR[kind](dataset)


@cache
def example(kind: type) -> Any:
    """What is sent to an input of that type."""
    return maps() if kind is dc.Maps else made_for(kind, scan())


def selected(value: Any, chosen: Any) -> Any:
    """Some frames of what belongs to frames, in that order; other things as they are."""
    return value.select_frames(chosen) if isinstance(value, dc.Dataset | dc.Shift) else value


def inputs_of(step: Step, *, optional: bool = False) -> dict[str, Any]:
    """Inputs to try a step with, of several each by its numbered name; the optional ones are other data than the first.

    Those that only a file can stand for are always given: see `INSTEAD`.
    """
    given: dict[str, Any] = {}
    for name, entry in step.inputs.items():
        value = example(entry.kind)
        if entry.many:
            given |= spread({name: (value, other_data(value))})
        elif not entry.optional or name in INSTEAD.get(step.id, {}):
            given[name] = value
        elif optional:
            given[name] = other_data(value)
    return given


def other_data(value: Any) -> Any:
    """A dataset with other counts; other things as they are."""
    if not isinstance(value, dc.Dataset):
        return value
    return value.replace(frames=dc.Frames.from_array(np.asarray(value.frames) // 2))


def required_of(step: Step) -> dict[str, Any]:
    """Values of the parameters that have no default."""
    values = dict(NEEDED.get(step.id, {}))
    for entry in step.parameters.entries.values():
        if entry.required and entry.name in (step.input_path, step.output_path):
            values[entry.name] = "some/path.h5"
        elif entry.required and entry.name not in values:
            raise AssertionError(f"{step.id} needs {entry.name}: state a value for it in NEEDED of {__file__}")
    return values


def variants(step: Step) -> Iterator[dict[str, Any]]:
    """Parameters to try: the defaults, what is stated in `FURTHER`, then each parameter alone with other values."""
    required = required_of(step)
    yield required
    yield from (required | further for further in FURTHER.get(step.id, ()))
    for entry in step.parameters.entries.values():
        if entry.name in (step.input_path, step.output_path, *step.file_parameters):
            continue
        others = [
            value for value in entry.choices or _VALUES if not _same(value, required.get(entry.name, entry.default))
        ]
        allowed = [value for value in others if allows(step, required | {entry.name: value})]
        for value in allowed if entry.choices else allowed[:1]:
            yield required | {entry.name: value}


def _same(value: Any, default: Any) -> bool:
    return default is not inspect.Parameter.empty and value == default and (value is True) == (default is True)


def allows(step: Step, values: Mapping[str, Any]) -> bool:
    """Whether parameters are of the kinds, and within the limits, that a step states."""
    try:
        step.parameters.validate(values)
    except (TypeError, ValueError):
        return False
    return True


@dataclass(frozen=True, eq=False)
class Case:
    """A step with inputs and parameters that it takes, and what it gives on one thread."""

    step: Step
    inputs: Mapping[str, Any]
    parameters: Mapping[str, Any]
    result: Any = field(repr=False)

    @property
    def main(self) -> Any:
        """The main output."""
        return main(self.step, self.result)

    @property
    def datasets(self) -> list[dc.Dataset]:
        """The outputs that are datasets."""
        return [value for value in self.step.results(self.result).values() if isinstance(value, dc.Dataset)]

    def __str__(self) -> str:
        values = [f"{name}={value!r}" for name, value in self.parameters.items()]
        return f"{self.step.id}({', '.join([*self.inputs, *values])})"


def main(step: Step, result: Any) -> Any:
    """The main output of a step."""
    return next(iter(step.results(result).values()), None)


@cache
def tried(name: str) -> tuple[tuple[Case, ...], tuple[tuple[str, Exception], ...]]:
    """Cases of a step, and what it has refused."""
    step, accepted, refused = get_step(name), [], []
    more = inputs_of(step, optional=True).keys() != inputs_of(step).keys()
    for optional in (False, True) if more else (False,):
        inputs = inputs_of(step, optional=optional)
        for parameters in variants(step):
            case = Case(step, inputs, parameters, None)
            try:
                with execution(threads=1, on_warning=lambda message: None):
                    accepted.append(Case(step, inputs, parameters, step(**inputs, **parameters)))
            except REFUSALS as error:
                refused.append((str(case), error))
    return tuple(accepted), tuple(refused)


def cases(name: str) -> tuple[Case, ...]:
    """Cases of a step that neither reads nor writes files."""
    return tried(name)[0]


def arrays_of(result: Any) -> dict[str, np.ndarray]:
    """Every array of a result, or of each of several, by name."""
    if result is None:
        return {}
    if isinstance(result, tuple):
        return {f"{number}: {name}": a for number, value in enumerate(result) for name, a in arrays_of(value).items()}
    if isinstance(result, dc.Maps):
        return {name: np.asarray(result[name]) for name in result}
    if isinstance(result, dc.Mask):
        return {"mask": result.values}
    if isinstance(result, dc.Shift):
        arrays = {"values": result.values, "uncertainty": result.uncertainty, "trusted": result.trusted}
        return arrays | {f"positions of {name}": values for name, values in result.positions.items()}
    if isinstance(result, dc.ScanQuality):
        measured = {row.check: np.array(np.nan if row.value is None else row.value) for row in result.rows}
        return measured | {name: np.asarray(values) for name, values in result.arrays.items()}
    arrays = {"frames": result.frames[:]}
    arrays |= {f"positions of {name}": values for name, values in result.positions.items()}
    arrays |= {f"counter {name}": values for name, values in result.counters.items()}
    arrays |= {f"dimension {entry.name}": entry.values for entry in result.dimensions}
    parts = {"place in the grid": result.grid_index, "mask": result.mask}
    parts["dark"] = None if result.dark is None else result.dark[:]
    return arrays | {name: values for name, values in parts.items() if values is not None}


def assert_same(result: Any, expected: Any, what: Any, *, rtol: float = 0.0, atol: float = 0.0) -> None:
    """Equal arrays: bit for bit unless floats may differ by the tolerance."""
    found, wanted = arrays_of(result), arrays_of(expected)
    assert list(found) == list(wanted), what
    for part, array in wanted.items():
        message = f"{what}: {part}"
        assert found[part].dtype == array.dtype, message
        if array.dtype.kind == "f" and (rtol or atol):
            np.testing.assert_allclose(found[part], array, rtol=rtol, atol=atol, err_msg=message)
        else:
            np.testing.assert_array_equal(found[part], array, err_msg=message, strict=True)
