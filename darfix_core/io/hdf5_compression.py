"""Names of the compressions that HDF5 datasets are stored with."""

from __future__ import annotations

import h5py

_FILTERS = {
    1: "gzip",
    4: "szip",
    307: "bzip2",
    32000: "lzf",
    32001: "blosc",
    32004: "lz4",
    32008: "bitshuffle",
    32013: "zfp",
    32015: "zstd",
    32026: "blosc2",
}
_BITSHUFFLE_OPTIONS = {2: "bitshuffle/lz4", 3: "bitshuffle/zstd"}
# Checksums, byte shuffling and the like, which do not compress.
_NO_COMPRESSION = {2, 3, 5, 6}


def compression(dataset: h5py.Dataset) -> str:
    """Name of the compression of a dataset, ``""`` for none."""
    settings = dataset.id.get_create_plist()
    for number in range(settings.get_nfilters()):
        code, _, options, name = settings.get_filter(number)
        if code in _NO_COMPRESSION:
            continue
        if code == 32008:
            return _BITSHUFFLE_OPTIONS.get(options[4] if len(options) > 4 else 0, "bitshuffle")
        return _FILTERS.get(code) or name.decode(errors="replace") or f"filter {code}"
    return ""
