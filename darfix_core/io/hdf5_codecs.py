"""Compressed chunks of HDF5 files, decoded outside of HDF5, which lets one thread at a time do it.

The decoders are those of hdf5plugin's libraries, the ones that HDF5 itself calls; see
docs/decisions/hdf5-reading.md.
"""

from __future__ import annotations

import ctypes
import functools
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import h5py
import numpy as np
from numpy.typing import NDArray

ByteArray: TypeAlias = NDArray[np.uint8]

#: Undoes one filter: ``stage(data, out, wanted)`` fills at least the bytes `wanted` of `out`.
Stage: TypeAlias = Callable[[ByteArray, ByteArray, slice], None]

_GZIP, _SHUFFLE, _BLOSC, _LZ4, _BITSHUFFLE, _ZSTD = 1, 2, 32001, 32004, 32008, 32015

# Bitshuffle works on groups of eight elements; what is left at the end is stored as it is.
_GROUP = 8
_read_length = struct.Struct(">I").unpack_from

_SIZE = ctypes.c_size_t
_POINTER = ctypes.c_void_p


@dataclass(frozen=True, eq=False)
class Pipeline:
    """The filters of a dataset, all of which can be undone here.

    Parameters
    ----------
    name : str
        Of the compression: ``"bitshuffle/lz4"``.
    stages : tuple of callable
        What undoes each filter, in the order in which a writer applies them.
    """

    name: str
    stages: tuple[Stage, ...]

    def decode(self, raw: bytes, mask: int, out: ByteArray, wanted: slice) -> None:
        """Decode a chunk.

        Parameters
        ----------
        raw : bytes
            The chunk as it is stored.
        mask : int
            A bit for each filter that was not applied to this chunk.
        out : ndarray of uint8
            Takes the whole chunk.
        wanted : slice
            Bytes of `out` that have to be filled; the others may be.

        Raises
        ------
        ValueError
            If the chunk is damaged.
        """
        applied = [stage for number, stage in enumerate(self.stages) if not mask >> number & 1]
        data: ByteArray = np.frombuffer(raw, np.uint8)
        for stage in applied[:0:-1]:
            between = np.empty_like(out)
            stage(data, between, slice(0, out.size))
            data = between
        (applied[0] if applied else _stored)(data, out, wanted)


def pipeline_of(dataset: h5py.Dataset) -> Pipeline | None:
    """The filters of a dataset; None where there are none, or HDF5 has to undo them.

    Parameters
    ----------
    dataset : h5py.Dataset
    """
    settings = dataset.id.get_create_plist()
    filters = [settings.get_filter(number) for number in range(settings.get_nfilters())]
    stages, names = [], []
    for code, _, options, _ in filters:
        name, stage = _stage(code, options)
        if stage is None:
            return None
        stages.append(stage)
        names.append(name)
    return Pipeline(names[-1], tuple(stages)) if stages and names[-1] != "shuffle" else None


def _stage(code: int, options: tuple[int, ...]) -> tuple[str, Stage | None]:
    """Name of a filter, and what undoes it."""
    if code == _GZIP:
        return "gzip", _inflate
    if code == _SHUFFLE and options:
        return "shuffle", functools.partial(_unshuffle, options[0])
    if code == _BITSHUFFLE and len(options) > 4:
        name = {2: "lz4", 3: "zstd"}.get(options[4], "")
        function = _function("bshuf", f"bshuf_decompress_{name}", ctypes.c_int64, _POINTER, _POINTER, *[_SIZE] * 3)
        return f"bitshuffle/{name}", function and functools.partial(_unbitshuffle, function, options[2])
    if code == _LZ4:
        function = _function("lz4", "LZ4_decompress_safe", ctypes.c_int, _POINTER, _POINTER, *[ctypes.c_int] * 2)
        return "lz4", function and functools.partial(_unlz4, function)
    if code == _ZSTD:
        function = _function("zstd", "ZSTD_decompress", _SIZE, _POINTER, _SIZE, _POINTER, _SIZE)
        return "zstd", function and functools.partial(_unzstd, function)
    if code == _BLOSC:
        function = _function("blosc", "blosc_decompress_ctx", ctypes.c_int, _POINTER, _POINTER, _SIZE, ctypes.c_int)
        return "blosc", function and functools.partial(_unblosc, function)
    return "", None


@functools.cache
def _function(library: str, name: str, result: Any, *arguments: Any) -> Any:
    """Function in the library of a filter; None where hdf5plugin has none, or one that does not export it."""
    import hdf5plugin

    file = hdf5plugin.get_config().registered_filters.get(library)
    if file is None:
        return None
    try:
        # Calls of a CDLL release the interpreter, so that several threads decode at a time.
        function = getattr(ctypes.CDLL(file), name)
    except (OSError, AttributeError):
        return None
    function.restype, function.argtypes = result, arguments
    return function


def _check(holds: bool, problem: str) -> None:
    if not holds:
        raise ValueError(problem)


def _stored(data: ByteArray, out: ByteArray, wanted: slice) -> None:
    """Nothing was applied."""
    _check(data.size == out.size, f"{data.size} bytes are stored where {out.size} are expected")
    out[wanted] = data[wanted]


def _inflate(data: ByteArray, out: ByteArray, wanted: slice) -> None:
    try:
        bytes_ = zlib.decompress(data.data, bufsize=out.size)
    except zlib.error as error:
        raise ValueError(f"gzip: {error}") from error
    _stored(np.frombuffer(bytes_, np.uint8), out, wanted)


def _unshuffle(element: int, data: ByteArray, out: ByteArray, wanted: slice) -> None:
    _check(data.size == out.size, f"{data.size} bytes are stored where {out.size} are expected")
    for number, plane in enumerate(data.reshape(element, -1)):
        out[number::element] = plane


def _unbitshuffle(function: Any, element: int, data: ByteArray, out: ByteArray, wanted: slice) -> None:
    """Of the blocks that a chunk is made of, those that hold what is wanted."""
    _check(data.size >= 12, "the header is cut off")
    total, block_bytes = struct.unpack_from(">QI", data.data)
    block = block_bytes // element
    _check(total == out.size and block >= _GROUP and block % _GROUP == 0, "the header is damaged")
    n_elements = total // element
    n_blocks = -(-(n_elements - n_elements % _GROUP) // block)
    first = max(0, min(wanted.start // block_bytes, n_blocks - 1))
    last = min(n_blocks, -(-wanted.stop // block_bytes))
    start = _skip_blocks(data, 12, first)
    end = _skip_blocks(data, start, last - first)
    # With the last block come the elements that fill no group.
    stop = n_elements if last == n_blocks else last * block
    rest = stop % _GROUP * element
    _check(end + rest <= data.size, "a block is cut off")
    begin = first * block
    read = function(_address(data, start), _address(out, begin * element), stop - begin, element, block)
    _check(read == end + rest - start, f"bitshuffle: error {read}")


def _skip_blocks(data: ByteArray, position: int, count: int) -> int:
    """Position behind so many blocks: the decoder itself does not look whether they lie in the chunk."""
    view = data.data
    try:
        for _ in range(count):
            position += 4 + _read_length(view, position)[0]
    except struct.error as error:
        raise ValueError("a block is cut off") from error
    _check(position <= data.size, "a block is cut off")
    return position


def _unlz4(function: Any, data: ByteArray, out: ByteArray, wanted: slice) -> None:
    _check(data.size >= 12, "the header is cut off")
    total, block = struct.unpack_from(">QI", data.data)
    _check(total == out.size and block > 0, "the header is damaged")
    position = 12
    for start in range(0, total, block):
        size = min(block, total - start)
        end = _skip_blocks(data, position, 1)
        begin, position = position + 4, end
        if end - begin == size:
            out[start : start + size] = data[begin:end]
        else:
            read = function(_address(data, begin), _address(out, start), end - begin, size)
            _check(read == size, f"LZ4: error {read}")


def _unzstd(function: Any, data: ByteArray, out: ByteArray, wanted: slice) -> None:
    size = function(_address(out), out.size, _address(data), data.size)
    _check(size == out.size, "Zstandard: the data are damaged")


def _unblosc(function: Any, data: ByteArray, out: ByteArray, wanted: slice) -> None:
    _check(data.size >= 16, "the header is cut off")
    total, _, stored = struct.unpack_from("<III", data.data, 4)
    _check(total == out.size and stored == data.size, "the header is damaged")
    size = function(_address(data), _address(out), out.size, 1)
    _check(size == out.size, f"Blosc: error {size}")


def _address(array: ByteArray, offset: int = 0) -> int:
    address: int = array.__array_interface__["data"][0]
    return address + offset
