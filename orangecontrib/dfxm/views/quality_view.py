"""View of the verdicts on a scan: a table, and for the chosen row what it means and a picture of the measurement."""

from __future__ import annotations

import io
from html import escape

from AnyQt.QtCore import Qt
from AnyQt.QtCore import pyqtSignal as Signal
from AnyQt.QtGui import QBrush, QColor, QPixmap, QResizeEvent
from AnyQt.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QSizePolicy,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from darfix_core.engine.registry import STEP_MODULES, get_step
from darfix_core.figures.quality_figure import VERDICT_COLORS, check_figure
from darfix_core.model.scan_quality import QualityRow, ScanQuality

_COLUMNS = ("Check", "Verdict", "Measured")
_SEVERITY = {"bad": 0, "doubtful": 1, "not checked": 2, "ok": 3}
_DPI = 160  # of the picture, which is scaled down to the window


class QualityView(QWidget):
    """Table of all checks; a click on a row explains it.

    Signals
    -------
    check_chosen(str)
        Name of the check whose row was chosen.
    """

    check_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.quality: ScanQuality | None = None
        self.table = QTableWidget(0, len(_COLUMNS))
        self.table.setHorizontalHeaderLabels(_COLUMNS)
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QAbstractItemView.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeToContents)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.currentCellChanged.connect(self._row_chosen)
        self.text = QLabel(wordWrap=True, textFormat=Qt.RichText, alignment=Qt.AlignTop)
        self.text.setTextInteractionFlags(Qt.TextSelectableByMouse)
        self.picture = _Picture()
        beside = QWidget()
        layout = QVBoxLayout(beside)
        layout.setContentsMargins(6, 0, 0, 0)
        layout.addWidget(self.text)
        layout.addWidget(self.picture, 1)
        splitter = QSplitter(Qt.Horizontal)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.table)
        splitter.addWidget(beside)
        splitter.setSizes([600, 560])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(splitter)

    def set_quality(self, quality: ScanQuality | None, check: str = "") -> None:
        """Show other verdicts, and explain a check: the worst one where that one is not among them."""
        self.quality = quality
        self.table.blockSignals(True)
        rows = () if quality is None else quality.rows
        self.table.setRowCount(len(rows))
        for number, row in enumerate(rows):
            for column, text in enumerate((row.check, row.verdict, row.measured)):
                item = QTableWidgetItem(text)
                item.setToolTip(row.finding)
                if column == 1:
                    item.setForeground(QBrush(QColor(VERDICT_COLORS[row.verdict])))
                    font = item.font()
                    font.setBold(True)
                    item.setFont(font)
                self.table.setItem(number, column, item)
        self.table.resizeRowsToContents()
        self.table.blockSignals(False)
        names = [row.check for row in rows]
        if check not in names and rows:
            check = min(rows, key=lambda row: _SEVERITY[row.verdict]).check
        if rows:
            self.table.setCurrentCell(names.index(check), 0)
            self._explain(rows[names.index(check)])
        else:
            self.text.clear()
            self.picture.show_picture(None)

    def _row_chosen(self, row: int, *_: int) -> None:
        if self.quality is not None and row >= 0:
            self._explain(self.quality.rows[row])
            self.check_chosen.emit(self.quality.rows[row].check)

    def _explain(self, row: QualityRow) -> None:
        self.text.setText(explanation(row))
        figure = None if self.quality is None else check_figure(self.quality, row.check)
        if figure is None:
            self.picture.show_picture(None)
            return
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=_DPI)
        pixmap = QPixmap()
        pixmap.loadFromData(buffer.getvalue())
        self.picture.show_picture(pixmap)


def explanation(row: QualityRow) -> str:
    """What was found, what it means for the maps, and which step helps, as rich text."""
    color = VERDICT_COLORS[row.verdict]
    parts = [
        f'<b>{row.check}, <span style="color:{color}">{row.verdict}</span></b>: {escape(row.finding)}.',
        f"In order: {row.limit}. {escape(row.meaning)}",
    ]
    if row.helps and row.verdict in ("doubtful", "bad"):
        title = get_step(row.helps).title if row.helps in STEP_MODULES else row.helps
        parts.append(f"<b>What helps:</b> {title}.")
    return "<br/>".join(parts)


class _Picture(QLabel):
    """Picture that is as large as there is room for."""

    def __init__(self) -> None:
        super().__init__(alignment=Qt.AlignCenter)
        self._whole: QPixmap | None = None
        self.setMinimumSize(320, 200)
        self.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Ignored)

    def show_picture(self, pixmap: QPixmap | None) -> None:
        """Show another picture, or none."""
        self._whole = pixmap
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the picture into the new size."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if self._whole is None:
            self.clear()
        else:
            self.setPixmap(self._whole.scaled(self.size(), Qt.KeepAspectRatio, Qt.SmoothTransformation))
