"""What the commands write: lines, tables and progress, plain where the output is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from darfix_core.workflow.graph import Node

PROGRAM = "darfix-core"


def say(text: str = "") -> None:
    """Write a line to the standard output."""
    sys.stdout.write(text + "\n")


def complain(kind: str, message: str) -> None:
    """Write ``darfix-core: kind: message`` to the standard error output."""
    sys.stdout.flush()
    sys.stderr.write(f"{PROGRAM}: {kind}: {message}\n")
    sys.stderr.flush()


def say_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, indent: int = 0) -> None:
    """Write an aligned table; columns whose name begins with ``>`` are aligned to the right.

    Parameters
    ----------
    columns : sequence of str
        Headings.
    rows : sequence of sequence of str
    indent : int
        Spaces before each line.
    """
    right = [name.startswith(">") for name in columns]
    names = [name.removeprefix(">") for name in columns]
    if sys.stdout.isatty():
        from rich import box
        from rich.console import Console
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
        for name, to_right in zip(names, right, strict=True):
            table.add_column(name, justify="right" if to_right else "left", overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row))
        Console().print(Padding(table, (0, 0, 0, indent)))
        return
    widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    for line in [names, *rows]:
        cells = [
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        ]
        say(" " * indent + "  ".join(cells).rstrip())


class RunLines:
    """Observer of a run: a line for each node on the standard error output, with a bar on a terminal.

    Use it as a context manager, so that the bar is taken away at the end.

    Parameters
    ----------
    prefix : str
        Begins the line of each node.
    """

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> RunLines:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[what]}"))
            self._bar = Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def started(self, node: Node, number: int, total: int) -> None:
        """Show the node."""
        line = f"{self._prefix}[{number}/{total}] {node.title}"
        if self._bar is None:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
            return
        if self._task is not None:
            self._bar.update(self._task, completed=1.0, what="")
        self._task = self._bar.add_task(line, total=1.0, what="")

    def progress(self, node: Node, fraction: float, what: str) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.update(self._task, completed=fraction, what=what)

    def warned(self, node: Node, message: str) -> None:
        """Show a warning."""
        text = f"{node.title}: {message}"
        if self._bar is None:
            complain("warning", text)
        else:
            self._print(f"{PROGRAM}: warning: {text}")

    def ended(self, node: Node, result: Any) -> None:
        """Show what a node has found, where that is something to read."""
        for text in filter(None, map(_in_words, node.step.results(result).values())):
            if self._bar is None:
                sys.stderr.write(f"{node.title}: {text}\n")
                sys.stderr.flush()
            else:
                self._print(f"{node.title}: {text}")

    def _print(self, text: str) -> None:
        """Write a line above the bar."""
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)


def _in_words(value: Any) -> str:
    """The verdict that a result holds; empty for data."""
    from darfix_core.model.scan_quality import ScanQuality
    from darfix_core.model.shift import Shift

    if isinstance(value, ScanQuality):
        return value.summary
    return value.verdict if isinstance(value, Shift) else ""
