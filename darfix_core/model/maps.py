"""Named images on the detector grid: what the analysis gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from darfix_core.errors import nearest
from darfix_core.model.arrays import AnyArray, FloatArray, frozen_mapping, readonly
from darfix_core.model.dimension import Dimension
from darfix_core.model.history import History


@dataclass(frozen=True, eq=False)
class Map:
    """One image, what it shows and in which unit.

    Parameters
    ----------
    values : array_like, shape (ny, nx) or (ny, nx, 3)
        NaN where there is nothing to show; the last axis of three holds red, green, blue in 0 to 1.
    unit : str
        Empty for pure numbers.
    description : str
        One phrase: what is measured.
    """

    values: AnyArray
    unit: str = ""
    description: str = ""

    def __post_init__(self) -> None:
        values = np.asarray(self.values)
        if values.ndim != 2 and not (values.ndim == 3 and values.shape[2] == 3):
            raise ValueError(f"a map must have the shape (ny, nx) or (ny, nx, 3), got {values.shape}")
        object.__setattr__(self, "values", readonly(values))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> AnyArray:
        if copy or (dtype is not None and self.values.dtype != dtype):
            return np.array(self.values, dtype=dtype)
        return self.values


@dataclass(frozen=True, eq=False)
class Maps(Mapping[str, AnyArray]):
    """Images on one detector grid: ``maps["mu/center_of_mass"]`` is the array of that map.

    Parameters
    ----------
    entries : mapping
        Name -> `Map`, in the order in which they are shown.
    dimensions : tuple of Dimension
        The scan that the maps were made from, slow to fast.
    pixel_size : (float, float), um, optional
        Size of a pixel in the object plane, along y and x.
    origin : (int, int), px
        Where the first pixel sits on the detector, (y, x).
    metadata : mapping
        Facts about the scan: title, sample, constant motors ...
    history : History
        How the maps were made.

    Raises
    ------
    ValueError
        If there is no map, or the maps differ in shape.
    """

    entries: Mapping[str, Map]
    dimensions: tuple[Dimension, ...] = ()
    pixel_size: tuple[float, float] | None = None
    origin: tuple[int, int] = (0, 0)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    history: History = field(default_factory=History)

    def __post_init__(self) -> None:
        shapes = {entry.values.shape[:2] for entry in self.entries.values()}
        if len(shapes) != 1:
            raise ValueError(f"maps must share one shape (ny, nx), got {sorted(shapes) or 'no map'}")
        object.__setattr__(self, "entries", frozen_mapping(self.entries))
        object.__setattr__(self, "metadata", frozen_mapping(self.metadata))
        object.__setattr__(self, "dimensions", tuple(self.dimensions))

    @property
    def shape(self) -> tuple[int, int]:
        """(ny, nx)."""
        ny, nx = next(iter(self.entries.values())).values.shape[:2]
        return ny, nx

    def entry(self, name: str) -> Map:
        """Map of that name, with its unit and description.

        Raises
        ------
        KeyError
            If there is none; the message holds the nearest names.
        """
        if name not in self.entries:
            raise KeyError(f"no map {name!r}{nearest(name, list(self.entries))}")
        return self.entries[name]

    def __getitem__(self, name: str) -> AnyArray:
        return self.entry(name).values

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def unit(self, name: str) -> str:
        """Unit of a map."""
        return self.entry(name).unit

    def description(self, name: str) -> str:
        """What a map shows."""
        return self.entry(name).description

    @property
    def axes_um(self) -> tuple[FloatArray, FloatArray] | None:
        """Positions of the rows and columns in the object plane, um; None while the pixel size is unknown."""
        if self.pixel_size is None:
            return None
        ny, nx = self.shape
        return np.arange(ny, dtype=np.float64) * self.pixel_size[0], np.arange(nx, dtype=np.float64) * self.pixel_size[
            1
        ]

    def to_xarray(self) -> Any:
        """The maps as an `xarray.Dataset`: variables of (y, x), in um where the pixel size is known, else in px.

        Raises
        ------
        ImportError
            If xarray is not installed.
        """
        import xarray

        ny, nx = self.shape
        axes, unit = (self.axes_um, "um") if self.axes_um else ((np.arange(ny), np.arange(nx)), "px")
        y, x = axes
        if unit == "px":
            y, x = y + self.origin[0], x + self.origin[1]
        variables = {
            name: (
                ("y", "x", "color")[: entry.values.ndim],
                entry.values,
                {"units": entry.unit, "long_name": entry.description},
            )
            for name, entry in self.entries.items()
        }
        coordinates = {"y": ("y", y, {"units": unit}), "x": ("x", x, {"units": unit})}
        return xarray.Dataset(variables, coordinates, attrs={"history": self.history.to_json()})

    def with_history(self, history: History) -> Maps:
        """The same maps with another history."""
        return replace(self, history=history)

    def __repr__(self) -> str:
        return f"Maps({self.shape[0]} x {self.shape[1]}: {', '.join(self.entries)})"
