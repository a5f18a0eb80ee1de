"""Result images, filled stripe by stripe by several threads."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import numpy as np

from darfix_core.model.arrays import AnyArray


class StripedImages:
    """Result images, made when the first stripe tells their names and types.

    The threads fill them, each its own stripes, so that copying and the first touch of the memory are shared too.

    Parameters
    ----------
    n_rows : int
    """

    def __init__(self, n_rows: int) -> None:
        self._n_rows, self._lock, self.images = n_rows, threading.Lock(), dict[str, AnyArray]()

    def put(self, rows: slice, stripe: Mapping[str, AnyArray]) -> None:
        """Fill in the images of a stripe of rows."""
        with self._lock:
            for name, values in stripe.items():
                if name not in self.images:
                    self.images[name] = np.empty((self._n_rows, *values.shape[1:]), values.dtype)
        for name, values in stripe.items():
            self.images[name][rows] = values
