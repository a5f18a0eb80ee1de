"""Hidden names for files that are not whole yet, and the removal of those that a killed process has left behind."""

from __future__ import annotations

import contextlib
import functools
import os
import platform
import re
import time
import zlib
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

import psutil

_NAME = re.compile(r"\..*\.(?P<machine>[0-9a-f]{8})-(?P<process>\d+)-[0-9a-f]{8}(\.[^.]*)?", re.DOTALL)
# The rest of a name has 30 characters, and file systems take 255 bytes; four bytes make a letter at most.
_LONGEST_STEM = 48
# The processes of other machines cannot be looked up. No file is written to so seldom.
_ABANDONED = 7 * 24 * 3600.0


def temporary_name(target: Path) -> Path:
    """Hidden name in the same folder and with the same ending, which writers choose the format by.

    It tells which process of which machine made it, for `remove_abandoned`.
    """
    unique = f"{_machine()}-{os.getpid()}-{uuid4().hex[:8]}"
    return target.with_name(f".{target.stem[:_LONGEST_STEM]}.{unique}{target.suffix}")


def remove_abandoned(folders: Iterable[Path]) -> None:
    """Remove the hidden files whose process was killed before it could tidy up.

    What cannot be listed or removed stays: it is in nobody's way.

    Parameters
    ----------
    folders : iterable of Path
        Those that are about to be written to; they need not exist.
    """
    for folder in set(folders):
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if _is_abandoned(entry):
                    with contextlib.suppress(OSError):
                        os.unlink(entry.path)


def _is_abandoned(entry: os.DirEntry[str]) -> bool:
    match = _NAME.fullmatch(entry.name)
    if match is None or not entry.is_file(follow_symlinks=False):
        return False
    if match["machine"] == _machine():
        return not psutil.pid_exists(int(match["process"]))
    with contextlib.suppress(OSError):
        return time.time() - entry.stat(follow_symlinks=False).st_mtime > _ABANDONED
    return False


@functools.cache
def _machine() -> str:
    """Short name of where process numbers are unique: a machine, or a container on it."""
    namespace = ""
    with contextlib.suppress(OSError):
        namespace = os.readlink("/proc/self/ns/pid")
    return f"{zlib.crc32(f'{platform.node()} {namespace}'.encode(errors='surrogateescape')):08x}"
