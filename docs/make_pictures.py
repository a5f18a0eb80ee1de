"""Make the pictures of the documentation from the scan of ``darfix-core demo``.

    python docs/make_pictures.py              figures
    python docs/make_pictures.py --widgets    and the windows of the widgets: needs the canvas and Xvfb

They are kept in the repository, small, because the help pages of an installation show them.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from _pictures.figures import make_figures
from _pictures.windows import make_widget_pictures

from darfix_core.workflow.demo import write_demo_scan

DOCS = Path(__file__).parent


def main(arguments: list[str] | None = None) -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widgets", action="store_true", help="photograph the widgets too")
    parser.add_argument("--output", type=Path, default=DOCS, help="folder that stands for docs")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        scan_file = write_demo_scan(Path(folder) / "mosaicity.h5")
        make_figures(options.output, scan_file)
        if options.widgets:
            make_widget_pictures(options.output, scan_file)


if __name__ == "__main__":
    main()
