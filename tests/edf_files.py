"""EDF files written byte by byte, as SPEC writes them, for tests of the reader."""

from __future__ import annotations

from pathlib import Path

import numpy as np

_TYPES = {"u1": "UnsignedByte", "u2": "UnsignedShort", "i4": "SignedInteger", "u4": "UnsignedLong", "f4": "FloatValue"}


def edf_frame(counts: np.ndarray, *, block: int = 512, **entries: object) -> bytes:
    """One frame: header, filled up to whole blocks, and counts; an entry of None leaves that key out."""
    kind = counts.dtype.str
    keys: dict[str, object] = {
        "HeaderID": "EH:000001:000000:000000",
        "ByteOrder": "HighByteFirst" if kind[0] == ">" else "LowByteFirst",
        "DataType": _TYPES[kind[1:]],
        "Dim_1": counts.shape[1],
        "Dim_2": counts.shape[0],
        "Size": counts.nbytes,
    }
    keys.update(entries)
    lines = "".join(f"{key:<14} = {value} ;\n" for key, value in keys.items() if value is not None)
    length = len(lines) + 4
    return ("{\n" + lines + " " * (-length % block) + "}\n").encode() + counts.tobytes()


def mesh_entries(number: int, **motors: float) -> dict[str, object]:
    """Header entries of a frame of a scan, the motors among them."""
    return {
        "scan": "ascan  mu 0 1  10 0.5",
        "date": "Thu Jul 06 03:41:29 2017",
        "count_time": 0.5,
        "point_no": number,
        "scan_no": 86,
        "counter_mne": "sec srcur foc1",
        "counter_pos": f"0.5 {167 + number} -nan",
        "motor_mne": " ".join(motors),
        "motor_pos": " ".join(map(repr, motors.values())),
    }


def edf_series(folder: Path, n_frames: int = 11, shape: tuple[int, int] = (6, 9)) -> np.ndarray:
    """Files ``scan_0.edf`` to ``scan_10.edf``, one frame each; the counts."""
    stack = np.arange(n_frames * shape[0] * shape[1], dtype="<u2").reshape(n_frames, *shape)
    for number, counts in enumerate(stack):
        entries = mesh_entries(number, mu=number / 10, chi=1.5, obx=-3.0)
        (folder / f"scan_{number}.edf").write_bytes(edf_frame(counts, **entries))
    return stack
