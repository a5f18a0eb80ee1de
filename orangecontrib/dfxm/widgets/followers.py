"""Widgets behind another one in the canvas."""

from __future__ import annotations

from typing import Any


def stop_followers(widget: Any) -> None:
    """Cancel what the widgets behind one compute: its result, from which they do, will be another.

    The canvas hands on no signal while a widget computes. Without this, who chooses another scan would wait for the
    maps of the last one. Widgets without outputs go on: they write what the user asked for.

    Parameters
    ----------
    widget : StepWidget
        Not necessarily in a canvas.
    """
    manager = widget.signalManager
    workflow = manager.workflow() if hasattr(manager, "workflow") else None
    if workflow is None:
        return
    seen = {workflow.node_for_widget(widget)}
    front = list(seen)
    while front:
        links = workflow.find_links(source_node=front.pop())
        nodes = {link.sink_node for link in links if link.is_enabled()} - seen
        seen |= nodes
        front.extend(nodes)
        for node in nodes:
            # Asked first: to ask for the widget of a node makes it.
            if manager.is_active(node):
                follower = workflow.widget_for_node(node)
                if getattr(follower, "task", None) is not None and follower.get_signals("outputs"):
                    follower.cancel()
