"""One workflow over many files or scans: a run for each, one after the other."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from darfix_core.errors import Cancelled, DarfixError, DarfixWarning, DataFileError, WorkflowError
from darfix_core.io.load import files_of
from darfix_core.io.scan_names import dark_scans, may_name_several, scans_named
from darfix_core.model.dataset import Dataset
from darfix_core.workflow.graph import Graph, Node
from darfix_core.workflow.overrides import Overrides, inputs_by_node, scan_reader, set_parameters
from darfix_core.workflow.plan import Plan, make_plan
from darfix_core.workflow.run_names import distinct_names, distinct_stems, each_once, plain_name
from darfix_core.workflow.runner import RunObserver, run_plan


@dataclass(frozen=True, eq=False)
class PlannedRun:
    """One of many runs.

    Parameters
    ----------
    input : str
        Its file, or the first of its files; empty: those of the workflow.
    scan : str
        Its scan; empty: that of the workflow.
    output : str
        Folder of its files; empty: where the nodes say.
    plan : Plan or None
        None where it cannot run.
    error : Exception or None
        Why it cannot run.
    name : str
        Name of its file, with as many folders as tell it from those of the other runs.
    """

    input: str
    scan: str
    output: str
    plan: Plan | None = None
    error: DarfixError | None = None
    name: str = ""

    def ready(self) -> Plan:
        """The plan.

        Raises
        ------
        DarfixError
            If there is none: the error that tells why.
        """
        if self.plan is None:
            raise self.error or WorkflowError("the run has no plan")
        return self.plan

    @property
    def title(self) -> str:
        """File and scan, for people."""
        return ", ".join(part for part in (self.name, f"scan {self.scan}" if self.scan else "") if part)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of a run.

    Parameters
    ----------
    run : PlannedRun
    state : {"ok", "failed", "cancelled", "not run"}
        ``"cancelled"``: while it ran; ``"not run"``: before it began.
    message : str
        Why it failed.
    seconds : float
        How long it ran.
    scan : str
        The scan that was taken, also where none was asked for; empty: unknown.
    n_warnings : int
        How many warnings there were.
    """

    run: PlannedRun
    state: Literal["ok", "failed", "cancelled", "not run"]
    message: str = ""
    seconds: float = 0.0
    scan: str = ""
    n_warnings: int = 0


class ManyObserver(RunObserver, Protocol):
    """Who is told how many runs go. All calls come from the thread that runs them."""

    def run_started(self, run: PlannedRun, number: int, total: int) -> None:
        """A run begins: the `number`-th of `total`, counted from 1."""

    def run_ended(self, outcome: Outcome) -> None:
        """A run has ended, well or not."""


@dataclass(frozen=True)
class _Variation:
    """What a run reads; None: what stands in the workflow. `of_several`: its scan is one that a list, a range or
    ``"all"`` stands for.
    """

    paths: tuple[str, ...] | None
    scan: str | None
    error: DarfixError | None = None
    of_several: bool = False


def plan_runs(graph: Graph, overrides: Overrides) -> list[PlannedRun]:
    """Plan a run for each HDF5 file and each scan that is asked for. Nothing runs yet.

    The files of a series of single frames (EDF, TIFF) are one input. Each run has its output folder in that of
    `overrides`: ``FILE/SCAN``, with the level ``FILE`` where there are several files, and ``SCAN`` where the text names
    several scans by a list, a range or ``"all"``.

    Parameters
    ----------
    graph : Graph
    overrides : Overrides
        `inputs` may hold several files or patterns for one node, `scan` several scans; see
        `darfix_core.io.scan_names.scans_named`.

    Returns
    -------
    list of PlannedRun
        At least one. A file that cannot be planned is among them, with its error.

    Raises
    ------
    WorkflowError
        If what is wrong concerns all runs: an override names no node, several nodes have several files, or there is
        no output folder for several runs.
    """
    graph = set_parameters(graph, overrides.parameters)
    graph, varied, variations = _variations(graph, overrides)
    if len(variations) > 1 and overrides.output is None:
        raise WorkflowError(f"{graph.name}: {len(variations)} runs need a folder for their files; give --output DIR")
    runs = [
        _planned(graph, varied, variation, replace(overrides, output=folder))
        for variation, folder in zip(variations, _folders(variations, overrides.output), strict=True)
    ]
    names = dict(zip(files := list(dict.fromkeys(run.input for run in runs)), distinct_names(files), strict=True))
    return _without_clashes([replace(run, name=names[run.input]) for run in runs])


def _variations(graph: Graph, overrides: Overrides) -> tuple[Graph, str | None, list[_Variation]]:
    """Graph with what is equal in all runs, id of the node that reads something else in each, and what it reads."""
    runnable = graph.runnable()[0]
    groups = {key: _inputs(paths) for key, paths in inputs_by_node(runnable, overrides.inputs).items()}
    several = [key for key, found in groups.items() if len(found) > 1]
    if len(several) > 1:
        titles = " and ".join(repr(graph.nodes[key].title) for key in several)
        raise WorkflowError(f"{graph.name}: {titles} have several files each; one node can, or use --join")
    reader = None if overrides.scan is None else scan_reader(runnable)
    varied = several[0] if several else reader.id if reader is not None else next(iter(groups), None)
    for key, found in groups.items():
        if key != varied:
            graph = _reading(graph, key, found[0])
    if reader is not None and reader.id != varied:
        graph, reader = graph.with_node(graph.nodes[reader.id].with_parameters(scan=overrides.scan)), None
    inputs: list[tuple[str, ...] | None] = [None]
    if varied is not None and varied in groups:
        inputs = [*groups[varied]]
    return graph, varied, [one for paths in inputs for one in _scans_of(paths, reader, overrides.scan)]


def _inputs(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Files that are one input each: an HDF5 file, or all files of another kind together."""
    found: dict[str, list[str]] = {}
    for path in dict.fromkeys(paths):
        try:
            kind, files = files_of(path)
        except (DarfixError, OSError):
            # The plan of its run says what is wrong.
            found.setdefault(path, [path])
            continue
        if kind == "HDF5":
            found |= {file: [file] for file in files}
        else:
            found.setdefault(kind, []).append(path)
    return [tuple(entry) for entry in found.values()]


def _scans_of(paths: tuple[str, ...] | None, reader: Node | None, scan: str | None) -> list[_Variation]:
    """A variation for each scan of an input."""
    if reader is None or scan is None or not may_name_several(scan):
        return [_Variation(paths, None if reader is None else scan)]
    path = reader.parameters.get(reader.step.input_path) if paths is None else paths
    if not path:
        return [_Variation(paths, scan)]  # the plan says that there is no file
    try:
        kind, files = files_of(path)
        if kind != "HDF5":
            return [_Variation(paths, scan)]
        detector, dark = (reader.parameters.get(name) for name in ("detector", "dark"))
        names = scans_named(files[0], scan, detector=detector, without=dark_scans(files[0], dark))
    except (DarfixError, OSError) as error:
        known = error if isinstance(error, DarfixError) else DataFileError(str(error), file=str(path))
        return [_Variation(paths, scan, known)]
    of_several = len(names) > 1 or names[0] not in (scan.strip(), f"{scan.strip()}.1")
    return [_Variation(paths, name, of_several=of_several) for name in names]


def _reading(graph: Graph, key: str, paths: tuple[str, ...]) -> Graph:
    """Graph in which a node reads other files."""
    node = graph.nodes[key]
    value = paths[0] if len(paths) == 1 else paths
    return graph.with_node(node.with_parameters(**{node.step.input_path: value}))


def _planned(graph: Graph, key: str | None, variation: _Variation, overrides: Overrides) -> PlannedRun:
    """A run, planned as far as it can be."""
    if key is not None and variation.paths is not None:
        graph = _reading(graph, key, variation.paths)
    if key is not None and variation.scan is not None:
        graph = graph.with_node(graph.nodes[key].with_parameters(scan=variation.scan))
    run = PlannedRun(
        variation.paths[0] if variation.paths else "", variation.scan or "", overrides.output or "", None, None
    )
    if variation.error is not None:
        return replace(run, error=variation.error)
    try:
        return replace(run, plan=make_plan(graph, replace(overrides, inputs=(), scan=None, parameters=())))
    except DarfixError as error:
        return replace(run, error=error)


def _folders(variations: Sequence[_Variation], output: str | None) -> list[str | None]:
    """Output folder of each run: with a level for the file, and for the scan, where there are several."""
    if output is None:
        return [output] * len(variations)
    files = list(dict.fromkeys(variation.paths for variation in variations))
    stems = dict(zip(files, distinct_stems([paths[0] if paths else "" for paths in files]), strict=True))
    folders: list[str] = []
    for variation in variations:
        levels = [stems[variation.paths]] if len(files) > 1 else []
        if variation.of_several and variation.scan is not None:
            levels.append(plain_name(variation.scan))
        folders.append(os.path.join(output, *levels))
    return each_once(folders)


def _without_clashes(runs: list[PlannedRun]) -> list[PlannedRun]:
    """Runs of which none writes over what another one reads."""
    read = {
        os.path.realpath(path)
        for run in runs
        if run.plan is not None
        for paths in run.plan.inputs.values()
        for path in paths
    }
    checked = []
    for run in runs:
        written = [path for paths in run.plan.files.values() for path in paths] if run.plan is not None else []
        clash = next((path for path in written if os.path.realpath(path) in read), None)
        error = DataFileError("the run would write over an input file", file=clash)
        checked.append(run if clash is None else replace(run, plan=None, error=error))
    return checked


def run_many(
    runs: Sequence[PlannedRun],
    *,
    threads: int | None = None,
    observer: ManyObserver | None = None,
    cancelled: Callable[[], bool] | threading.Event | None = None,
) -> list[Outcome]:
    """Run one after the other. A failure does not stop the rest, cancelling does.

    Parameters
    ----------
    runs : sequence of PlannedRun
        From `plan_runs`.
    threads : int, optional
        Number of threads that compute.
    observer : ManyObserver, optional
        Told about runs, nodes, progress and warnings.
    cancelled : callable or threading.Event, optional
        Tells when to stop.

    Returns
    -------
    list of Outcome
        One for each run, in their order. After cancelling, the one that ran is ``"cancelled"`` and those behind it
        are ``"not run"``.
    """
    outcomes: list[Outcome] = []
    for number, run in enumerate(runs, start=1):
        if outcomes and outcomes[-1].state in ("cancelled", "not run"):
            outcomes.append(Outcome(run, "not run"))
            continue
        if observer is not None:
            observer.run_started(run, number, len(runs))
        outcomes.append(_run_one(run, threads, observer, cancelled))
        if observer is not None:
            observer.run_ended(outcomes[-1])
    return outcomes


def _run_one(
    run: PlannedRun,
    threads: int | None,
    observer: ManyObserver | None,
    cancelled: Callable[[], bool] | threading.Event | None,
) -> Outcome:
    if run.plan is None:
        return Outcome(run, "failed", str(run.error))
    started, watcher = time.monotonic(), _Watcher(observer)
    state: Literal["ok", "failed", "cancelled"] = "ok"
    message = ""
    try:
        run_plan(run.plan, threads=threads, observer=watcher, cancelled=cancelled, on_result=watcher.ended)
    except Cancelled:
        state = "cancelled"
    except DarfixError as error:
        state, message = "failed", str(error)
    scan = run.scan or ", ".join(dict.fromkeys(watcher.scans))
    return Outcome(run, state, message, time.monotonic() - started, scan, watcher.n_warnings)


class _Watcher:
    """Observer that counts warnings and notes which scans were taken, and passes all on."""

    def __init__(self, observer: ManyObserver | None) -> None:
        self._observer, self.n_warnings, self.scans = observer, 0, list[str]()

    def started(self, node: Node, number: int, total: int) -> None:
        if self._observer is not None:
            self._observer.started(node, number, total)

    def progress(self, node: Node, fraction: float, what: str) -> None:
        if self._observer is not None:
            self._observer.progress(node, fraction, what)

    def warned(self, node: Node, message: str) -> None:
        self.n_warnings += 1
        if self._observer is not None:
            self._observer.warned(node, message)
        else:
            warnings.warn(message, DarfixWarning, stacklevel=2)

    def ended(self, node: Node, result: Any) -> None:
        """Note the scan that a node has read."""
        if node.step.input_path and isinstance(result, Dataset) and result.metadata.get("scan"):
            self.scans.append(str(result.metadata["scan"]))
