"""Formulas as drawings in the page: the usual renderer loads a program from the network, and not every browser knows
MathML.
"""

from __future__ import annotations

import html
from typing import Any

from docutils import nodes
from matplotlib import rc_context
from matplotlib.path import Path
from matplotlib.textpath import TextPath

_SIZE = 100.0
_LETTERS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C", Path.CLOSEPOLY: "Z"}


def drawing(tex: str) -> str:
    """Formula as SVG that takes size and colour from the text around it.

    Parameters
    ----------
    tex : str
        As matplotlib understands it.

    Returns
    -------
    str
    """
    with rc_context({"mathtext.fontset": "stix"}):
        outline = TextPath((0, 0), f"${' '.join(tex.split())}$", size=_SIZE)
    parts = []
    for points, code in outline.iter_segments(curves=True, simplify=False):
        ends = "" if code == Path.CLOSEPOLY else " ".join(f"{value:.1f}" for value in points)
        parts.append(_LETTERS[code] + ends)
    box = outline.get_extents()
    view = f"{box.x0:.1f} {-box.y1:.1f} {box.width:.1f} {box.height:.1f}"
    place = f"width:{box.width / _SIZE:.3f}em;height:{box.height / _SIZE:.3f}em;vertical-align:{box.y0 / _SIZE:.3f}em"
    return (
        f'<svg role="img" viewBox="{view}" style="{place}" fill="currentColor"><title>{html.escape(tex)}</title>'
        f'<path transform="scale(1,-1)" d="{"".join(parts)}"/></svg>'
    )


def _inline(self: Any, node: nodes.math) -> None:
    self.body.append(drawing(node.astext()))
    raise nodes.SkipNode


def _display(self: Any, node: nodes.math_block) -> None:
    self.body.append(f'<p style="text-align:center;font-size:1.1em">{drawing(node.astext())}</p>')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx."""
    app.add_html_math_renderer("formulas", (_inline, None), (_display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
