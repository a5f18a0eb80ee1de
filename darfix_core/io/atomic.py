"""Output files that are whole or not there: written under a temporary name, then moved into place."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from darfix_core.engine.execution import current_execution
from darfix_core.errors import DataFileError, OutputExistsError
from darfix_core.io.temporary import remove_abandoned, temporary_name

Writer = Callable[[Path], None]


def check_output(path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Make sure that an output may be written, before the work starts.

    Parameters
    ----------
    path : path
        The file to be written.
    overwrite : bool
        True where an existing file may be replaced.

    Returns
    -------
    Path
        Absolute path.

    Raises
    ------
    OutputExistsError
        If the file exists and must not be replaced.
    DataFileError
        If the path is a folder.
    """
    target = Path(os.path.abspath(Path(path).expanduser()))
    if os.path.isdir(target):
        raise DataFileError("is a folder; give the name of a file in it", file=str(target))
    if not overwrite and os.path.lexists(target):
        raise OutputExistsError(
            "exists already; choose another name, or replace it with overwrite=True (--overwrite)", file=str(target)
        )
    return target


def write_whole(
    writers: Mapping[Path, Writer], *, overwrite: bool = False, outdated: Iterable[Path] = ()
) -> list[Path]:
    """Write several files: all of them, or none.

    Each file is written under a temporary name in its own folder, which is made if it is missing. When all are
    whole they are moved into place. After an error nothing new is left behind, and what stood there before still
    does.

    A process that is killed cannot tidy up. The outputs are whole or absent then too, and the first of them, which
    the others belong to, never stands beside others of another run. What is left are hidden files, which the next
    call removes.

    Parameters
    ----------
    writers : mapping
        Path of the output -> function that writes it to the path that it is given, which ends like the output.
        The first one is the main output.
    overwrite : bool
        True where existing files may be replaced.
    outdated : iterable of Path
        Files that an earlier run may have left beside the outputs, and that would no longer fit them: they are
        removed when the outputs are moved into place.

    Returns
    -------
    list of Path
        Absolute paths of the outputs, in the order of `writers`.

    Raises
    ------
    OutputExistsError
        If one of the files, the outdated ones included, exists and must not be replaced; nothing is written then.
    DataFileError
        If a file or its folder cannot be written.
    Cancelled
        If the computation was cancelled.
    """
    run = current_execution()
    targets = [check_output(path, overwrite=overwrite) for path in writers]
    leaving = [check_output(path, overwrite=overwrite) for path in outdated]
    parts = [temporary_name(target) for target in targets]
    made: list[Path] = []
    remove_abandoned(target.parent for target in targets)
    try:
        for number, (target, part, writer) in enumerate(zip(targets, parts, writers.values(), strict=True)):
            run.check_cancelled()
            run.report(number / len(targets), f"writing {target.name}")
            with _naming(target):
                made += _make_folder(target.parent)
                writer(part)
        run.check_cancelled()
        for target in (*targets, *leaving):
            check_output(target, overwrite=overwrite)
        _move_into_place(parts, targets, [path for path in leaving if os.path.lexists(path)])
    except BaseException:
        _remove(parts)
        _remove_folders(made)
        raise
    run.report(1.0, "written")
    return targets


def _move_into_place(parts: list[Path], targets: list[Path], leaving: list[Path]) -> None:
    """Put all files in their places, and remove those that leave; after a failure all is as it was.

    First what stands in the places of the other outputs goes, then the main output is exchanged, then the others
    come: whenever the process is killed, nothing stands beside the main output that does not belong to it.
    """
    going = [*leaving, *(target for target in targets[1:] if os.path.lexists(target))]
    hidden: dict[Path, Path] = {}
    placed: list[Path] = []
    try:
        for path in going:
            with _naming(path, "removed" if path in leaving else "written"):
                hidden[path] = temporary_name(path)
                os.replace(path, hidden[path])
        for part, target in zip(parts, targets, strict=True):
            with _naming(target):
                if target not in hidden and os.path.lexists(target):
                    hidden[target] = temporary_name(target)
                    _keep(target, hidden[target])
                os.replace(part, target)
            placed.append(target)
    except BaseException:
        for target in placed:
            if target not in hidden:
                target.unlink()
        for path, old in hidden.items():
            _bring_back(old, path)
        raise
    _remove(hidden.values())


def _bring_back(old: Path, target: Path) -> None:
    """Give a kept file its place again."""
    if os.path.lexists(old):
        os.replace(old, target)
        # Where both are names of one file still, renaming does nothing.
        old.unlink(missing_ok=True)


def _keep(target: Path, old: Path) -> None:
    """Second name for a file that is about to be replaced, so that there is no moment without it."""
    try:
        os.link(target, old)
    except OSError:  # file systems without hard links
        os.replace(target, old)


def _make_folder(folder: Path) -> list[Path]:
    """Make a folder and those above it; the ones that were missing, outermost first."""
    missing: list[Path] = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    missing.reverse()
    for number, entry in enumerate(missing):
        try:
            entry.mkdir(exist_ok=True)
        except BaseException:
            _remove_folders(missing[:number])
            raise
    return missing


def _remove_folders(folders: list[Path]) -> None:
    """Remove folders that were made, outermost first in the list, where they are empty."""
    for folder in reversed(folders):
        with contextlib.suppress(OSError):
            folder.rmdir()


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def _naming(target: Path, done: str = "written") -> Iterator[None]:
    """Errors of the operating system told with the name of the output instead of the temporary one."""
    try:
        yield
    except OSError as error:
        raise DataFileError(f"cannot be {done}: {error.strerror or error}", file=str(target)) from error
