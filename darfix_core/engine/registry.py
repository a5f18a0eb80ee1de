"""The registry of steps and the decorator that puts them there.

A step is a plain function of datasets and parameters. The decorator reads its signature and docstring,
so that the widget form, the command line, the workflow runner and the reference page follow from them.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ParamSpec, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

from darfix_core.engine.docstrings import first_paragraph, parameter_descriptions
from darfix_core.engine.execution import collect_warnings, deliver_warnings
from darfix_core.engine.file_parameters import absolute_files, named_files
from darfix_core.engine.parameters import Parameter, Parameters, split_annotation, union_members
from darfix_core.engine.step_inputs import StepInput, gathered, input_name, spread
from darfix_core.engine.step_inputs import channel_name as channel_name
from darfix_core.errors import WorkflowError, nearest
from darfix_core.model.arrays import frozen_mapping
from darfix_core.model.dataset import Dataset
from darfix_core.model.frame_sources import SourceFile
from darfix_core.model.history import History, HistoryNode
from darfix_core.model.maps import Maps
from darfix_core.model.mask import Mask
from darfix_core.model.scan_quality import ScanQuality
from darfix_core.model.shift import Shift

#: Brings the parameters of a version of a step to the next one.
Migration = Callable[[dict[str, Any]], Mapping[str, Any]]

P = ParamSpec("P")
R = TypeVar("R")

#: What travels along the wires of a workflow.
Signal: TypeAlias = Dataset | Maps | Shift | Mask | ScanQuality

#: The same, each with the name of its channel.
SIGNALS: dict[str, type] = {"dataset": Dataset, "maps": Maps, "shift": Shift, "mask": Mask, "quality": ScanQuality}

#: Step id -> module that defines it. Modules are imported when a step is asked for.
STEP_MODULES = {
    "load": "darfix_core.steps.load",
    "load_dataset": "darfix_core.steps.load_dataset",
    "concatenate": "darfix_core.steps.concatenate",
    "define_dimensions": "darfix_core.steps.define_dimensions",
    "select_frames": "darfix_core.steps.select_frames",
    "partition": "darfix_core.steps.partition",
    "roi": "darfix_core.steps.roi",
    "binning": "darfix_core.steps.binning",
    "apply_mask": "darfix_core.steps.apply_mask",
    "subtract_dark": "darfix_core.steps.subtract_dark",
    "divide_flat": "darfix_core.steps.divide_flat",
    "normalise": "darfix_core.steps.normalise",
    "subtract_background": "darfix_core.steps.subtract_background",
    "remove_hot_pixels": "darfix_core.steps.remove_hot_pixels",
    "threshold": "darfix_core.steps.threshold",
    "gradient_threshold": "darfix_core.steps.gradient_threshold",
    "weak_beam": "darfix_core.steps.weak_beam",
    "noise_removal": "darfix_core.steps.noise_removal",
    "find_shift": "darfix_core.steps.find_shift",
    "correct_shift": "darfix_core.steps.correct_shift",
    "shift_correction": "darfix_core.steps.shift_correction",
    "load_shift": "darfix_core.steps.load_shift",
    "save_shift": "darfix_core.steps.save_shift",
    "projection": "darfix_core.steps.projection",
    "z_sum": "darfix_core.steps.z_sum",
    "persist": "darfix_core.steps.persist",
    "data_copy": "darfix_core.steps.data_copy",
    "scan_quality": "darfix_core.steps.scan_quality",
    "moments": "darfix_core.steps.moments",
    "grain_plot": "darfix_core.steps.grain_plot",
    "save_maps": "darfix_core.steps.save_maps",
    "save_dataset": "darfix_core.steps.save_dataset",
}


@dataclass(frozen=True, eq=False)
class Step:
    """A step: what it is called, what it takes, what it gives.

    Parameters
    ----------
    id : str
        Name of the public function and of the command-line step.
    version : int
        Raised when the result for the same parameters changes.
    function : callable
        The undecorated function.
    title : str
        Shown to users; the name of the widget.
    inputs : mapping
        Name -> `StepInput`.
    outputs : mapping
        Name -> type, the main one first; empty for steps that only write.
    parameters : Parameters
    positional : tuple of str
        Inputs, and parameters that may be given without their name.
    widget : str
        Qualified name of the widget class; empty where another widget serves the step.
    input_path, output_path : str
        Parameter that names the file which the step reads or writes; empty where there is none.
    file_parameters : tuple of str
        All parameters that may name files to read, `input_path` first. What follows ``::`` in their values is a
        path inside the file.
    summary : str
        First paragraph of the docstring.
    migrations : mapping
        Version -> function that makes its parameters those of the next version.
    needs_dimensions : bool
        Whether the dataset must have its scan dimensions defined.
    uses_dimensions : bool
        Whether the step does more where they are defined.
    """

    id: str
    version: int
    function: Callable[..., Any]
    title: str
    inputs: Mapping[str, StepInput]
    outputs: Mapping[str, type]
    parameters: Parameters
    positional: tuple[str, ...]
    widget: str = ""
    input_path: str = ""
    output_path: str = ""
    file_parameters: tuple[str, ...] = ()
    summary: str = ""
    migrations: Mapping[int, Migration] = field(default_factory=dict)
    needs_dimensions: bool = False
    uses_dimensions: bool = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Check, run, and record the history. See :func:`step`."""
        inputs, given = self._bind(args, kwargs)
        values = self.parameters.validate(given)
        with collect_warnings() as messages:
            result = self.function(**inputs, **values)
        deliver_warnings(messages, stacklevel=4)
        return self._with_history(result, spread(inputs), values, tuple(messages))

    def input_of(self, name: str) -> StepInput:
        """Input of that name; also that of one of several values, such as ``"datasets 2"``."""
        return self.inputs[input_name(name)]

    def results(self, value: Any) -> dict[str, Any]:
        """Name of each output -> what the step gave for it.

        Parameters
        ----------
        value : object
            What a call of the step has returned: a tuple where there are several outputs; None for nothing.

        Returns
        -------
        dict
        """
        if value is None:
            return dict.fromkeys(self.outputs)
        return dict(zip(self.outputs, value if len(self.outputs) > 1 else (value,), strict=False))

    def migrated(self, parameters: Mapping[str, Any], version: int, package_version: str = "") -> dict[str, Any]:
        """Parameters that another version of the step was run with, as this version takes them.

        Parameters
        ----------
        parameters : mapping
        version : int
            Version of the step that they belong to.
        package_version : str
            Version of darfix-core that ran it, for the message.

        Returns
        -------
        dict

        Raises
        ------
        WorkflowError
            If that version is newer than this one, or cannot be brought to this one.
        """
        made_by = f"{self.title}: the result was made by version {version} of this step"
        by = f" (darfix-core {package_version})" if package_version else ""
        if version > self.version:
            newer = f"darfix-core {package_version} or newer" if package_version else "a newer darfix-core"
            raise WorkflowError(f"{made_by}{by}, here is version {self.version}; {newer} can run it")
        values = dict(parameters)
        for older in range(version, self.version):
            if older not in self.migrations:
                can = f"; darfix-core {package_version} can run it" if package_version else ""
                raise WorkflowError(f"{made_by}{by}, which version {self.version} here cannot repeat{can}")
            values = dict(self.migrations[older](values))
        return values

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Inputs and parameters of a call, checked; several values may come one by one, under their numbered names."""
        if len(args) > len(self.positional):
            raise TypeError(
                f"{self.id} takes {len(self.positional)} positional argument(s) "
                f"({', '.join(self.positional) or 'none'}), got {len(args)}; other parameters are given by name"
            )
        given = dict(zip(self.positional, args, strict=False))
        for name, value in gathered(kwargs, self.inputs).items():
            if name in given:
                raise TypeError(f"{self.id} got {name!r} twice")
            given[name] = value
        inputs = {name: declared.checked(given.pop(name, None), self.id) for name, declared in self.inputs.items()}
        return inputs, given

    def _with_history(
        self, result: Any, inputs: Mapping[str, Any], values: Mapping[str, Any], messages: tuple[str, ...]
    ) -> Any:
        """Result with the history of this call; what was saved and is opened goes on with the one that it has."""
        from darfix_core import __version__

        opened = isinstance(result, Signal) and not self.inputs and result.history.made_by_steps
        if opened or self.output_path:
            return result

        histories = {name: value.history for name, value in inputs.items()}
        parameters = absolute_files(values, self.file_parameters, self.input_path, (Path.cwd(),))
        several = len(self.outputs) > 1

        def recorded(output: str, value: Any) -> Any:
            if value is None:
                return None
            node = HistoryNode(
                step=self.id,
                version=self.version,
                parameters=parameters,
                inputs={name: history.head for name, history in histories.items() if history.head is not None},
                package_version=__version__,
                sources=self._sources(value, inputs, parameters),
                warnings=messages,
                output=output if several else "",
            )
            return value.with_history(History.join(node, histories.values()))

        made = tuple(recorded(output, value) for output, value in self.results(result).items())
        return made if several else made[0] if made else result

    def _sources(self, result: Any, inputs: Mapping[str, Any], parameters: Mapping[str, Any]) -> tuple[SourceFile, ...]:
        """Files that this step read: those of its result that none of its inputs has, and others that it names."""
        known = {file for value in inputs.values() if isinstance(value, Dataset) for file in value.files}
        given = result.files if isinstance(result, Dataset) else ()
        found = tuple(file for file in given if file not in known)
        known_by_result = self.input_path if isinstance(result, Dataset) else ""
        further = [name for name in self.file_parameters if name != known_by_result]
        return found + named_files([parameters[name] for name in further], found)


_steps: dict[str, Step] = {}


def step(
    id: str,
    *,
    version: int,
    title: str,
    widget: str = "",
    input_path: str = "",
    output_path: str = "",
    file_parameters: tuple[str, ...] = (),
    migrations: Mapping[int, Migration] | None = None,
    needs_dimensions: bool = False,
    uses_dimensions: bool = False,
    outputs: tuple[str, ...] = (),
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Register a function as a step.

    The function takes its inputs (`Dataset`, `Maps` ..., ``tuple[Dataset, ...]`` for several) as the first arguments
    and its parameters as keyword-only ones with literal, annotated types. The wrapper that replaces it checks both,
    runs it and records the history in the result; the function itself never changes its inputs.

    Parameters
    ----------
    id : str
        Name of the step: that of the function.
    version : int
        To be raised when the result for the same parameters changes.
    title : str
        What users read.
    widget : str
        Qualified name of the widget class.
    input_path, output_path : str
        Parameter that names the file which the step reads or writes, if it does.
    file_parameters : tuple of str
        Further parameters that may name files to read.
    migrations : mapping, optional
        Older version -> function that takes the parameters of that version, which it may change, and returns those
        with which the next version gives the same result. A history of an older version without one is refused.
    needs_dimensions : bool
        True for a step that raises DimensionError without them; who runs it alone finds them first.
    uses_dimensions : bool
        True for a step that does more where they are defined; who runs it alone finds them first if they can
        be found.
    outputs : tuple of str
        Names of the results of a function that returns a tuple, the main one first. A function that returns one value
        needs none: its output is named after its type.

    Returns
    -------
    callable
        Decorator.
    """

    def register(function: Callable[P, R]) -> Callable[P, R]:
        _steps[id] = made = Step(
            id=id,
            version=version,
            function=function,
            title=title,
            widget=widget,
            input_path=input_path,
            output_path=output_path,
            file_parameters=tuple(filter(None, (input_path, *file_parameters))),
            migrations=frozen_mapping(migrations or {}),
            needs_dimensions=needs_dimensions,
            uses_dimensions=uses_dimensions or needs_dimensions,
            **_declared(function, id, outputs),
        )

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            result: R = made(*args, **kwargs)
            return result

        call.step = made  # type: ignore[attr-defined]
        return call

    return register


def _declared(function: Callable[..., Any], id: str, outputs: tuple[str, ...]) -> dict[str, Any]:
    """What the signature and the docstring of a step's function say: fields of `Step`."""
    hints = get_type_hints(function, include_extras=True)
    docstring = function.__doc__ or ""
    texts = parameter_descriptions(docstring)
    inputs: dict[str, StepInput] = {}
    parameters: dict[str, Parameter] = {}
    positional: list[str] = []
    for name, entry in inspect.signature(function).parameters.items():
        if entry.kind is not inspect.Parameter.KEYWORD_ONLY:
            positional.append(name)
        declared = next(member for member in union_members(hints[name]) if member is not type(None))
        many = get_origin(declared) is tuple and get_args(declared)[0] in SIGNALS.values()
        taken = get_args(declared)[0] if many else declared
        if taken in SIGNALS.values():
            inputs[name] = StepInput(name, taken, entry.default is None, many)
        else:
            kind, unit, constraints = split_annotation(hints[name])
            parameters[name] = Parameter(name, kind, entry.default, unit, constraints, texts.get(name, ""))
    return {
        "inputs": inputs,
        "outputs": _outputs(hints["return"], outputs),
        "parameters": Parameters(id, parameters),
        "positional": tuple(positional),
        "summary": first_paragraph(docstring),
    }


def _outputs(returned: Any, names: tuple[str, ...]) -> dict[str, type]:
    """Name -> type of each result."""
    if names:
        kinds = [union_members(kind)[0] for kind in get_args(returned)]
        return dict(zip(names, kinds, strict=True))
    return {name: kind for name, kind in SIGNALS.items() if kind is returned}


def get_step(id: str) -> Step:
    """Step with that id.

    Raises
    ------
    KeyError
        If there is none; the message holds the nearest ids.
    """
    if id not in _steps:
        if id not in STEP_MODULES:
            raise KeyError(f"no step {id!r}{nearest(id, list(STEP_MODULES))}")
        importlib.import_module(STEP_MODULES[id])
    return _steps[id]


def all_steps() -> Iterator[Step]:
    """Every step, in the order of a workflow."""
    for id in STEP_MODULES:
        yield get_step(id)


def writer_of(kind: type) -> Step | None:
    """Step that is there to write what is of that type to a file; None where there is none."""
    writers = (entry for entry in all_steps() if entry.output_path and not entry.outputs)
    return next((entry for entry in writers if next(iter(entry.inputs.values())).kind is kind), None)


def reader_of(kind: type) -> Step | None:
    """Step that opens files of that type; None where there is none."""
    readers = (entry for entry in all_steps() if entry.input_path and not entry.inputs)
    return next((entry for entry in readers if list(entry.outputs.values()) == [kind]), None)


def step_of_widget(qualified_name: str) -> Step | None:
    """Step of a widget class, None where no step has such a widget."""
    return next((entry for entry in all_steps() if entry.widget == qualified_name), None)
