"""Window that shows the help pages.

The canvas hands the address of a page to the desktop's browser. There may be none, and browsers that are shut off
from hidden folders, as snap's are, cannot read the user's cache. So files of the help are shown here.
"""

from __future__ import annotations

from pathlib import Path

from AnyQt.QtCore import QUrl
from AnyQt.QtGui import QDesktopServices, QKeySequence
from AnyQt.QtWidgets import QAction, QMainWindow, QTextBrowser, QWidget


class HelpWindow(QMainWindow):
    """The pages, with a way back."""

    def __init__(self, index: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
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


_windows: dict[Path, HelpWindow] = {}
_folder: Path | None = None


def open_pages_here(folder: Path) -> None:
    """Show files below `folder` in a window of this program whenever they are opened; other files as before."""
    global _folder
    _folder = folder.resolve()
    QDesktopServices.setUrlHandler("file", _open)


def _open(url: QUrl) -> None:
    path = Path(url.toLocalFile()).resolve()
    if _folder is None or not path.is_relative_to(_folder):
        open_outside(url)
        return
    if _folder not in _windows:
        _windows[_folder] = HelpWindow(_folder / "index.html")
    _windows[_folder].show_page(url)


def open_outside(url: QUrl) -> None:
    """Open a file as the desktop does."""
    QDesktopServices.unsetUrlHandler("file")
    try:
        QDesktopServices.openUrl(url)
    finally:
        QDesktopServices.setUrlHandler("file", _open)
