"""Small steps that stand in for real ones, so that the runner is tested on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from annotated_types import Ge

from darfix_core.engine import registry
from darfix_core.engine.execution import current_execution, warn
from darfix_core.engine.registry import step
from darfix_core.errors import Cancelled, DarfixError
from darfix_core.model.dataset import Dataset
from darfix_core.model.maps import Map, Maps
from darfix_core.units import Unit

LOAD, CROP, ADD = "fake.owload.OWLoad", "fake.owcrop.OWCrop", "fake.owadd.OWAdd"
SUM, SAVE = "fake.owsum.OWSum", "fake.owsave.OWSave"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Registers the small steps; holds the names of those that ran."""
    monkeypatch.setattr(registry, "_steps", {})
    names = ("load", "crop", "add", "sum", "save_maps")
    monkeypatch.setattr(registry, "STEP_MODULES", dict.fromkeys(names, "fake"))
    ran: list[str] = []

    @step("load", version=1, title="Load", widget=LOAD, input_path="path", file_parameters=("dark",))
    def load(path: str | tuple[str, ...], *, scan: str | None = None, dark: str | None = None) -> Dataset:
        """Load a text file."""
        ran.append("load")
        if scan == "broken":
            raise DarfixError("no scan 'broken'; there are: 1.1")
        frames = [np.loadtxt(file, ndmin=2) for file in ([path] if isinstance(path, str) else path)]
        return Dataset.from_array(np.stack(frames), metadata={"scan": scan})

    @step("crop", version=2, title="Crop", widget=CROP)
    def crop(
        dataset: Dataset,
        *,
        rows: Annotated[int | None, Ge(1), Unit("px")] = None,
        method: Literal["first", "last"] = "first",
        label: str = "",
    ) -> Dataset:
        """Keep some rows.

        Parameters
        ----------
        rows : int or None, px
            How many.
        """
        ran.append("crop")
        if label == "warn":
            warn("few rows")
        if label == "bug":
            raise KeyError("oops")
        current_execution().report(0.5, "rows")
        return dataset.crop((0, 0), (rows or dataset.frame_shape[0], dataset.frame_shape[1]))

    @step("add", version=1, title="Add", widget=ADD)
    def add(dataset: Dataset, background: Dataset | None = None) -> Dataset:
        """Add two stacks."""
        ran.append("add")
        other = 0 if background is None else np.asarray(background.frames)
        return Dataset.from_array(np.asarray(dataset.frames) + other)

    @step("sum", version=1, title="Sum", widget=SUM)
    def total(dataset: Dataset, *, factor: float = 1.0) -> Maps:
        """Sum of all frames."""
        ran.append("sum")
        return Maps({"sum": Map(np.asarray(dataset.frames).sum(axis=0) * factor)})

    @step("save_maps", version=1, title="Save", widget=SAVE, output_path="path")
    def save_maps(maps: Maps, *, path: str, overwrite: bool = False) -> None:
        """Write the maps as text."""
        ran.append("save_maps")
        if Path(path).exists() and not overwrite:
            raise DarfixError("exists")
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        np.savetxt(path, maps["sum"])

    return ran


@pytest.fixture
def ones(tmp_path: Path) -> Path:
    """A file with a frame of 3 x 2 ones."""
    file = tmp_path / "ones.txt"
    np.savetxt(file, np.ones((3, 2)))
    return file


@pytest.fixture
def ows(tmp_path: Path, calls: list[str]) -> Callable[..., Path]:
    """Writes an .ows file of (title, widget, settings) and (source, channel, sink, channel) or other XML."""

    def write(
        nodes: Iterable[Any], links: Iterable[Any] = (), *, name: str = "flow.ows", enabled: str = "true"
    ) -> Path:
        nodes = list(nodes)
        ids = {title: str(number) for number, (title, *_) in enumerate(nodes)}
        lines = ["<?xml version='1.0' encoding='utf-8'?>", '<scheme version="2.0" title="t">', "<nodes>"]
        lines += [
            f'<node id="{ids[title]}" name="n" qualified_name="{widget}" title="{title}" position="(0, 0)" />'
            for title, widget, _ in nodes
        ]
        lines += ["</nodes>", "<links>"]
        lines += [
            f'<link id="0" source_node_id="{ids.get(a, a)}" source_channel="{out}" sink_node_id="{ids.get(b, b)}" '
            f'sink_channel="{into}" enabled="{enabled}" />'
            for a, out, b, into in links
        ]
        lines += ["</links>", "<node_properties>"]
        lines += [
            f'<properties node_id="{ids[title]}" format="{settings[0]}">{settings[1]}</properties>'
            if isinstance(settings, tuple)
            else f'<properties node_id="{ids[title]}" format="literal">{settings!r}</properties>'
            for title, _, settings in nodes
        ]
        lines += ["</node_properties>", "</scheme>"]
        file = tmp_path / "flow.ows"
        file.write_text("\n".join(lines))
        return file

    return write


CHAIN = [
    ("Load", LOAD, {"path": "ones.txt", "savedWidgetGeometry": b"\x01", "__version__": 1, "autocommit": True}),
    ("Crop", CROP, {"rows": 2, "view_colors": "viridis"}),
    ("Sum", SUM, {}),
    ("Save", SAVE, {"path": "maps.h5"}),
]
WIRES = [
    ("Load", "Dataset", "Crop", "Dataset"),
    ("Crop", "Dataset", "Sum", "Dataset"),
    ("Sum", "Maps", "Save", "Maps"),
]


class Recorder:
    """Observer that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def started(self, node: Any, number: int, total: int) -> None:
        self.events.append((node.title, number, total))

    def progress(self, node: Any, fraction: float, what: str) -> None:
        self.events.append((node.title, fraction, what))

    def warned(self, node: Any, message: str) -> None:
        self.events.append((node.title, message))


@pytest.fixture
def flow() -> SimpleNamespace:
    """A chain of four nodes, and what watches it."""
    return SimpleNamespace(nodes=CHAIN, links=WIRES, Recorder=Recorder, Cancelled=Cancelled)
