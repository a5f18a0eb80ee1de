"""The reader of .ows files against anything: it gives a workflow or an error of ours, and never runs what it reads."""

from __future__ import annotations

import base64
import contextlib
import pickle
import warnings
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from darfix_core.engine.registry import all_steps, channel_name
from darfix_core.errors import DarfixError, DataFileError, WorkflowError
from darfix_core.workflow.demo import tutorial_file
from darfix_core.workflow.graph import Graph
from darfix_core.workflow.overrides import Overrides
from darfix_core.workflow.ows import read_ows, write_changed
from darfix_core.workflow.plan import make_plan

bounded = settings(
    max_examples=120,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

STEPS = [step for step in all_steps() if step.widget]
CHANNELS = sorted({channel_name(name) for step in STEPS for name in (*step.inputs, *step.outputs)})
PARAMETERS = sorted({name for step in STEPS for name in step.parameters.entries})

# Text that XML can hold; the literals inside may escape the rest.
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=8
)
# Without nan and inf, which are no literals.
NUMBERS = (
    st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.complex_numbers(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.none()
)
ATOMS = (
    NUMBERS
    | st.text(max_size=8)
    | st.binary(max_size=4)
    | st.sampled_from(["1.1", "../x.h5", "a\0b", "\ud800", "~nobody/x"])
)
VALUES = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=4) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)
SETTINGS = st.dictionaries(st.sampled_from([*PARAMETERS, "autocommit", "view_x", "__version__"]), VALUES, max_size=4)


def rarely(usual, *others):
    """The usual value nearly always: a file with several faults shows the first only."""
    return st.integers(0, 11).map(lambda number: others[number] if number < len(others) else usual)


@st.composite
def nodes(draw, number):
    step = draw(st.sampled_from(STEPS))
    # Settings that belong to the step, most often: others are refused at once.
    own = st.dictionaries(st.sampled_from(sorted(step.parameters.entries) or ["autocommit"]), VALUES, max_size=3)
    literal = draw(rarely(own.map(repr), SETTINGS.map(repr), TEXT).flatmap(lambda strategy: strategy))
    return {
        "id": draw(rarely(str(number), "0", "")),
        "title": draw(TEXT),
        "widget": draw(rarely(step.widget, "os.system", "")),
        "format": draw(rarely("literal", "pickle", "json", "")),
        "settings": literal,
    }


@st.composite
def workflows(draw):
    """Text of a file that is a workflow at first glance."""
    made = [draw(nodes(number)) for number in range(draw(st.integers(0, 4)))]
    ends, channels = st.sampled_from([node["id"] for node in made] or ["0"]), st.sampled_from(CHANNELS)
    links = draw(st.lists(st.tuples(ends, channels, ends, channels), max_size=2))
    lines = [f"<scheme version={quoteattr(draw(rarely('2.0', '2.1', '1')))}>", "<nodes>"]
    lines += [
        f"<node id={quoteattr(node['id'])} title={quoteattr(node['title'])} "
        f"qualified_name={quoteattr(node['widget'])}/>"
        for node in made
    ]
    lines += ["</nodes><links>"]
    lines += [
        f"<link source_node_id={quoteattr(a)} source_channel={quoteattr(b)} "
        f"sink_node_id={quoteattr(c)} sink_channel={quoteattr(d)}/>"
        for a, b, c, d in links
    ]
    lines += ["</links><node_properties>"]
    lines += [
        f"<properties node_id={quoteattr(node['id'])} format={quoteattr(node['format'])}>"
        f"{escape(node['settings'])}</properties>"
        for node in made
    ]
    return "\n".join([*lines, "</node_properties></scheme>"])


TUTORIAL = {node.title: node.step for node in read_ows(tutorial_file("mosaicity.ows")).nodes.values()}


def own_settings(title):
    """Any values, at most one of them, for the parameters of a node of the tutorial."""
    return st.dictionaries(st.sampled_from(sorted(TUTORIAL[title].parameters.entries)), VALUES, max_size=1)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("workflows") / "flow.ows"


def read(file: Path, content: str | bytes) -> Graph | None:
    """What the reader makes of a file: a workflow, or an error of ours that names the file."""
    file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        message, graph = str(file), None
        try:
            graph = read_ows(file)
        except (WorkflowError, DataFileError) as error:
            message = str(error)
        assert str(file) in message
        message.encode()  # a terminal can show it
        with contextlib.suppress(DarfixError):
            write_changed(file, file.with_name("copy.ows"), {})
    assert graph is None or isinstance(graph, Graph)
    return graph


@bounded
@given(workflows())
def test_any_workflow_is_read_or_refused(file, text):
    graph = read(file, text)
    if graph is not None:
        with contextlib.suppress(DarfixError):
            make_plan(graph, Overrides(output=str(file.parent / "out")))


@bounded
@given(st.fixed_dictionaries({title: own_settings(title) for title in TUTORIAL}))
def test_tutorial_with_any_settings_is_planned_or_refused(file, changes):
    write_changed(tutorial_file("mosaicity.ows"), file, changes)
    graph = read(file, file.read_bytes())
    assert graph is not None
    with contextlib.suppress(DarfixError):
        make_plan(graph, Overrides())


@bounded
@given(st.binary(max_size=200) | TEXT.map(str.encode))
def test_any_bytes_are_refused(file, content):
    assert read(file, content) is None


@bounded
@given(workflows(), st.data())
def test_damaged_workflow_is_read_or_refused(file, text, data):
    content = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            content[place] = data.draw(st.integers(0, 255))
        else:
            del content[place : place + data.draw(st.integers(1, 20))]
    read(file, bytes(content))


def one_node(literal, kind="literal"):
    step = next(step for step in STEPS if step.id == "roi")
    return (
        f'<scheme version="2.0"><nodes><node id="0" title="Crop" qualified_name="{step.widget}"/></nodes><links/>'
        f'<node_properties><properties node_id="0" format="{kind}">{escape(literal)}</properties></node_properties>'
        "</scheme>"
    )


@bounded
@given(VALUES)
@example("a\0b")
def test_literal_settings_come_as_they_are(file, value):
    graph = read(file, one_node(repr({"origin": value})))
    assert repr(graph.find("Crop").parameters["origin"]) == repr(eval(repr(value)))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [complex(0, float("inf"))], range(3)])
def test_settings_without_a_literal_are_refused(file, value):
    assert read(file, one_node(repr({"origin": value}))) is None


class Trap:
    """Says so when it is unpickled."""

    def __reduce__(self):
        return Path.touch, (Path("sprung").absolute(),)


@pytest.mark.parametrize("kind", ["pickle", "literal", "json", ""])
def test_no_settings_run_code(file, tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    pickled = pickle.dumps({"origin": Trap()})
    code = "__import__('pathlib').Path('sprung').touch()"
    for literal in (
        base64.b64encode(pickled).decode(),
        repr(pickled),
        code,
        f"{{'origin': {code}}}",
        f"{{'origin': (lambda: {code})()}}",
        f"{{'origin': [{code} for _ in (1,)]}}",
        f"{{**{code}}}",
        f"{{'origin': f'{{{code}}}'}}",
        "{'origin': (1).__class__}",
    ):
        assert read(file, one_node(literal, kind)) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "literal",
    [
        "(" * 100_000,
        "[" * 5000 + "]" * 5000,
        "-" * 100_000 + "1",
        "{'origin': " * 300 + "1" + "}" * 300,
        "+".join(["1"] * 100_000),
        "{'origin': " + "9" * 10_000 + "}",
        "{'origin': 0x" + "f" * 100_000 + "}",
        "{'origin': 9**9**9**9}",
        "{'origin': 'a' * 10**12}",
        "{'origin': " + "not " * 50_000 + "1}",
        "{'origin': " + "a." * 50_000 + "a}",
        "{'origin': '" + "a" * 10_000_000 + "'}",
        "{'a': 1, {'b': 2}: 3}",
        "{'origin': '\\x",
        "{'origin': '\\N{no such}'}",
        "{'origin': b'\xe9'}",
        "{'origin': 1\\",
        "#",
        "",
    ],
    ids=lambda literal: f"{literal[:12]}...{len(literal)}",
)
def test_settings_that_are_meant_to_choke_the_reader(file, literal):
    read(file, one_node(literal))


@pytest.mark.parametrize(
    "text",
    [
        "<a>" * 200_000,
        "<scheme version='2.0'>" + "<a>" * 200_000 + "</a>" * 200_000 + "</scheme>",
        "<scheme version='2.0'><nodes>" + "<node/>" * 1000 + "</nodes></scheme>",
        "<scheme " + " ".join(f"a{i}='1'" for i in range(50_000)) + " version='2.0'/>",
        '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'
        "<scheme version='2.0'><nodes>&c;</nodes></scheme>",
        '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><scheme version="2.0">&a;</scheme>',
        '<!DOCTYPE a SYSTEM "http://localhost:1/x.dtd"><scheme version="2.0"/>',
        "<scheme version='2.0'>&nothing;</scheme>",
        "<scheme version='2.0'>&#0;</scheme>",
        "<?xml version='1.0' encoding='utf-16'?><scheme version='2.0'/>",
        "<?xml version='1.0' encoding='idna'?><scheme version='2.0'/>",
        "<?xml version='1.0' encoding='rot13'?><scheme version='2.0'/>",
        "<?xml version='1.0' encoding='zip'?><scheme version='2.0'/>",
    ],
    ids=lambda text: f"{text[:14]}...{len(text)}",
)
def test_xml_that_is_meant_to_choke_the_reader(file, text):
    assert read(file, text) is None


def test_folder_and_device_are_no_workflows(tmp_path):
    for path in (tmp_path, tmp_path / "none" / "flow.ows", Path("a\0b.ows"), Path("x" * 300 + ".ows")):
        with pytest.raises(WorkflowError):
            read_ows(path)
