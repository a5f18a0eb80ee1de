"""What kind of file a file is, told by its first bytes."""

from __future__ import annotations

import os

_HDF5 = b"\x89HDF\r\n\x1a\n"
_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_NPY = b"\x93NUMPY"
_SIGNATURES = (
    (_HDF5, "an HDF5 file"),
    *((signature, "a TIFF image") for signature in _TIFF),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (_NPY, "a NumPy array"),
    (b"CDF\x01", "a NetCDF 3 file"),
    (b"SIMPLE  =", "a FITS file"),
    (b"###CBF", "a CBF image"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"version https://git-lfs", "a pointer of Git LFS, whose data have not been fetched"),
    (b"<?xml", "an XML file"),
    (b"%PDF", "a PDF document"),
)


def is_hdf5(path: str) -> bool:
    """True for HDF5 files, also behind a user block."""
    with open(path, "rb") as stream:
        offset = 0
        while True:
            stream.seek(offset)
            head = stream.read(len(_HDF5))
            if head == _HDF5:
                return True
            if len(head) < len(_HDF5):
                return False
            # The format allows its header at 0, 512, 1024, 2048 ...
            offset = 2 * offset or 512


def is_tiff(path: str) -> bool:
    """True for TIFF files, big ones (BigTIFF) among them."""
    return _begins_with(path, _TIFF)


def is_npy(path: str) -> bool:
    """True for arrays as `numpy.save` writes them."""
    return _begins_with(path, (_NPY,))


def _begins_with(path: str, signatures: tuple[bytes, ...]) -> bool:
    with open(path, "rb") as stream:
        return stream.read(8).startswith(signatures)


def is_edf(path: str) -> bool:
    """True for EDF files: a header in braces, also when compressed as a whole."""
    name = path.lower()
    if name.endswith((".edf.gz", ".edf.bz2")):
        return True
    with open(path, "rb") as stream:
        head = stream.read(1024).lstrip()
    return head.startswith(b"{") and b"=" in head and b";" in head


def describe_file(path: str) -> str:
    """What a file seems to be, in words that follow "this is"."""
    size = os.path.getsize(path)
    if size == 0:
        return "an empty file"
    with open(path, "rb") as stream:
        head = stream.read(512)
    for signature, words in _SIGNATURES:
        if head.startswith(signature):
            return words
    if is_edf(path):
        return "an EDF file"
    if is_hdf5(path):
        return "an HDF5 file"
    text = b"\x00" not in head and sum(byte < 9 or 13 < byte < 32 for byte in head) == 0
    return "a text file" if text else f"a file of unknown kind (it begins with {head[:8]!r})"
