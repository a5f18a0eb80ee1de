"""Help pages as HTML files in the user's cache."""

from __future__ import annotations

import html
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from darfix_core import __version__
from darfix_core.engine.registry import STEP_MODULES, Step, all_steps
from darfix_core.io.atomic import Writer, write_whole
from orangecontrib.dfxm.help.reference import step_reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

PAGES = "orangecontrib.dfxm.help_pages"

# Plain enough for the rich text of Qt, which knows no more than this.
_STYLE = """
body { font-family: sans-serif; margin: 1em; max-width: 60em; }
table { border-collapse: collapse; margin-top: 8px; margin-bottom: 12px; }
th, td { border: 1px solid #b0b0b0; padding: 4px 7px; text-align: left; vertical-align: top; }
th { background-color: #e8eef4; }
code, pre { font-family: monospace; background-color: #f2f2f2; }
pre { margin: 8px 16px; }
img { max-width: 100%; }
"""

_PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"/><title>{title}</title><style>{style}</style></head>
<body>
{body}
</body></html>
"""


def page_source(step: Step) -> str:
    """Text of the page of a step, as Markdown, with the reference.

    Parameters
    ----------
    step : Step

    Returns
    -------
    str
        A step that has no page in the user guide, such as one that somebody else has written, gets the reference.
    """
    page = files(PAGES) / f"{step.id}.md"
    text = page.read_text(encoding="utf8") if page.is_file() else f"# {step.title}"
    return f"{text.rstrip()}\n\n{step_reference(step)}"


def as_html(markdown: str, folder: Path) -> str:
    """A page of the user guide as HTML.

    Parameters
    ----------
    markdown : str
    folder : Path
        Where its pictures lie.

    Returns
    -------
    str
        Body of the page. Links to other steps lead to their pages; those to the rest of the documentation, which
        is not installed, are plain text.
    """
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "xhtmlOut": True}).enable("table")
    tokens = parser.parse(markdown)
    for token in tokens:
        if token.children:
            token.children = _local(token.children, folder)
        elif token.type == "fence":
            # The rich text of Qt would show the last end of line as an empty one.
            token.content = token.content.rstrip("\n")
    made: str = parser.renderer.render(tokens, parser.options, {})
    return made


def _local(tokens: Sequence[Token], folder: Path) -> list[Token]:
    """Tokens of a line whose links and pictures are found from the cache."""
    kept: list[Token] = []
    dropped = False
    for token in tokens:
        if token.type == "image":
            token.attrSet("src", (folder / str(token.attrGet("src"))).as_uri())
        elif token.type == "link_open":
            target, _, anchor = str(token.attrGet("href")).partition("#")
            dropped = not target.startswith(("http:", "https:")) and target.removesuffix(".md") not in STEP_MODULES
            if target.endswith(".md"):
                token.attrSet("href", target.removesuffix(".md") + ".html" + (f"#{anchor}" if anchor else ""))
        if not (dropped and token.type in ("link_open", "link_close")):
            kept.append(token)
        dropped = dropped and token.type != "link_close"
    return kept


def write_pages(target: Path | None = None) -> Path:
    """Write the pages of all steps, and an index that finds them by the name of the widget.

    Parameters
    ----------
    target : Path, optional
        Folder; default: one in the user's cache.

    Returns
    -------
    Path
        The index.

    Raises
    ------
    DataFileError
        If a page cannot be written.
    """
    target = target or platformdirs.user_cache_path("darfix-core") / "help" / __version__
    steps = list(all_steps())
    with as_file(files(PAGES)) as folder:
        pages = {f"{step.id}.html": _page(step.title, as_html(page_source(step), folder)) for step in steps}
    pages["index.html"] = _page("DFXM", _index(steps))
    write_whole({target / name: _writer(text) for name, text in pages.items()}, overwrite=True)
    return target / "index.html"


def _writer(text: str) -> Writer:
    def write(path: Path) -> None:
        path.write_text(text, encoding="utf8")

    return write


def _page(title: str, body: str) -> str:
    return _PAGE.format(title=html.escape(title), style=_STYLE, body=body)


def _index(steps: Sequence[Step]) -> str:
    # The canvas compares the text of a link with the name of the widget.
    entries = "\n".join(f'<li><a href="{step.id}.html">{html.escape(step.title)}</a></li>' for step in steps)
    return f'<h1>Steps of darfix-core</h1>\n<div id="widgets"><ul>\n{entries}\n</ul></div>'
