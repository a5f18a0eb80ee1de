"""View of one map at a time, with the colour key of the orientations beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
from AnyQt.QtCore import Qt
from AnyQt.QtCore import pyqtSignal as Signal
from AnyQt.QtWidgets import QLabel, QSplitter, QVBoxLayout, QWidget
from silx.gui.colors import Colormap

from darfix_core.figures import style
from darfix_core.model.maps import Maps
from orangecontrib.dfxm.views.image_plot import ImagePlot, is_wide, make_colormap
from orangecontrib.dfxm.views.mosaicity_key import MosaicityKey

# Marks of the pixel: seen on every colour of the mosaicity map, and of the other colour maps.
_ON_COLORS, _ON_MAP = "#000000", "#ff00ff"


def colormap_of(name: str, values: Any) -> Colormap:
    """Colours and limits as in the figures of the map."""
    colors = style.color_map(name)(np.linspace(0, 1, 256))
    return make_colormap(colors, style.robust_limits(np.asarray(values), signed=style.is_signed(name)))


def note_of(values: Any, unit: str) -> str:
    """What stands in the picture of a map without two different values; empty for all others."""
    only = style.only_value(np.asarray(values))
    if only is not None:
        return style.only_value_text(only, unit)
    return "" if np.isfinite(values).any() else style.NO_VALUES


class MapView(QWidget):
    """One map with its colour bar, and the colour key where the maps have one. The axes count detector pixels.

    Signals
    -------
    pixel_clicked(int, int)
        Index along y and x, in the maps, of a pixel that the user wants to know more about.
    """

    pixel_clicked = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self.maps: Maps | None = None
        self.name = ""
        self._pixel: tuple[int, int] | None = None
        self.plot = ImagePlot()
        self.plot.setMinimumSize(320, 240)
        self.key = MosaicityKey()
        self._side = QSplitter(Qt.Vertical)
        self._side.setChildrenCollapsible(False)
        self._side.addWidget(self.key)
        self._side.setMinimumWidth(330)
        self._splitter = QSplitter(Qt.Horizontal)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(self.plot)
        self._splitter.addWidget(self._side)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setSizes([640, 340])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.caption = QLabel()
        self.caption.setWordWrap(True)
        layout.addWidget(self.caption)
        layout.addWidget(self._splitter, 1)
        self.key.hide()
        self.plot.sigPlotSignal.connect(self._plot_event)

    def add_beside(self, widget: QWidget) -> None:
        """Put something below the colour key."""
        self._side.addWidget(widget)

    def set_maps(self, maps: Maps | None) -> None:
        """Show other maps; the name that was shown is kept where it exists."""
        if maps is None or self.maps is None or (maps.shape, maps.origin) != (self.maps.shape, self.maps.origin):
            self._pixel = None
            self.plot.remove("pixel", kind="marker")
        self.maps = maps
        if maps is not None:
            self._arrange(maps.shape)
        self.show_map(self.name)

    def _arrange(self, shape: tuple[int, int]) -> None:
        """Put key and curve below wide maps, and to the right of all others."""
        wide = is_wide(shape)
        if wide == (self._splitter.orientation() == Qt.Vertical):
            return
        self._splitter.setOrientation(Qt.Vertical if wide else Qt.Horizontal)
        self._side.setOrientation(Qt.Horizontal if wide else Qt.Vertical)
        self._splitter.setSizes([470, 290] if wide else [640, 340])

    def show_map(self, name: str) -> None:
        """Show the map of that name, the first one where there is none."""
        maps = self.maps
        if maps is None:
            self.plot.clear_image()
            self.caption.setText("")
            self.key.hide()
            return
        self.name = name if name in maps else next(iter(maps))
        values = maps[self.name]
        label, unit = style.map_name(self.name), maps.unit(self.name)
        if values.ndim == 3:
            self.plot.show_image(values, origin=maps.origin)
        else:
            colormap = colormap_of(self.name, values)
            note = note_of(values, unit)
            self.plot.show_image(values, origin=maps.origin, colormap=colormap, label=label, unit=unit, note=note)
        self.caption.setText(style.sentence(maps.description(self.name) or style.map_label(maps, self.name)))
        description = maps.metadata.get("mosaicity") if "mosaicity" in maps else None
        appears = description is not None and self.key.isHidden()
        self.key.setVisible(description is not None)
        if appears:
            # Equal shares: the curve needs as much room as the key.
            self._side.setSizes([1000, 1000])
        if description is not None:
            self.key.set_colors(description)
        self._mark()

    def select_pixel(self, row: int, column: int) -> None:
        """Mark the pixel of these indices, in the map and in the key."""
        self._pixel = row, column
        self._mark()

    def _mark(self) -> None:
        if self._pixel is None or self.maps is None:
            self.key.mark(None)
            return
        row, column = self._pixel
        color = _ON_COLORS if self.maps[self.name].ndim == 3 else _ON_MAP
        y, x = self.maps.origin
        self.plot.addMarker(x + column, y + row, legend="pixel", color=color, symbol="+")
        self.key.mark(self.orientation(row, column))

    def orientation(self, row: int, column: int) -> tuple[float, float] | None:
        """Centres of mass of a pixel along the two motors of the key; None where there is none."""
        description = self.maps.metadata.get("mosaicity") if self.maps is not None else None
        if description is None:
            return None
        place = tuple(float(self.maps[f"{motor}/center_of_mass"][row, column]) for motor in description["motors"])
        return place if np.isfinite(place).all() else None

    def _plot_event(self, event: dict[str, Any]) -> None:
        if event["event"] != "mouseClicked" or event["button"] != "left":
            return
        found = self.plot.value_at(event["x"], event["y"])
        if found is not None:
            self.select_pixel(found[0], found[1])
            self.pixel_clicked.emit(found[0], found[1])
