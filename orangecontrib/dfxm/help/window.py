"""Window that shows the help pages.

The canvas hands the address of a page to the desktop's browser. There may be none, and browsers that are shut off
from hidden folders, as snap's are, cannot read the user's cache. So files of the help are shown here.
"""

from __future__ import annotations

from pathlib import Path

from AnyQt.QtCore import QObject, Qt, QUrl, pyqtSlot
from AnyQt.QtGui import QDesktopServices, QKeySequence
from AnyQt.QtWidgets import QAction, QMainWindow, QTextBrowser, QWidget


class HelpWindow(QMainWindow):
    """The pages, with a way back."""

    def __init__(self, index: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # The canvas ends with its own last window.
        self.setAttribute(Qt.WA_QuitOnClose, False)
        self.browser = QTextBrowser(openExternalLinks=False)
        self.browser.setOpenLinks(True)
        self.browser.document().setDocumentMargin(16)
        self.setCentralWidget(self.browser)
        self.resize(900, 760)
        bar = self.addToolBar("Pages")
        bar.setMovable(False)
        back, forward = QAction("Back", self, enabled=False), QAction("Forward", self, enabled=False)
        every = QAction("All steps", self)
        outside = QAction("Open in browser", self)
        back.triggered.connect(self.browser.backward)
        back.setShortcut(QKeySequence(QKeySequence.Back))
        forward.triggered.connect(self.browser.forward)
        every.triggered.connect(lambda: self.show_page(QUrl.fromLocalFile(str(index))))
        outside.triggered.connect(lambda: open_outside(self.browser.source()))
        self.browser.backwardAvailable.connect(back.setEnabled)
        self.browser.forwardAvailable.connect(forward.setEnabled)
        self.browser.sourceChanged.connect(self._name)
        bar.addActions([back, forward, every, outside])

    def show_page(self, url: QUrl) -> None:
        """Show a page, in front of the other windows."""
        self.browser.setSource(url)
        self.show()
        self.raise_()
        self.activateWindow()

    def _name(self) -> None:
        self.setWindowTitle(f"{self.browser.documentTitle()} - help")


class _Opener(QObject):
    """Opens files: those of the help in the window, others as the desktop does."""

    def __init__(self, index: Path) -> None:
        super().__init__()
        self._index = index
        self._window: HelpWindow | None = None

    @pyqtSlot(QUrl)
    def open(self, url: QUrl) -> None:
        """What Qt calls for every file that the program opens."""
        if not Path(url.toLocalFile()).is_relative_to(self._index.parent):
            open_outside(url)
            return
        if self._window is None:
            self._window = HelpWindow(self._index)
        self._window.show_page(url)


_opener: _Opener | None = None


def open_pages_here(index: Path) -> None:
    """From now on, show the pages beside `index` in a window of this program when they are opened."""
    global _opener
    _opener = _Opener(index)
    QDesktopServices.setUrlHandler("file", _opener, "open")


def open_outside(url: QUrl) -> None:
    """Open a file as the desktop does."""
    QDesktopServices.unsetUrlHandler("file")
    try:
        QDesktopServices.openUrl(url)
    finally:
        if _opener is not None:
            QDesktopServices.setUrlHandler("file", _opener, "open")
