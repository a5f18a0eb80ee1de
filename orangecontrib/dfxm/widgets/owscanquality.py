"""Scan Quality."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from AnyQt.QtWidgets import QFileDialog, QPushButton, QWidget
from Orange.widgets.settings import Setting
from Orange.widgets.widget import Msg
from orangewidget import gui

from orangecontrib.dfxm.views.quality_view import QualityView
from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.step_widget import StepWidget


class OWScanQuality(StepWidget):
    """Verdicts on a scan; a click on a row shows what was measured, what it means, and what helps."""

    step_id = "scan_quality"
    icon = icon_path("scanquality.svg")
    keywords = "check, quality, pedestal, noise, gain, saturation, hot pixels, drift, jitter, missing frames"
    window_size = (1380, 640)

    view_check = Setting("", schema_only=True)

    class Warning(StepWidget.Warning):
        """What cannot be saved."""

        no_page = Msg("The page cannot be saved: {}")

    def build_controls(self) -> None:
        """The form, and the button that saves the page."""
        super().build_controls()
        box = gui.vBox(self.controlArea, "Page")
        self.page_button = QPushButton("Save page…", autoDefault=False)
        self.page_button.setToolTip("Save all verdicts and the pictures of what was measured as one page")
        self.page_button.setEnabled(False)
        self.page_button.clicked.connect(self._ask_page)
        box.layout().addWidget(self.page_button)

    def build_view(self) -> None:
        """The table, and beside it what the chosen row means."""
        self.view = QualityView()
        self.view.check_chosen.connect(self._check_chosen)
        self.mainArea.layout().addWidget(self.view)

    def show_result(self, result: Any) -> None:
        """Show the verdicts, and explain the check that was explained before."""
        quality = None if result is None else result[0]
        self.page_button.setEnabled(quality is not None)
        self.view.set_quality(quality, self.view_check)

    def _check_chosen(self, check: str) -> None:
        self.view_check = check

    def _ask_page(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save page", "", "PDF (*.pdf);;PNG (*.png);;SVG (*.svg)")
        if path:
            self.save_page(path if Path(path).suffix else f"{path}.pdf")

    def save_page(self, path: str) -> None:
        """Save the page that ``darfix-core check -o`` writes."""
        from darfix_core.figures import style
        from darfix_core.figures.quality_figure import quality_figure

        try:
            quality_figure(self.produced[0]).savefig(path, dpi=style.DPI)
        except (OSError, ValueError) as error:
            self.Warning.no_page(str(error))
        else:
            self.Warning.no_page.clear()

    def picture(self) -> QWidget:
        """Table and picture."""
        return self.view
