"""Check the docstrings of everything public in darfix_core by numpydoc: ``python docs/check_docstrings.py``.

The checks are listed in pyproject.toml. A short docstring may do without sections, but a section that is there is
complete; and the functions of the package itself (``darfix_core.load`` ...) state all parameters and results.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpydoc.validate import validate

import darfix_core

_SETTINGS = Path(__file__).parents[1] / "pyproject.toml"
#: Check -> section without which it does not matter.
_IN_SECTION = {"PR01": "Parameters\n", "RT01": "Returns\n", "YD01": "Yields\n"}
#: What only the functions of the package itself must have: types and descriptions throughout.
_STRICT = {"PR04", "PR07", "RT03"}


def public_objects() -> Iterator[tuple[str, Any]]:
    """Qualified name and object: functions and classes, and the methods and properties of these."""
    for found in pkgutil.walk_packages(darfix_core.__path__, "darfix_core."):
        if found.name.rpartition(".")[2].startswith("_"):
            continue
        module = importlib.import_module(found.name)
        for name, entry in vars(module).items():
            if name.startswith("_") or getattr(entry, "__module__", None) != found.name:
                continue
            if inspect.isclass(entry):
                yield f"{found.name}.{name}", entry
                yield from _members(f"{found.name}.{name}", entry)
            elif inspect.isroutine(entry) or hasattr(entry, "py_func"):
                yield f"{found.name}.{name}", entry


def _members(prefix: str, cls: type) -> Iterator[tuple[str, Any]]:
    for name, entry in vars(cls).items():
        if not name.startswith("_") and isinstance(entry, property | classmethod | staticmethod | type(public_objects)):
            yield f"{prefix}.{name}", entry


def _missing_here(entry: Any, message: str) -> list[str]:
    """Parameters that a message names, without private fields of a dataclass and those that its base describes."""
    missing = [name for name in re.findall(r"'([\w*]+)'", message) if not name.startswith("_")]
    return [name for name in missing if not inspect.isclass(entry) or name in entry.__dict__.get("__annotations__", {})]


def problems() -> Iterator[str]:
    """One line for each problem, with the file and the line of the docstring."""
    checks = set(tomllib.loads(_SETTINGS.read_text(encoding="utf8"))["tool"]["numpydoc_validation"]["checks"])
    api = {id(inspect.unwrap(getattr(darfix_core, name))) for name in darfix_core.__all__ if name != "__version__"}
    for name, entry in public_objects():
        report = validate(name)
        text = report["docstring"] or ""
        strict = id(inspect.unwrap(entry)) in api and not inspect.isclass(entry)
        for code, message in report["errors"]:
            if code not in checks or (code in _STRICT and not strict):
                continue
            if code == "PR01" and not _missing_here(entry, message):
                continue
            if strict or _IN_SECTION.get(code, "") in text:
                yield f"{report['file']}:{report['file_line']}: {name}: {code} {message}"


def main() -> int:
    """Print the problems; the exit status is 1 where there are some."""
    found = list(problems())
    sys.stdout.write("".join(f"{line}\n" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
