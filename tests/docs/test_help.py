"""F1 in a widget opens the page of its step: offline, in a window of the program."""

from __future__ import annotations

import asyncio
import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from darfix_core.engine.registry import STEP_MODULES, all_steps, get_step

STEPS = Path(__file__).parents[2] / "docs" / "steps"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """User's cache of this test."""
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / name)
    return tmp_path


@pytest.fixture
def help_manager(qapp, cache, monkeypatch):
    """The help manager of the canvas, with the widgets as they are installed."""
    from AnyQt.QtGui import QDesktopServices
    from orangecanvas.help import manager
    from orangecanvas.registry import WidgetRegistry
    from orangewidget.workflow.discovery import WidgetDiscovery

    monkeypatch.setattr(manager, "_providers_cache", {})
    registry = WidgetRegistry()
    WidgetDiscovery(registry).run([p for p in entry_points(group="orange.widgets") if p.name == "DFXM"])
    made = manager.HelpManager()
    made.set_registry(registry)
    yield made
    QDesktopServices.unsetUrlHandler("file")


def help_of(manager, qualified_name):
    return asyncio.run(manager.search_async({"id": qualified_name}))


@pytest.mark.parametrize("page", sorted(STEPS.glob("*.md")), ids=lambda page: page.stem)
def test_pages_are_those_of_steps_and_show_pictures_that_exist(page):
    text = page.read_text(encoding="utf8")
    assert page.stem in STEP_MODULES
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text):
        assert (STEPS / picture).is_file(), picture
    assert "[](" not in text, "the help pages know no titles of other pages: give links a text"
    assert "$" not in text, "the help window shows no TeX: write formulas as text"


def test_page_names_every_parameter_that_the_registry_knows(cache):
    from orangecontrib.dfxm.help.html import page_source

    for step in all_steps():
        reference = page_source(step).partition("\n## Reference\n")[2]
        for parameter in step.parameters.entries.values():
            row = next(line for line in reference.splitlines() if line.startswith(f"| `{parameter.name}` |"))
            assert parameter.unit in row
            assert parameter.required or repr(parameter.default) in row


def test_step_without_a_page_gets_its_reference(cache, monkeypatch, tmp_path):
    from orangecontrib.dfxm.help import html

    monkeypatch.setattr(html, "files", lambda package: tmp_path)
    text = html.page_source(get_step("roi"))
    assert text.startswith("# ROI Selection\n\n## Reference")


def test_pages_lead_only_to_pages_and_pictures_that_exist(cache):
    from AnyQt.QtCore import QUrl

    from orangecontrib.dfxm.help.html import write_pages

    index = write_pages()
    for page in index.parent.glob("*.html"):
        text = page.read_text(encoding="utf8")
        for target in re.findall(r'(?:href|src)="([^"]+)"', text):
            url = QUrl.fromLocalFile(str(page)).resolved(QUrl(target))
            assert url.isLocalFile(), f"{page.name}: {target} needs the network"
            assert Path(url.toLocalFile()).is_file(), f"{page.name}: {target}"


def test_page_opens_in_a_window_of_the_program(help_manager, qtbot):
    from AnyQt.QtGui import QDesktopServices, QTextDocument
    from AnyQt.QtWidgets import QApplication

    from orangecontrib.dfxm.help.window import HelpWindow

    url = help_of(help_manager, get_step("roi").widget)
    assert QDesktopServices.openUrl(url)
    (window,) = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, HelpWindow)]
    qtbot.addWidget(window)
    assert window.isVisible()
    assert window.windowTitle() == "ROI Selection - help"
    assert window.browser.toPlainText().startswith("ROI Selection")
    picture = (STEPS / "pictures" / "roi.png").as_uri()
    assert window.browser.document().resource(QTextDocument.ImageResource, type(url)(picture)) is not None


def test_other_files_open_as_before(help_manager, cache, monkeypatch):
    from AnyQt.QtCore import QUrl
    from AnyQt.QtGui import QDesktopServices

    from orangecontrib.dfxm.help import window

    help_of(help_manager, get_step("roi").widget)
    opened = []
    monkeypatch.setattr(window, "open_outside", opened.append)
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(cache / "figure.png")))
    assert [Path(url.toLocalFile()).name for url in opened] == ["figure.png"]
