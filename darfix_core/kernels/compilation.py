"""How kernels are compiled: without the interpreter's lock, once, and kept in the user's cache folder."""

from __future__ import annotations

import contextlib
import functools
import getpass
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba


@functools.cache
def cache_folder() -> Path:
    """Folder for compiled kernels: in the user's cache; where that cannot be written, among the temporary files.

    The installation itself may be read-only, and is not written to. ``NUMBA_CACHE_DIR`` goes before.
    """
    import platformdirs

    given = os.environ.get("NUMBA_CACHE_DIR")
    if given:
        return Path(given)
    for folder in (
        Path(platformdirs.user_cache_dir("darfix-core")) / "numba",
        Path(tempfile.gettempdir()) / f"darfix-core-{getpass.getuser()}" / "numba",
    ):
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if os.access(folder, os.W_OK | os.X_OK) and (os.name == "nt" or folder.stat().st_uid == os.getuid()):
                return folder
    return Path(tempfile.mkdtemp(prefix="darfix-core-numba-"))


@contextlib.contextmanager
def _own_cache() -> Iterator[None]:
    """Let numba keep what is decorated here in our folder, and leave its setting as it was for others."""
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(cache_folder())
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before


def kernel(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function when it is first called.

    Parameters
    ----------
    **options
        Further options of `numba.njit`: fastmath, error_model ...

    Returns
    -------
    callable
        Decorator.
    """

    def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
        with _own_cache():
            dispatcher: Callable[..., Any] = numba.njit(nogil=True, cache=True, **options)(function)
        return dispatcher

    return compiled
