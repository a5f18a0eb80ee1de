"""Dimension Definition."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from AnyQt.QtCore import Qt
from AnyQt.QtWidgets import QButtonGroup, QLabel, QRadioButton, QSplitter, QWidget
from orangewidget import gui

from darfix_core.model.dataset import Dataset
from darfix_core.model.dimension import Dimension
from orangecontrib.dfxm.views.dimension_table import DimensionTable
from orangecontrib.dfxm.views.positions_plot import PositionsPlot
from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.step_widget import StepWidget

_GOOD, _BAD, _QUIET = "#1b7f3b", "#b3261e", "#606060"


def largest_deviation(dataset: Dataset, dimension: Dimension, axis: int) -> float | None:
    """Largest distance of the read-backs of a dimension from its positions, in steps; None where unknown."""
    if dimension.name not in dataset.positions or dimension.size < 2 or not dimension.step:
        return None
    index = np.unravel_index(dataset.grid_index, dataset.scan_shape)[axis]
    distance = np.abs(dataset.positions[dimension.name] - dimension.values[index])
    return float(np.nanmax(distance) / np.abs(np.diff(dimension.values)).min())


def verdict_of(dataset: Dataset) -> str:
    """Grid, points, frames, and what is missing or doubled."""
    shape, n_points = dataset.scan_shape, math.prod(dataset.scan_shape)
    points = f"{' x '.join(map(str, shape))} = {n_points} points" if len(shape) > 1 else f"{n_points} points"
    n_missing = int(dataset.missing.size)
    n_doubled = dataset.n_frames - (n_points - n_missing)
    facts = [f"{n_missing} points without a frame"] if n_missing else []
    facts += [f"{n_doubled} frames at points that have one already"] if n_doubled else []
    return ", ".join([points, f"{dataset.n_frames} frames", *(facts or ["complete"])])


class OWDimensions(StepWidget):
    """Find the motors that were scanned and their positions, or state them."""

    step_id = "define_dimensions"
    icon = icon_path("dimensions.svg")
    keywords = "dimensions, motors, scan, grid, mesh, positions, steps"
    own_parameters = ("dimensions",)
    window_size = (1000, 640)

    def build_controls(self) -> None:
        """Found or by hand, then the form."""
        box = gui.vBox(self.controlArea, "Dimensions")
        self.found_button = QRadioButton("Found from the positions")
        self.hand_button = QRadioButton("By hand")
        group = QButtonGroup(self)
        for button in (self.found_button, self.hand_button):
            group.addButton(button)
            box.layout().addWidget(button)
            button.clicked.connect(self._mode_chosen)
        super().build_controls()

    def build_view(self) -> None:
        """Verdict, table, positions."""
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.verdict.setTextInteractionFlags(Qt.TextSelectableByMouse)
        self.table = DimensionTable()
        self.table.edited.connect(self._table_edited)
        self.plot = PositionsPlot()
        splitter = QSplitter(Qt.Vertical)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.table)
        splitter.addWidget(self.plot)
        splitter.setSizes([200, 380])
        self.mainArea.layout().addWidget(self.verdict)
        self.mainArea.layout().addWidget(splitter, 1)
        if self.dimensions is not None:
            self.table.set_rows(self._given_rows())
        self._show_mode()

    def picture(self) -> QWidget:
        """Positions on the grid."""
        return self.plot

    def show_inputs(self) -> None:
        """The motors of the scan, for the table."""
        dataset = self.received["dataset"]
        self.table.motors.motors = [] if dataset is None else list(dataset.positions)
        self._say("" if dataset is None else "Looking …", _QUIET)

    def show_result(self, result: Any) -> None:
        """Dimensions with their deviations, and the verdict."""
        dataset = self.received["dataset"]
        self.plot.set_dataset(dataset if result is None else result)
        if result is not None:
            rows = [self._row(result, dimension, axis) for axis, dimension in enumerate(result.dimensions)]
            if self.dimensions is None:
                self.table.set_rows(rows)
            else:
                self.table.set_derived(rows)
            self._say(verdict_of(result), _GOOD if not result.missing.size else _QUIET)
            return
        if self.dimensions is None:
            self.table.set_rows([])
        if self.Error.failed.is_shown():
            self._say(str(self.Error.failed), _BAD)
        elif dataset is None:
            self._say("", _QUIET)

    @staticmethod
    def _row(dataset: Dataset, dimension: Dimension, axis: int) -> tuple[Any, ...]:
        first, last = float(dimension.values[0]), float(dimension.values[-1])
        name = " + ".join((dimension.name, *dimension.along))
        deviation = largest_deviation(dataset, dimension, axis)
        shown = None if deviation is None else f"{deviation:.2g} step"
        return name, dimension.size, first, last, dimension.step, dimension.unit, shown

    def _say(self, text: str, color: str) -> None:
        self.verdict.setStyleSheet(f"color: {color}; font-weight: bold")
        self.verdict.setText(text)

    def _mode_chosen(self) -> None:
        by_hand = self.hand_button.isChecked()
        if by_hand == (self.dimensions is not None):
            return
        # Start from what was found: most of the time one number is to be changed.
        self.dimensions = self._found_dimensions() if by_hand else None
        if not by_hand:
            # The step refuses what only applies by hand.
            self.assign, self.snake = "positions", False
        self._show_mode()
        if by_hand:
            self.table.set_rows(self._given_rows())
        self.commit.deferred()

    def _found_dimensions(self) -> tuple[dict[str, Any], ...]:
        if self.produced is None:
            return ()
        return tuple(
            {
                "name": dimension.name,
                "size": dimension.size,
                "start": float(dimension.values[0]),
                "stop": float(dimension.values[-1]),
            }
            for dimension in self.produced.dimensions
        )

    def applies(self, name: str) -> bool:
        """Frames are placed by their order by hand only, and then by no tolerance."""
        by_hand = self.dimensions is not None
        by_order = by_hand and self.assign == "order"
        return {"tolerance": not by_order, "assign": by_hand, "snake": by_order}[name]

    def _form_edited(self, name: str) -> None:
        if name == "assign" and self.form.value("assign") != "order":
            self.snake = False
        super()._form_edited(name)
        self._show_parameters()

    def _show_mode(self) -> None:
        by_hand = self.dimensions is not None
        (self.hand_button if by_hand else self.found_button).setChecked(True)
        self.table.set_editable(by_hand)
        self._show_parameters()

    def _given_rows(self) -> list[tuple[Any, ...]]:
        """Rows of the dimensions by hand, before the step has seen them."""
        dataset = self.received["dataset"]
        rows = []
        for entry in self.dimensions if isinstance(self.dimensions, tuple | list) else ():
            values = entry if isinstance(entry, dict) else {}
            name, *numbers = (values.get(key, "") for key in ("name", "size", "start", "stop"))
            unit = "" if dataset is None else dataset.unit(name)
            rows.append((name, *numbers, _step_of(*numbers), unit, None))
        return rows

    def _table_edited(self) -> None:
        self.dimensions = self.table.dimensions()
        self.table.set_derived(self._given_rows())
        dataset = self.received["dataset"]
        sizes = [entry["size"] for entry in self.dimensions]
        if dataset is not None and sizes and all(isinstance(size, int) for size in sizes):
            self._say(f"{' x '.join(map(str, sizes))} = {math.prod(sizes)} points, {dataset.n_frames} frames", _QUIET)
        self.commit.deferred()


def _step_of(size: Any, start: Any, stop: Any) -> float | None:
    numbers = all(isinstance(value, int | float) for value in (size, start, stop))
    return (stop - start) / (size - 1) if numbers and size > 1 else None
