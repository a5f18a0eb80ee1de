"""Four faces of one function: the widget, the saved workflow, the command line and the history give what Python gives.

Every case of every step is computed in Python from files, and then again by the widget, by the workflow that is saved
with that widget, without a screen, by ``darfix-core apply`` and from the history. All are equal, bit for bit.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("Orange", reason="the widgets need the gui extra")

import darfix_core as dc
from darfix_core.cli import main as command
from darfix_core.engine.execution import execution
from darfix_core.engine.registry import SIGNALS, Step, all_steps, channel_name, get_step, reader_of, writer_of
from darfix_core.errors import DarfixWarning
from darfix_core.io.mask_file import write_mask
from darfix_core.workflow.ows import read_ows
from darfix_core.workflow.plan import make_plan
from darfix_core.workflow.replay import replay
from darfix_core.workflow.runner import run_plan

from .cases import INSTEAD, REFUSALS, STEPS, SUFFIX, assert_same, example, inputs_of, main, scan, variants
from .widgets import registry, send, widget_of

pytestmark = pytest.mark.usefixtures("without_pictures")

#: Types of inputs that are left out on the command line, and why.
NOT_GIVEN = {dc.Mask: "a mask comes in a file, which a parameter names"}

#: Types that no step saves, and why.
NOT_SAVED = {
    dc.ScanQuality: "verdicts are read by people: darfix-core check shows them, and writes their page",
    dc.Mask: "what is masked is saved with the data",
}


def quiet(call: Any, *args: Any, **keywords: Any) -> Any:
    """Result of a call whose warnings do not matter here."""
    with execution(on_warning=lambda message: None):
        return call(*args, **keywords)


def opened(kind: type, file: Path) -> Any:
    """What is of that type in a file."""
    reader = reader_of(kind)
    if kind is dc.Maps:
        return dc.load_maps(file)
    return quiet(reader, **{reader.input_path: str(file)}) if reader else computed(kind, file)


@cache
def computed(kind: type, file: Path) -> Any:
    """What is of that type, and is read from no file, as it is computed of the first scan."""
    step = provider_of(kind)
    return step.results(quiet(step, dc.load(file.with_name("first.h5"))))[output_of(step, kind)]


def output_of(step: Step, kind: type) -> str:
    """Output of a step that is of that type."""
    return next(name for name, of in step.outputs.items() if of is kind)


def ending(kind: type) -> str:
    """Ending of the files that hold what is of that type."""
    writer = writer_of(kind)
    return SUFFIX.get(writer.id if writer else "", ".h5")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files of a scan with all that a dataset can have, of another scan, and of all else that belongs to the first."""
    top = tmp_path_factory.mktemp("parity")
    halved = dc.Frames.from_array(scan().frames[:] // 2)
    dc.save_dataset(scan(), path=top / "first.h5")
    dc.save_dataset(scan().replace(frames=halved), path=top / "second.h5")
    dc.save_maps(computed(dc.Maps, top / "maps.h5"), path=top / "maps.h5", figures=False)
    write_mask(top / "mask.npy", example(dc.Mask).values)
    for name, kind in SIGNALS.items():
        if kind not in (dc.Dataset, dc.Maps) and writer_of(kind) is not None:
            writer_of(kind)(example(kind), **{writer_of(kind).output_path: top / f"{name}{ending(kind)}"})
    return top


@dataclass(frozen=True)
class Case:
    """A step with the files of its inputs and with parameters that it takes."""

    step: Step
    files: dict[str, Path]
    parameters: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.step.id}({self.parameters}) of {[file.name for file in self.files.values()]}"

    def output(self, path: Path) -> dict[str, Any]:
        """The parameters, with the file to write."""
        return self.parameters | ({self.step.output_path: str(path)} if self.step.output_path else {})

    def inputs(self) -> dict[str, Any]:
        """What the files hold."""
        return {name: opened(self.step.input_of(name).kind, file) for name, file in self.files.items()}

    def run(self, path: Path) -> Any:
        """Result in Python: for a step that writes, what is read again."""
        result = quiet(self.step, **self.inputs(), **self.output(path))
        return self.read(path, self.kind) if self.is_writer else result

    @property
    def is_writer(self) -> bool:
        """Whether the file that the step writes is all that it gives."""
        return bool(self.step.output_path and not self.step.outputs)

    @property
    def kind(self) -> type:
        """Type of what is compared: the main output, or what is written."""
        return next(iter(self.step.outputs.values()), None) or next(iter(self.step.inputs.values())).kind

    def main(self, result: Any) -> Any:
        """What is compared of a result."""
        return result if self.is_writer else main(self.step, result)

    def saved(self, result: Any) -> dict[str, Any]:
        """All that can be saved of a result, by the names of the outputs."""
        results = {"": result} if self.is_writer else self.step.results(result)
        return {name: value for name, value in results.items() if type(value) not in NOT_SAVED}

    def read(self, path: Path, kind: type) -> Any:
        """What was written, if anything was."""
        return opened(kind, path) if path.exists() else None


def cases_of(step: Step, folder: Path, tmp_path: Path, left_out: Collection[type] = ()) -> list[tuple[Case, Any]]:
    """All that a step takes, and what it gives in Python; without inputs of the types that are left out."""
    kinds = {kind: [f"{name}{ending(kind)}"] for name, kind in SIGNALS.items()}
    kinds |= {dc.Dataset: ["first.h5", "second.h5"] * 2}
    values = [name for name in inputs_of(step, optional=True) if step.input_of(name).kind not in left_out]
    files = {name: folder / kinds[step.input_of(name).kind].pop(0) for name in values}
    required = {name: file for name, file in files.items() if not step.input_of(name).optional}
    instead = dict.fromkeys(INSTEAD.get(step.id, {}).values(), str(folder / "mask.npy"))
    found = []
    for given in (required, files) if files != required else (files,):
        for parameters in (chosen | instead for chosen in variants(step)):
            if step.input_path:
                parameters[step.input_path] = str(folder / kinds[next(iter(step.outputs.values()))][0])
            case = Case(step, given, parameters)
            try:
                found.append((case, case.run(tmp_path / f"python_{len(found)}{ending(case.kind)}")))
            except REFUSALS:
                continue
    assert found, f"{step.id} takes nothing"
    return found


def assert_equal(result: Any, expected: Any, what: str) -> None:
    """The same bits and the same history, whoever computed it."""
    assert type(result) is type(expected), what
    if isinstance(expected, tuple):
        for one, other in zip(result, expected, strict=True):
            assert_equal(one, other, what)
        return
    assert_same(result, expected, what)
    if expected is None:
        return
    assert result.history.head == expected.history.head, f"{what}: another history"
    if isinstance(expected, dc.Maps):
        for name in expected:
            assert result.unit(name) == expected.unit(name), f"{what}: unit of {name}"
            assert result.description(name) == expected.description(name), f"{what}: description of {name}"
    if isinstance(expected, dc.Dataset | dc.Maps):
        assert repr(result.dimensions) == repr(expected.dimensions), what
        assert (result.origin, result.pixel_size) == (expected.origin, expected.pixel_size), what


@cache
def provider_of(kind: type) -> Step:
    """Last step with a widget that gives such a thing, of a dataset or of a file."""
    return next(
        step
        for step in reversed(list(all_steps()))
        if step.widget and kind in step.outputs.values() and kind not in [e.kind for e in step.inputs.values()]
    )


class Workflow:
    """A workflow as the canvas makes and saves it."""

    def __init__(self) -> None:
        from orangecanvas.scheme import Scheme

        self.found, self.scheme = registry(), Scheme()

    def add(self, step: Step, settings: dict[str, Any], sources: dict[str, tuple[Any, str]]) -> Any:
        """Node of a step, wired by the names of its channels; sources: input -> node and its output."""
        from orangecanvas.scheme import SchemeLink, SchemeNode

        node = SchemeNode(self.found.widget(step.widget), title=f"{step.title} {len(self.scheme.nodes)}")
        node.properties = settings
        self.scheme.add_node(node)
        for name, (source, output) in sources.items():
            channels = source.output_channel(channel_name(output)), node.input_channel(step.input_of(name).channel)
            self.scheme.add_link(SchemeLink(source, channels[0], node, channels[1]))
        return node

    def provide(self, kind: type, file: Path) -> tuple[Any, str]:
        """Node, and its output, that gives what a file holds; or what is computed of the first file."""
        step = reader_of(kind)
        if step is not None:
            return self.add(step, {step.input_path: str(file)}, {}), output_of(step, kind)
        step, scan_file = provider_of(kind), self.provide(dc.Dataset, file.with_name("first.h5"))
        return self.add(step, {}, {next(iter(step.inputs)): scan_file}), output_of(step, kind)

    def run(self, path: Path) -> None:
        """Save the workflow, read it without a screen, and run it."""
        with open(path, "wb") as file:
            self.scheme.save_to(file, pretty=True, pickle_fallback=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DarfixWarning)
            run_plan(make_plan(read_ows(path)))


@pytest.mark.parametrize("name", [step.id for step in all_steps() if step.widget])
def test_widget_and_saved_workflow_give_what_python_gives(orange, folder, tmp_path, name):
    step = get_step(name)
    defaults = {key: entry.default for key, entry in step.parameters.entries.items() if not entry.required}
    widget = orange.create_widget(widget_of(step.widget.split(".")[-2]))
    for number, (case, expected) in enumerate(cases_of(step, folder, tmp_path)):
        shown = tmp_path / f"widget_{number}{ending(case.kind)}"
        widget.autocommit = False
        widget.change_parameters(**defaults | case.output(shown))
        send(orange, widget, {key: None for key, entry in step.inputs.items() if not entry.many} | case.inputs())
        widget.commit.now()
        orange.wait_until_finished(widget=widget)
        assert not widget.Error.active, f"{case}: {widget.Error.failed}"
        result = case.read(shown, case.kind) if case.is_writer else widget.produced
        assert_equal(result, expected, f"{case} by the widget")
        for key in widget.form.editors.keys() & case.parameters.keys():
            assert widget.form.value(key) == getattr(widget, key), f"{case}: the form shows another {key}"
        settings = widget.settingsHandler.pack_data(widget)
        for part, value, found in in_workflow(case, settings, expected, tmp_path / f"flow_{number}.ows"):
            assert_equal(found, value, f"{case} by the workflow: {part}")


def in_workflow(case: Case, settings: dict[str, Any], expected: Any, path: Path) -> Iterator[tuple[str, Any, Any]]:
    """Each output that can be saved, what it should be, and what a workflow with that step has saved."""
    step, flow, parts = case.step, Workflow(), case.saved(expected)
    kinds = {part: step.outputs.get(part, case.kind) for part in parts}
    written = {part: path.with_name(f"{path.stem}_{part}{ending(kind)}") for part, kind in kinds.items()}
    if step.output_path:
        settings = settings | {step.output_path: str(*written.values())}
    sources = {key: flow.provide(step.input_of(key).kind, file) for key, file in case.files.items()}
    node = flow.add(step, settings, sources)
    for part, file in written.items():
        saver = writer_of(kinds[part])
        if not step.output_path:
            flow.add(saver, {saver.output_path: str(file)}, {next(iter(saver.inputs)): (node, part)})
    if written:
        flow.run(path)
    for part, value in parts.items():
        yield part, value, case.read(written[part], kinds[part])


@pytest.mark.parametrize("name", STEPS)
def test_command_line_gives_what_python_gives(folder, tmp_path, name, capsys):
    step = get_step(name)
    for number, (case, expected) in enumerate(cases_of(step, folder, tmp_path, NOT_GIVEN)):
        written = tmp_path / f"apply_{number}{ending(case.kind)}"
        line = ["apply", name, *map(str, case.files.values()), "-o", str(written)]
        for key, value in case.parameters.items():
            option = f"--{key.replace('_', '-')}"
            if key == step.input_path:
                line.insert(2, value)
            elif key in (step.output_path, "overwrite"):
                line += [option] if value is True else []
            elif isinstance(value, bool):
                line.append(option if value else f"--no-{option[2:]}")
            else:
                line.append(f"{option}={value}")
        if case.kind in NOT_SAVED:
            assert command(line) == 2
            assert f"{name} gives a {case.kind.__name__}, which no step saves" in capsys.readouterr().err
            continue
        assert command(line) == 0, capsys.readouterr().err
        assert_equal(case.read(written, case.kind), case.main(expected), f"darfix-core {' '.join(line)}")


@pytest.mark.parametrize("name", [name for name in STEPS if get_step(name).outputs])
def test_history_gives_what_python_gives_from_the_files(folder, tmp_path, name):
    for case, results in cases_of(get_step(name), folder, tmp_path):
        for part, expected in case.step.results(results).items():
            if expected is not None:
                again = quiet(replay, type(expected.history).from_json(expected.history.to_json()))
                assert_equal(again, expected, f"{case} from its history: {part}")
