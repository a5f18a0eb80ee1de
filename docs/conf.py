"""Settings of Sphinx. ``make docs`` builds the pages, without network; warnings are errors."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

from darfix_core import __version__

project = "darfix-core"
author = "the darfix-core developers"
copyright = author
version = release = __version__

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "generated", "formulas"]
exclude_patterns = ["_build", "decisions/README.md"]
html_theme = "furo"
html_title = f"darfix-core {__version__}"
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {"top_of_page_buttons": []}

myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3

nitpicky = True
html_math_renderer = "formulas"

# The docstrings state types, shapes and units; hints in the signatures would say less with more words.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
