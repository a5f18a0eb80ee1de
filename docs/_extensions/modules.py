"""The modules of the core, layer by layer: what each is, and what it leans on."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import darfix_core

_ROOT = Path(darfix_core.__file__).parent
#: Layers from above to below, as the contract of import-linter in pyproject.toml has them.
LAYERS = ("commands", "workflow", "steps", "figures", "io", "engine", "kernels", "model")


def module_tables() -> str:
    """A table for each layer."""
    return "\n\n".join(f"### {layer}\n\n{_table(layer)}" for layer in LAYERS)


def _table(layer: str) -> str:
    lines = ["| module | what it is | leans on, in the layer |", "|---|---|---|"]
    for path in sorted((_ROOT / layer).glob("*.py")):
        if path.stem != "__init__":
            tree = ast.parse(path.read_text(encoding="utf8"))
            summary = (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " ").replace("|", "\\|")
            neighbours = ", ".join(f"`{name}`" for name in sorted(set(_neighbours(tree, layer)) - {path.stem}))
            lines.append(f"| `{path.stem}` | {summary} | {neighbours} |")
    return "\n".join(lines)


def _neighbours(tree: ast.Module, layer: str) -> Iterator[str]:
    """Modules of the same layer that a module imports, also where it does so late."""
    package = f"darfix_core.{layer}"
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == package:
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{package}."):
            yield str(node.module).removeprefix(f"{package}.")
