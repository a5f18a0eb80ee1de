"""Loading what compiled kernels need."""

from __future__ import annotations

import importlib

from darfix_core.engine.execution import check_cancelled

# What numba imports before a kernel runs for the first time, in pieces of about equal length.
_PIECES = ("numba", "scipy.linalg", "numba.np.arraymath", "numba.np.npyimpl")


def load_compiler() -> None:
    """Import what kernels need before they run, and look between the pieces whether the computation was cancelled.

    A task of the pool that is the first to call a kernel would import all of it in one go, half a second and more in
    which nothing could stop it.

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
    for name in _PIECES:
        check_cancelled()
        importlib.import_module(name)
