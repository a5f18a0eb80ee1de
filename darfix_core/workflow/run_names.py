"""Names for the runs of a workflow over many files: short ones for people, and folders for the output."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path


def distinct_names(files: Sequence[str]) -> list[str]:
    """Names of files, of equal ones with as many of their folders as tell them apart."""
    parts = [Path(file).parts for file in files]
    names = [part[-1] if part else "" for part in parts]
    for depth in range(2, max(map(len, parts), default=0) + 1):
        counts = Counter(names)
        if max(counts.values()) == 1:
            break
        names = [
            os.path.join(*part[-depth:]) if counts[name] > 1 else name for part, name in zip(parts, names, strict=True)
        ]
    return names


def each_once(folders: Sequence[str]) -> list[str | None]:
    """Folders, with a number behind those that others have: scans may differ in what a folder cannot be named."""
    used: set[str] = set()
    found: list[str | None] = []
    for folder in folders:
        candidate, number = folder, 1
        while candidate.lower() in used:
            number += 1
            candidate = f"{folder}_{number}"
        used.add(candidate.lower())
        found.append(candidate)
    return found


def distinct_stems(files: Sequence[str]) -> list[str]:
    """Names of files without their endings; where some are equal, with the names of their folders before them."""
    parts = [(*Path(file).parts[1:-1], Path(file).stem) for file in files]
    for depth in range(1, max(map(len, parts)) + 1):
        names = [plain_name("_".join(part[-depth:])) for part in parts]
        if len({name.lower() for name in names}) == len(names):
            # Only those that need it get a longer name.
            short = [plain_name(part[-1]) for part in parts]
            lower = [name.lower() for name in short]
            chosen = [name if lower.count(name.lower()) == 1 else long for name, long in zip(short, names, strict=True)]
            return chosen if len({name.lower() for name in chosen}) == len(chosen) else names
    return [f"{plain_name(part[-1])}_{number}" for number, part in enumerate(parts, start=1)]


def plain_name(name: str) -> str:
    """Name of a folder, without what has a meaning in paths."""
    made = "".join("_" if letter in '/\\:*?"<>|' else letter for letter in name).strip()
    return made if made.strip(".") else "_"
