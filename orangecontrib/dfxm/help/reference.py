"""Reference of a step, as Markdown, from the registry. Knows no Qt: the documentation is built with it, too."""

from __future__ import annotations

import re

from darfix_core.engine.docstrings import docstring_section
from darfix_core.engine.parameters import Parameter
from darfix_core.engine.registry import Step


def step_reference(step: Step) -> str:
    """Inputs, outputs, parameters, result and errors of a step.

    Parameters
    ----------
    step : Step

    Returns
    -------
    str
        Markdown with tables, beginning with a heading of the second level.
    """
    docstring = step.function.__doc__ or ""
    parts = ["## Reference", f"`darfix_core.{step.id}`, version {step.version}. {_markdown(step.summary)}"]
    signals = [
        *(
            ("input", f"`{i.name}`", i.takes if i.many else i.kind.__name__, "may be left out" if i.optional else "")
            for i in step.inputs.values()
        ),
        *(("output", f"`{name}`", kind.__name__, "") for name, kind in step.outputs.items()),
    ]
    if signals:
        parts.append(_table(("", "name", "type", ""), signals))
    if step.parameters.entries:
        rows = [_parameter_row(entry) for entry in step.parameters.entries.values()]
        parts.append(_table(("parameter", "allowed", "default", "meaning"), rows))
    returns = docstring_section(docstring, "Returns")
    if returns:
        parts += [f"**Result:** {_markdown(text)}" for _, text in returns if text]
    raises = docstring_section(docstring, "Raises")
    if raises:
        parts += ["**Errors**", "\n".join(f"- `{name}`: {_markdown(text)}" for name, text in raises)]
    return "\n\n".join(parts) + "\n"


def _parameter_row(entry: Parameter) -> tuple[str, ...]:
    unit = f", {entry.unit}" if entry.unit else ""
    default = "must be given" if entry.required else f"`{entry.default!r}`"
    return f"`{entry.name}`", entry.allowed + unit, default, _markdown(entry.description)


def _markdown(text: str) -> str:
    """Text of a docstring: what stands in it in single backticks is a name, as in Markdown."""
    return re.sub(r":\w+:`([^`]+)`", r"`\1`", text)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
