"""Small array types and checks shared by the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, TypeAlias, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

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


def lowest(dtype: np.dtype[Any]) -> float | int:
    """A value that no count of a type is below."""
    return -np.inf if dtype.kind == "f" else int(np.iinfo(dtype).min)


class FrozenDict(dict[K, V]):
    """Dictionary that cannot be changed; equal to, and combined with ``|`` into, an ordinary one. It can be pickled."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("this mapping cannot be changed; make a new one with dict(...) and replace(...)")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)


def frozen_mapping(mapping: Mapping[K, V]) -> Mapping[K, V]:
    """Read-only copy of a mapping and of the mappings in it."""
    frozen: dict[Any, Any] = {
        key: frozen_mapping(value) if isinstance(value, Mapping) else value for key, value in mapping.items()
    }
    return FrozenDict(frozen)


def sum_type(dtype: DTypeLike, number: int) -> np.dtype[Any]:
    """Type that holds the sum of so many counts.

    Parameters
    ----------
    dtype : dtype
        Of the counts.
    number : int
        Counts of a sum.

    Returns
    -------
    numpy.dtype
        For integers the narrowest of the same kind in which no sum wraps, float64 where there is none; floats stay.
    """
    given = np.dtype(dtype)
    if given.kind == "f":
        return given
    most = max(abs(int(np.iinfo(given).min)), int(np.iinfo(given).max)) * number
    for itemsize in (1, 2, 4, 8):
        wider = np.dtype(f"{given.kind}{itemsize}")
        if itemsize >= given.itemsize and most <= int(np.iinfo(wider).max) + (given.kind == "i"):
            return wider
    return np.dtype(np.float64)


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
