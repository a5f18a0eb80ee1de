"""Widgets of the DFXM category."""

from orangecontrib.dfxm.widgets.icon import icon_path

NAME = "DFXM"
DESCRIPTION = "Dark-field X-ray microscopy: from a scan on disk to orientation maps."
BACKGROUND = "#bfd7ea"
ICON = icon_path("dfxm.svg")
PRIORITY = 1000
