"""Help pages of the widgets: written to HTML on the user's machine, shown without network and without a browser.

The pages are the Markdown files of the user guide (``docs/steps``), installed as ``orangecontrib.dfxm.help_pages``;
the table of parameters comes from the registry, so that it is that of the installed steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

#: Where the links to the pages stand in the index, in the words of `xml.etree`.
_LINKS = ".//*[@id='widgets']//li/a"


class WidgetIndex:
    """What the entry point ``orange.canvas.help`` gives to the canvas: where the index of the pages lies.

    Iterating writes the pages, once a widget's help is asked for; importing costs nothing.
    """

    def __iter__(self) -> Iterator[tuple[str, str]]:
        from orangecontrib.dfxm.help.html import write_pages
        from orangecontrib.dfxm.help.window import open_pages_here

        index = write_pages()
        open_pages_here(index)
        yield _as_template(index), _LINKS


def _as_template(path: Path) -> str:
    """Path as the canvas takes it: braces would be names to fill in."""
    return str(path).replace("{", "{{").replace("}", "}}")


WIDGET_INDEX = WidgetIndex()
