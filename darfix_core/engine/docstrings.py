"""What numpydoc docstrings say, for the faces of a step."""

from __future__ import annotations

import inspect
import re

_ENTRY = re.compile(r"^(?P<names>[\w, ]+?)\s*(:.*)?$")


def docstring_section(docstring: str, title: str) -> list[tuple[str, str]]:
    """Entries of a section of a numpydoc docstring.

    Parameters
    ----------
    docstring : str
    title : str
        ``"Returns"``, ``"Raises"`` ...

    Returns
    -------
    list of (str, str)
        What stands at the margin, and the text below it in one line.
    """
    lines = inspect.cleandoc(docstring).splitlines()
    if title not in lines:
        return []
    entries: list[tuple[str, str]] = []
    start = lines.index(title) + 2
    for number in range(start, len(lines)):
        line = lines[number]
        if number + 1 < len(lines) and lines[number + 1] and set(lines[number + 1]) == {"-"}:
            break
        if line and not line.startswith(" "):
            entries.append((line.strip(), ""))
        elif line.strip() and entries:
            name, text = entries[-1]
            entries[-1] = name, f"{text} {line.strip()}".strip()
    return entries


def parameter_descriptions(docstring: str) -> dict[str, str]:
    """Descriptions of the parameters of a numpydoc docstring, by name."""
    texts: dict[str, str] = {}
    for head, text in docstring_section(docstring, "Parameters"):
        match = _ENTRY.match(head)
        texts.update((name.strip(), text) for name in (match["names"].split(",") if match else ()))
    return texts


def first_paragraph(docstring: str) -> str:
    """The first paragraph of a docstring, in one line."""
    return " ".join(docstring.strip().split("\n\n")[0].split())
