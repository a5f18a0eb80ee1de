"""A scan: the frames, where the motors stood, and what is known about both."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from darfix_core.model.arrays import (
    AnyArray,
    BoolArray,
    FloatArray,
    IntArray,
    frozen_mapping,
    per_frame_values,
    readonly,
)
from darfix_core.model.dimension import Dimension
from darfix_core.model.frame_sources import SourceFile
from darfix_core.model.frames import Frames
from darfix_core.model.history import History
from darfix_core.model.noise import NoiseModel


@dataclass(frozen=True, eq=False)
class Dataset:
    """A measured or simulated scan. Frozen: every step gives a new one.

    Parameters
    ----------
    frames : Frames, shape (n_frames, ny, nx)
        The stack, in the order in which it was recorded.
    positions : mapping
        Motor -> read-back of every frame, shape (n_frames,), in the unit of `units`.
    units : mapping
        Motor -> unit; motors that are missing have no known unit.
    counters : mapping
        Counter -> value of every frame, shape (n_frames,).
    dimensions : tuple of Dimension
        Axes of the scan grid, slow to fast; empty until defined.
    grid_index : array_like of int, shape (n_frames,), optional
        Where each frame sits in the flattened (C order) scan grid. Needed with `dimensions`.
    mask : array_like of bool, shape (ny, nx), optional
        True where a pixel is not to be used.
    dark : Frames, optional
        Frames without light, on the same pixels.
    noise : NoiseModel, optional
        Noise of the detector.
    metadata : mapping
        Constant motors (``metadata["motors"]``), title, exposure, energy ...
    pixel_size : (float, float), um, optional
        Size of a pixel in the object plane, along y and x.
    origin : (int, int), px
        Where the first pixel of the frames sits on the detector, (y, x).
    orientation : (int, int)
        Signs of the image axes against the sample: (-1, -1) as the objective inverts both,
        (1, 1) for frames that have been turned back.
    history : History
        How the dataset was made. Only steps extend it: what is made in another way, by `replace` or `crop`,
        starts a new one.

    Raises
    ------
    ValueError
        If the parts do not fit each other; the message names the part.
    """

    frames: Frames
    positions: Mapping[str, FloatArray] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    counters: Mapping[str, FloatArray] = field(default_factory=dict)
    dimensions: tuple[Dimension, ...] = ()
    grid_index: IntArray | None = None
    mask: BoolArray | None = None
    dark: Frames | None = None
    noise: NoiseModel | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    pixel_size: tuple[float, float] | None = None
    origin: tuple[int, int] = (0, 0)
    orientation: tuple[int, int] = (-1, -1)
    history: History = field(default_factory=History)

    def __post_init__(self) -> None:
        n_frames, ny, nx = self.frames.shape
        change = object.__setattr__
        change(self, "positions", per_frame_values(self.positions, n_frames, "positions"))
        change(self, "counters", per_frame_values(self.counters, n_frames, "counters"))
        change(self, "units", frozen_mapping(self.units))
        change(self, "metadata", frozen_mapping(self.metadata))
        change(self, "dimensions", tuple(self.dimensions))
        if self.mask is not None:
            mask = np.array(self.mask, dtype=bool)
            if mask.shape != (ny, nx):
                raise ValueError(f"mask must have the shape of a frame, {(ny, nx)}, got {mask.shape}")
            change(self, "mask", readonly(mask))
        if self.dark is not None and self.dark.shape[1:] != (ny, nx):
            raise ValueError(f"dark frames must have the shape of a frame, {(ny, nx)}, got {self.dark.shape[1:]}")
        if self.noise is not None and self.noise.shape not in (None, (ny, nx)):
            raise ValueError(f"noise must have the shape of a frame, {(ny, nx)}, got {self.noise.shape}")
        self._check_grid(n_frames)
        if self.history.head is None:
            change(self, "history", History.of_array(self.frames.shape, str(self.frames.dtype)))

    def _check_grid(self, n_frames: int) -> None:
        if not self.dimensions:
            if self.grid_index is not None:
                raise ValueError("grid_index is given, but dimensions are not")
            return
        if self.grid_index is None:
            raise ValueError("dimensions are given, but grid_index is not")
        index = np.array(self.grid_index, dtype=np.int64)
        size = math.prod(dimension.size for dimension in self.dimensions)
        if index.shape != (n_frames,) or index.min() < 0 or index.max() >= size:
            raise ValueError(
                f"grid_index must hold for each of the {n_frames} frames a number in 0 to {size - 1}, got shape "
                f"{index.shape}" + (f" and values {index.min()} to {index.max()}" if index.size else "")
            )
        object.__setattr__(self, "grid_index", readonly(index))

    @classmethod
    def from_array(
        cls,
        array: AnyArray,
        positions: Mapping[str, Any] | None = None,
        *,
        unit: str | Mapping[str, str] = "deg",
        metadata: Mapping[str, Any] | None = None,
    ) -> Dataset:
        """Dataset of an array in memory, which is not copied and must not be changed afterwards.

        Parameters
        ----------
        array : ndarray, shape (n_frames, ny, nx) or (*scan, ny, nx)
            The counts. Scan axes are flattened.
        positions : mapping, optional
            Motor -> positions of all frames, of the shape of the scan axes.
        unit : str or mapping
            Unit of all motors, or motor -> unit.
        metadata : mapping, optional
            Facts about the scan.

        Returns
        -------
        Dataset
            Without dimensions: see `define_dimensions`.

        Raises
        ------
        ValueError
            If the array has fewer than three axes, or positions of another length.
        """
        array = np.asarray(array)
        if array.ndim < 3:
            raise ValueError(f"array must have the shape (n_frames, ny, nx) or (*scan, ny, nx), got {array.shape}")
        flat = {name: np.asarray(values, dtype=np.float64).reshape(-1) for name, values in (positions or {}).items()}
        units = dict.fromkeys(flat, unit) if isinstance(unit, str) else dict(unit)
        frames = Frames.from_array(array.reshape(-1, *array.shape[-2:]))
        return cls(frames, positions=flat, units=units, metadata=metadata or {})

    @property
    def n_frames(self) -> int:
        """Number of frames that were recorded."""
        return self.frames.shape[0]

    @property
    def scan_shape(self) -> tuple[int, ...]:
        """Shape of the scan grid, slow to fast; ``(n_frames,)`` until dimensions are defined."""
        return tuple(dimension.size for dimension in self.dimensions) or (self.n_frames,)

    @property
    def frame_shape(self) -> tuple[int, int]:
        """(ny, nx)."""
        return self.frames.shape[1:]

    @property
    def shape(self) -> tuple[int, ...]:
        """(*scan, ny, nx)."""
        return (*self.scan_shape, *self.frame_shape)

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The files behind the frames and the dark frames; empty for arrays."""
        dark = () if self.dark is None else self.dark.source.files
        return tuple(dict.fromkeys((*self.frames.source.files, *dark)))

    @property
    def title(self) -> str:
        """Title of the scan; empty when unknown."""
        return str(self.metadata.get("title", ""))

    def unit(self, motor: str) -> str:
        """Unit of a motor; empty when unknown."""
        return self.units.get(motor, "")

    @property
    def multiplicity(self) -> IntArray:
        """Number of frames at the grid point of each frame, shape (n_frames,); 1 without dimensions."""
        if self.grid_index is None:
            return np.ones(self.n_frames, dtype=np.int64)
        size = math.prod(self.scan_shape)
        return np.bincount(self.grid_index, minlength=size)[self.grid_index]

    @property
    def scan_index(self) -> tuple[IntArray, ...]:
        """Index of each frame along each of the dimensions, of shape (n_frames,); empty without dimensions."""
        return () if self.grid_index is None else np.unravel_index(self.grid_index, self.scan_shape)

    @property
    def missing(self) -> IntArray:
        """Flat indices of the grid points without a frame."""
        if self.grid_index is None:
            return np.empty(0, dtype=np.int64)
        return np.setdiff1d(np.arange(math.prod(self.scan_shape)), self.grid_index)

    def on_grid(self, values: Any) -> FloatArray:
        """Per-frame values on the scan grid.

        Parameters
        ----------
        values : array_like, shape (n_frames,)

        Returns
        -------
        ndarray, shape `scan_shape`
            NaN at missing points, the mean at points with several frames.

        Raises
        ------
        ValueError
            If there is not one value for each frame.
        """
        array: FloatArray = np.array(values, dtype=np.float64)
        if array.shape != (self.n_frames,):
            raise ValueError(f"values must hold one number for each of {self.n_frames} frames, got {array.shape}")
        if self.grid_index is None:
            return array
        size = math.prod(self.scan_shape)
        count = np.bincount(self.grid_index, minlength=size)
        total = np.bincount(self.grid_index, weights=array, minlength=size)
        with np.errstate(invalid="ignore"):
            mean: FloatArray = (total / count).reshape(self.scan_shape)
        return mean

    def curve(self, y: int, x: int) -> AnyArray:
        """Counts of one pixel in all frames, shape (n_frames,)."""
        return self.frames[:, y, x]

    def replace(self, **changes: Any) -> Dataset:
        """The same dataset with some parts changed; see `history`."""
        return replace(self, **({"history": History()} | changes))

    def to_xarray(self) -> Any:
        """The frames as an `xarray.DataArray` of (frame, y, x), with the positions of the motors as coordinates.

        Frames are computed when asked for if dask is installed, at once otherwise.

        Raises
        ------
        ImportError
            If xarray is not installed.
        """
        import importlib.util

        import xarray

        frames = self.frames.to_dask() if importlib.util.find_spec("dask") else np.asarray(self.frames)
        coordinates: dict[str, Any] = {
            motor: ("frame", values, {"units": self.unit(motor)}) for motor, values in self.positions.items()
        }
        coordinates["y"] = np.arange(self.frame_shape[0]) + self.origin[0]
        coordinates["x"] = np.arange(self.frame_shape[1]) + self.origin[1]
        return xarray.DataArray(frames, coordinates, ("frame", "y", "x"), "counts", {"title": self.title})

    def with_history(self, history: History) -> Dataset:
        """The same dataset with another history."""
        return replace(self, history=history)

    def map_frames(
        self, function: Callable[..., AnyArray], *, dtype: DTypeLike | None = None, halo: int = 0, **state: Any
    ) -> Dataset:
        """Function applied lazily to every frame; see `darfix_core.model.frame_operations.MapFrames`."""
        return self.replace(frames=self.frames.map(function, dtype=dtype, halo=halo, **state))

    def select_frames(self, indices: Any) -> Dataset:
        """Some of the frames, with their positions, counters and places in the scan grid."""
        chosen = np.asarray(indices)
        if chosen.dtype == bool:
            chosen = np.flatnonzero(chosen)
        return self.replace(
            frames=self.frames.select(chosen),
            positions={name: values[chosen] for name, values in self.positions.items()},
            counters={name: values[chosen] for name, values in self.counters.items()},
            grid_index=None if self.grid_index is None else self.grid_index[chosen],
        )

    def crop(self, origin: tuple[int, int], shape: tuple[int, int]) -> Dataset:
        """Rectangle of every frame, with mask, noise and dark frames; only that part is read."""
        (y, x), (height, width) = origin, shape
        return self.replace(
            frames=self.frames.crop(origin, shape),
            dark=None if self.dark is None else self.dark.crop(origin, shape),
            mask=None if self.mask is None else self.mask[y : y + height, x : x + width],
            noise=None if self.noise is None else self.noise.crop(origin, shape),
            origin=(self.origin[0] + y, self.origin[1] + x),
        )

    def __repr__(self) -> str:
        motors = ", ".join(str(dimension) for dimension in self.dimensions) or "dimensions not defined"
        return f"Dataset({self.n_frames} frames of {self.frame_shape[0]} x {self.frame_shape[1]}; {motors})"
