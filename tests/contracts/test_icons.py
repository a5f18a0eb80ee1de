"""Icons are one family: SVG, 48 x 48, two colours and one line width, readable at 24 pixels."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from orangecontrib.dfxm.widgets.icon import icon_path

from .cases import ROOT

ICONS = sorted((ROOT / "icons").glob("*.svg"))
COLORS = {"#1f3a5f", "#d9480f"}
#: Icon of no widget -> what it is for.
OTHERS = {"dfxm": "the category", "step": "the worked example of a step in the documentation"}


def painted(file, attribute):
    """Values of an attribute of the shapes in an icon."""
    return {element.get(attribute) for element in ElementTree.parse(file).getroot()} - {None}


@pytest.mark.parametrize("file", ICONS, ids=lambda file: file.stem)
def test_icon_is_of_the_family(file):
    root = ElementTree.parse(file).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert [root.get(key) for key in ("width", "height", "viewBox")] == ["48", "48", "0 0 48 48"]
    assert (root.get("stroke-width"), root.get("fill")) == ("3", "none")
    assert painted(file, "stroke-width") <= {"3"}
    assert painted(file, "stroke") == COLORS
    assert painted(file, "fill") <= COLORS
    # Shapes only: no pictures, texts, styles, or things from elsewhere.
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {"svg", "path"}
    assert not re.search(r"href|style|url\(|class=", file.read_text(encoding="utf8"))


@pytest.mark.parametrize("file", ICONS, ids=lambda file: file.stem)
def test_icon_is_readable_at_24_pixels(qapp, file):
    from AnyQt.QtGui import QIcon, QImage

    image = QIcon(str(file)).pixmap(24, 24).toImage().convertToFormat(QImage.Format_RGBA8888)
    assert (image.width(), image.height()) == (24, 24)
    data = image.constBits().asstring(image.sizeInBytes())
    pixels = np.frombuffer(data, np.uint8).reshape(24, 24, 4).astype(int)
    covered = (pixels[..., 3] > 100).mean()
    assert 0.1 < covered < 0.75, f"{covered:.0%} of the icon are covered"
    for color in COLORS:
        wanted = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
        near = (np.abs(pixels[..., :3] - wanted).max(axis=-1) < 60) & (pixels[..., 3] > 100)
        assert near.sum() >= 10, f"{color} is hardly seen"


def test_icons_are_those_of_the_widgets(qapp):
    from .widgets import categories, descriptions

    used = {Path(description.icon).stem for description in descriptions()}
    assert Path(categories()[0].icon).stem in OTHERS
    assert {file.stem for file in ICONS} == used | set(OTHERS)
    assert not used & set(OTHERS)


def test_icons_differ():
    assert len({file.read_bytes() for file in ICONS}) == len(ICONS)


def test_paths_are_absolute():
    # In an editable installation the icons do not lie beside the widgets.
    assert Path(icon_path("dfxm.svg")).is_absolute()
