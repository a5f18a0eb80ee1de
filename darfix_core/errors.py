"""The errors and warnings of darfix-core, each with what the user needs to act on it."""

from __future__ import annotations

from collections.abc import Sequence


class DarfixError(Exception):
    """Base of every error that darfix-core raises about data, files and workflows."""


class DarfixWarning(UserWarning):
    """Something in the data or the parameters that the user should know about the result."""


class Cancelled(DarfixError):  # noqa: N818  (what happened is no error of anybody)
    """The user, or the program on the user's behalf, stopped a running computation."""


class DataFileError(DarfixError):
    """A data file cannot be read as asked.

    Parameters
    ----------
    message : str
        What is wrong and, where possible, what to do.
    file : str, optional
        Path of the file.
    path : str, optional
        Path inside the file (HDF5) or number of the frame (EDF).
    """

    def __init__(self, message: str, *, file: str | None = None, path: str | None = None) -> None:
        self.message, self.file, self.path = message, file, path
        where = "" if file is None else f"{file}: " if path is None else f"{file}::{path}: "
        super().__init__(where + message)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_file_error, (type(self), self.message, self.file, self.path)


def _rebuild_file_error(kind: type[DataFileError], message: str, file: str | None, path: str | None) -> DataFileError:
    """Rebuild a file error from its parts, for pickling between processes."""
    return kind(message, file=file, path=path)


class OutputExistsError(DataFileError):
    """An output file exists already and overwriting was not asked for."""


class DimensionError(DarfixError):
    """The scan dimensions cannot be found, or do not fit the frames."""


class AmbiguousDimensionsError(DimensionError):
    """The positions allow several scan grids; the message lists them with their residuals."""


class WorkflowError(DarfixError):
    """A workflow file or one of its nodes is wrong; the message names the node."""


def nearest(name: str, known: Sequence[str]) -> str:
    """Closing words of a message about an unknown name: the known ones that it is a slip of, else all.

    A slip is a letter too many, too few, another one, or two exchanged, one for each four letters; or a name of which
    only the beginning is given. Names that have a word in common, ``"ROI Selection"`` and ``"Data Selection"``, are
    none.

    Parameters
    ----------
    name : str
        What was given.
    known : sequence of str
        What exists.

    Returns
    -------
    str
        For example ``"; did you mean 'chi'?"`` or ``"; there are: mu, chi"``.
    """
    text = name.lower()
    slips = {entry: _slips(text, entry.lower()) for entry in known}
    close = sorted((entry for entry in slips if slips[entry] <= max(1, len(text) // 4)), key=slips.__getitem__)
    if not close and len(text) > 1:
        close = [entry for entry in slips if entry.lower().startswith(text)]
    if 0 < len(close) <= _MOST_NEAR:
        return "; did you mean " + " or ".join(map(repr, close)) + "?"
    return "; there are: " + ", ".join(known) if known else "; there are none"


# More than these are no suggestion.
_MOST_NEAR = 3


def _slips(given: str, meant: str) -> int:
    """Letters that were added, left out, changed or exchanged with their neighbour (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(meant) + 1))
    for i, letter in enumerate(given, start=1):
        older, before, row = before, row, [i]
        for j, wanted in enumerate(meant, start=1):
            fewest = min(row[-1] + 1, before[j] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == meant[j - 2] and given[i - 2] == wanted:
                fewest = min(fewest, older[j - 2] + 1)
            row.append(fewest)
    return row[-1]
