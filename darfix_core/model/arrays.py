"""Small array types and checks shared by the model."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]
AnyArray: TypeAlias = NDArray[Any]

K = TypeVar("K")
V = TypeVar("V")


def readonly(array: AnyArray) -> AnyArray:
    """View of `array` that cannot be written through; the data are not copied."""
    view = array.view()
    view.flags.writeable = False
    return view


def frozen_mapping(mapping: Mapping[K, V]) -> Mapping[K, V]:
    """Read-only copy of a mapping."""
    return MappingProxyType(dict(mapping))


def per_frame_values(values: Mapping[str, Any], n_frames: int, what: str) -> Mapping[str, FloatArray]:
    """Read-only float64 copy of per-frame values, their length checked.

    Raises
    ------
    ValueError
        If an entry is not one value a frame.
    """
    result: dict[str, FloatArray] = {}
    for name, entry in values.items():
        array = np.array(entry, dtype=np.float64)
        if array.shape != (n_frames,):
            raise ValueError(
                f"{what}[{name!r}] must hold one value for each of the {n_frames} frames, got shape {array.shape}"
            )
        result[name] = readonly(array)
    return frozen_mapping(result)
