"""How kernels are compiled: without the interpreter's lock, once, and kept in the user's cache folder."""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba


@functools.cache
def cache_folder() -> Path:
    """Folder for compiled kernels: in the user's cache; where that cannot be written, among the temporary files.

    The installation itself may be read-only, and is not written to. ``NUMBA_CACHE_DIR`` goes before. Compiled
    code is loaded and run, so a folder that others can write is not taken.
    """
    for candidate in (_given_folder, _user_folder, _temporary_folder):
        # A user without a home or a name, as containers have them, is one of the errors.
        with contextlib.suppress(OSError, RuntimeError, KeyError):
            folder = candidate()
            if folder is not None and _is_ours(folder):
                return folder
    return Path(tempfile.mkdtemp(prefix="darfix-core-numba-"))


def _given_folder() -> Path | None:
    given = os.environ.get("NUMBA_CACHE_DIR")
    if not given:
        return None
    Path(given).mkdir(parents=True, exist_ok=True)
    # What the user chose may be shared.
    return Path(given) if os.access(given, os.W_OK | os.X_OK) else None


def _user_folder() -> Path:
    import platformdirs

    folder = Path(platformdirs.user_cache_dir("darfix-core")) / "numba"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _temporary_folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"darfix-core-{os.getuid() if hasattr(os, 'getuid') else 'numba'}"
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def _is_ours(folder: Path) -> bool:
    """True where the user may write, and nobody else may."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    if str(folder) == os.environ.get("NUMBA_CACHE_DIR") or not hasattr(os, "getuid"):
        return True
    status = folder.lstat()
    return status.st_uid == os.getuid() and not status.st_mode & 0o022


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
