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


def wait_at_rest(qtbot: Any, *plots: Any) -> None:
    """Wait until plots show an image and nothing changes their limits any more."""
    qtbot.waitUntil(lambda: all(shown_image(plot) is not None for plot in plots))
    changes: list[Any] = []
    for plot in plots:
        for axis in (plot.getXAxis(), plot.getYAxis()):
            axis.sigLimitsChanged.connect(lambda *limits: changes.append(limits))

    def at_rest() -> bool:
        changes.clear()
        qtbot.wait(200)
        return not changes

    qtbot.waitUntil(at_rest, timeout=10_000)
