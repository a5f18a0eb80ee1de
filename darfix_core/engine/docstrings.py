"""What numpydoc docstrings say, for the faces of a step."""

from __future__ import annotations

import inspect
import re

_ENTRY = re.compile(r"^(?P<names>[\w, ]+?)\s*(:.*)?$")


def parameter_descriptions(docstring: str) -> dict[str, str]:
    """Descriptions of the parameters of a numpydoc docstring, by name."""
    lines = inspect.cleandoc(docstring).splitlines()
    try:
        start = lines.index("Parameters") + 2
    except ValueError:
        return {}
    texts: dict[str, str] = {}
    names: list[str] = []
    for number in range(start, len(lines)):
        line = lines[number]
        if number + 1 < len(lines) and set(lines[number + 1]) == {"-"}:
            break
        if line and not line.startswith(" "):
            match = _ENTRY.match(line)
            names = [name.strip() for name in match["names"].split(",")] if match else []
            texts.update(dict.fromkeys(names, ""))
        elif line.strip():
            for name in names:
                texts[name] = f"{texts[name]} {line.strip()}".strip()
    return texts


def first_paragraph(docstring: str) -> str:
    """The first paragraph of a docstring, in one line."""
    return " ".join(docstring.strip().split("\n\n")[0].split())
