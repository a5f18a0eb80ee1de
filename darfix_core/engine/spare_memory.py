"""Memory of blocks that have been computed, used again for the next ones.

The system hands out memory page by page, and clears each page first. For blocks of hundreds of megabytes that costs
more than reading them from the system's cache does.
"""

from __future__ import annotations

import contextlib
import math
import threading
import weakref
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import numpy as np

from darfix_core.model.arrays import AnyArray

# Smaller blocks come from memory that the process keeps anyway.
_SMALLEST = 2**20


class SpareMemory:
    """Blocks that may be filled again. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: list[AnyArray] = []
        self._made: weakref.WeakValueDictionary[int, AnyArray] = weakref.WeakValueDictionary()

    def take(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> AnyArray:
        """Array with any content, in memory that was given back where that is large enough."""
        nbytes = math.prod(shape) * dtype.itemsize
        with self._lock:
            fitting = [number for number, memory in enumerate(self._free) if memory.nbytes >= nbytes]
            memory = self._free.pop(fitting[0]) if fitting else np.empty(nbytes, np.uint8)
            self._made[id(memory)] = memory
        return memory[:nbytes].view(dtype).reshape(shape)

    def give_back(self, array: AnyArray) -> None:
        """Take an array back, if it came from here. Nobody may use it any more."""
        memory = array
        while isinstance(memory.base, np.ndarray):
            memory = memory.base
        with self._lock:
            if self._made.pop(id(memory), None) is memory:
                self._free.append(memory)


_current: ContextVar[SpareMemory | None] = ContextVar("darfix_spare_memory", default=None)


@contextlib.contextmanager
def spare_memory() -> Iterator[SpareMemory]:
    """Let what is read inside the ``with`` block be given back, and its memory be used again."""
    memory = SpareMemory()
    token = _current.set(memory)
    try:
        yield memory
    finally:
        _current.reset(token)


def new_block(shape: tuple[int, ...], dtype: np.dtype[Any]) -> AnyArray:
    """Array for counts that are read, with any content.

    Parameters
    ----------
    shape : tuple of int
    dtype : numpy.dtype

    Returns
    -------
    ndarray
    """
    memory = _current.get()
    if memory is None or math.prod(shape) * dtype.itemsize < _SMALLEST:
        return np.empty(shape, dtype)
    return memory.take(shape, dtype)
