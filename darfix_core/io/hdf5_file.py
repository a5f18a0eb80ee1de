"""HDF5 files: opened without a lock, and links of every kind followed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any, TypeAlias

import h5py

from darfix_core.errors import DataFileError
from darfix_core.io.hdf5_partial import (
    IncompleteFileError,
    announced_size,
    is_cut_off,
    missing_part,
    open_partial,
)
from darfix_core.io.signature import describe_file, is_hdf5

Item: TypeAlias = "h5py.Group | h5py.Dataset"

#: What h5py raises for names and links that lead nowhere.
NOT_FOUND = (KeyError, OSError, RuntimeError)

# What h5py raises, and what follows from what it gives, where a file is damaged.
_DAMAGE = (OSError, RuntimeError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, MemoryError)

# Longer chains of links than HDF5 itself follows.
_MAX_LINKS = 16


def open_hdf5(path: str) -> h5py.File:
    """Open a file for reading, without a lock: a scan that is being recorded is not disturbed.

    Parameters
    ----------
    path : str

    Returns
    -------
    h5py.File
        To be closed by the caller. Of a file that is being copied, what is there can be read; see
        `darfix_core.io.hdf5_partial`.

    Raises
    ------
    DataFileError
        If the file is missing, is no HDF5 file (the message says what it is), or too little of it is there.
    """
    # HDF5 wants equal flags from all who have a file open in one process. Where a viewer or a notebook holds
    # the file with other flags, theirs are taken: a file that is open is not locked again.
    failure: OSError | None = None
    for flags in (
        {"locking": False},
        {"locking": None},
        {"locking": True},
        {"locking": "best-effort"},
        {"locking": False, "swmr": True},
        {"locking": None, "swmr": True},
    ):
        try:
            return h5py.File(path, "r", **flags)
        except OSError as error:
            failure = failure or error
            if not any(words in str(error) for words in ("flag", "already open for write")):
                break
    if "truncated" in str(failure):
        with naming_damage(path):
            partial = open_partial(path)
        if partial is not None:
            return partial
    raise DataFileError(_why_not_opened(path, failure), file=path) from failure


@contextlib.contextmanager
def naming_damage(file: str, path: str | None = None) -> Iterator[None]:
    """Errors that come from a damaged file, told as one that names the file.

    Parameters
    ----------
    file : str
    path : str, optional
        Path inside the file of what is read.

    Raises
    ------
    DataFileError
        If what happens inside fails, whatever h5py calls it.
    """
    try:
        yield
    except _DAMAGE as error:
        if os.path.isfile(file) and is_cut_off(file):
            raise missing_part(file) from error
        raise DataFileError(f"cannot be read, the file is damaged: {error}", file=file, path=path) from error


@contextlib.contextmanager
def read_hdf5(path: str) -> Iterator[h5py.File]:
    """File that is open inside the block; see `open_hdf5` and `naming_damage`."""
    with naming_damage(path), open_hdf5(path) as file:
        yield file


def _why_not_opened(path: str, error: OSError | None) -> str:
    if not os.path.exists(path):
        return "there is no such file"
    if os.path.isdir(path):
        return "this is a folder, not an HDF5 file"
    if not os.access(path, os.R_OK):
        return "no permission to read the file"
    text = str(error)
    if is_hdf5(path) and announced_size(path) is None:
        return f"the HDF5 file is cut off, or still being copied: {os.path.getsize(path)} bytes of its header are there"
    if "signature not found" in text:
        return f"not an HDF5 file, but {describe_file(path)}"
    return f"HDF5 cannot open the file: {text}"


def get_item(parent: h5py.Group, name: str) -> Item | None:
    """Group or dataset, through links of every kind.

    Parameters
    ----------
    parent : h5py.Group
    name : str
        Path below it, or an absolute path in the file.

    Returns
    -------
    h5py.Group, h5py.Dataset or None
        None where there is nothing of that name.

    Raises
    ------
    DataFileError
        If a link leads nowhere; the message names what is missing.
    """
    try:
        return parent[name]
    except NOT_FOUND:
        return _walk(parent, name, 0)


def _walk(parent: h5py.Group, name: str, depth: int) -> Item | None:
    """Follow a path part by part, to find where it breaks."""
    item: Item = parent.file if name.startswith("/") else parent
    for part in name.strip("/").split("/"):
        link = item.get(part, getlink=True) if isinstance(item, h5py.Group) else None
        if link is None:
            return None
        try:
            item = item[part]
        except NOT_FOUND as error:
            followed = _follow(item, link, depth)
            if followed is None:
                raise _broken_link(item, part, link, depth, error) from error
            item = followed
    return item


def _follow(parent: h5py.Group, link: Any, depth: int) -> Item | None:
    """Target of a link that HDF5 does not follow, as a file is still written or copied; None where there is none."""
    if depth > _MAX_LINKS:
        return None
    if isinstance(link, h5py.SoftLink):
        return _walk(parent, link.path, depth + 1)
    target = find_external(parent.file.filename, link.filename) if isinstance(link, h5py.ExternalLink) else None
    if target is None:
        return None
    try:
        return _walk(open_hdf5(target), link.path, depth + 1)
    except IncompleteFileError:
        raise
    except DataFileError:
        return None


def _broken_link(parent: h5py.Group, name: str, link: Any, depth: int, error: Exception) -> DataFileError:
    """What is missing at the end of a link that cannot be followed."""
    where = {"file": parent.file.filename, "path": f"{parent.name.rstrip('/')}/{name}"}
    if depth > _MAX_LINKS:
        return DataFileError("too many links, one after the other", **where)
    try:
        if isinstance(link, h5py.SoftLink):
            found = _walk(parent, link.path, depth + 1)
            missing = f"a link to {link.path}, which does not exist"
        elif isinstance(link, h5py.ExternalLink):
            target = find_external(parent.file.filename, link.filename)
            if target is None:
                return DataFileError(
                    f"the external file {expected(parent.file.filename, link.filename)} is missing", **where
                )
            with read_hdf5(target) as file:
                found = _walk(file, link.path, depth + 1)
            missing = f"the external file {target} has no {link.path}"
        else:
            return DataFileError(f"HDF5 cannot read this: {error}", **where)
    except DataFileError as cause:
        return cause if isinstance(link, h5py.SoftLink) else DataFileError(f"{cause}", **where)
    return DataFileError(missing if found is None else f"HDF5 cannot read this: {error}", **where)


def find_external(file: str, name: str) -> str | None:
    """Existing file that HDF5 takes for the `name` written in `file`, None where there is none."""
    folder = os.path.dirname(os.path.abspath(file))
    if name == ".":
        return file
    # An absolute name that is gone is looked for beside the file: the folder may have been moved.
    for candidate in (os.path.join(folder, name), os.path.join(folder, os.path.basename(name)), os.path.abspath(name)):
        if os.path.exists(candidate):
            return os.path.normpath(candidate)
    return None


def expected(file: str, name: str) -> str:
    """Where the file `name` that is written in `file` should be."""
    return os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(file)), name))


def resolve(file: h5py.File, path: str) -> tuple[str, str]:
    """File and path in which an object really lies, all links followed.

    Parameters
    ----------
    file : h5py.File
    path : str
        Absolute path of an object that exists.

    Returns
    -------
    (str, str)
        Path of the file, path inside it.
    """
    item: Item = file
    walked, parts = "", path.strip("/").split("/")
    for number, part in enumerate(parts):
        link, rest = item.get(part, getlink=True), "/".join(["", *parts[number + 1 :]])
        if isinstance(link, h5py.SoftLink):
            base = "" if link.path.startswith("/") else walked
            return resolve(item.file, f"{base}/{link.path.lstrip('/')}{rest}")
        if isinstance(link, h5py.ExternalLink):
            target = get_item(item, part)
            return resolve(item if target is None else target.file, f"/{link.path.strip('/')}{rest}")
        item, walked = item[part], f"{walked}/{part}"
    return os.path.abspath(item.file.filename), walked
