"""What a widget says: its messages below the window, and its part of the report."""

from __future__ import annotations

import base64
from html import escape
from typing import Any

from AnyQt.QtCore import QBuffer, QIODevice
from AnyQt.QtWidgets import QWidget
from orangewidget.utils.messagewidget import MessagesWidget

from darfix_core.engine.registry import channel_name
from darfix_core.engine.step_inputs import spread
from orangecontrib.dfxm.summaries import facts, wrapped_text
from orangecontrib.dfxm.views.parameter_form import parameter_label, value_text


def show_messages(widget: Any) -> None:
    """Show the messages of a widget that are active in its bar."""
    active = [message for group in widget.message_groups for message in group.active]
    widget.message_bar.clear()
    if active:
        widget.message_bar.setMessages((message, _wrapped(message)) for message in active)
    widget.message_bar.setVisible(bool(active))


def _wrapped(message: Any) -> MessagesWidget.Message:
    text, others = wrapped_text(str(message))
    severity = MessagesWidget.Severity(message.group.severity)
    return MessagesWidget.Message(severity, text=text, informativeText=others, detailedText=message.tb or "")


def write_report(widget: Any) -> None:
    """Add inputs, parameters, result and picture of a step's widget to its report."""
    for name, value in spread(widget.received_inputs()).items():
        widget.report_items(parameter_label(name), _as_text(facts(value)))
    entries = widget.step.parameters.entries
    values = {parameter_label(name): value_text(entries[name], value) for name, value in widget.parameters().items()}
    widget.report_items("Parameters", _as_text(values))
    if widget.produced is None:
        return
    results = widget.step.results(widget.produced)
    for name, value in results.items():
        widget.report_items("Result" if len(results) == 1 else channel_name(name), _as_text(facts(value)))
    picture = widget.picture()
    if picture is not None:
        widget.report_raw(_as_html(picture))


def _as_text(items: dict[str, str]) -> dict[str, str]:
    """The same for a report, in which Orange takes a title with ``<`` for HTML."""
    return {escape(name): escape(text) for name, text in items.items()}


def _as_html(widget: QWidget) -> str:
    """Picture of a widget for the report, inside the page."""
    buffer = QBuffer()
    buffer.open(QIODevice.WriteOnly)
    widget.grab().save(buffer, "PNG")
    data = base64.b64encode(bytes(buffer.data())).decode("ascii")
    return f'<img src="data:image/png;base64,{data}"/>'
