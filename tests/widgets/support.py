"""What the tests of the widgets share."""

from __future__ import annotations

from typing import Any


def stored(widget: Any) -> dict[str, Any]:
    """Parameters of the step as the workflow file would hold them."""
    settings = widget.settingsHandler.pack_data(widget)
    return {name: settings[name] for name in widget.step.parameters.entries}


def shown_image(plot: Any) -> Any:
    """Values of the image that a plot shows; None where it shows none."""
    image = plot.getImage("image")
    return None if image is None else image.getData()
