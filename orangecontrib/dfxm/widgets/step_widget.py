"""Base of the widgets: a widget is the id of its step, a view, and what is special about it.

The parameters of the step become settings and a form, its inputs and outputs the signals. The step runs in a
thread; a change while it runs cancels it and starts again with the newest values.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from AnyQt.QtCore import QSize, Qt, QTimer
from AnyQt.QtWidgets import QLabel, QPushButton, QSpacerItem, QWidget
from Orange.widgets.settings import Setting
from Orange.widgets.utils.concurrent import ConcurrentWidgetMixin, TaskState
from Orange.widgets.widget import Input, Msg, MultiInput, Output, OWWidget
from orangewidget import gui

from darfix_core.engine.execution import execution
from darfix_core.engine.registry import STEP_MODULES, Step, channel_name, get_step
from darfix_core.errors import Cancelled, DarfixError
from darfix_core.workflow.paths import beside_workflow
from orangecontrib.dfxm.summaries import error_text
from orangecontrib.dfxm.views.latest_task import LatestTask
from orangecontrib.dfxm.views.parameter_editors import Editor
from orangecontrib.dfxm.views.parameter_form import ParameterForm, parameter_label
from orangecontrib.dfxm.widgets.followers import stop_followers
from orangecontrib.dfxm.widgets.reporting import show_messages, write_report

log = logging.getLogger(__name__)

Literal = Any
_FRAME = 100  # px of the screen left free by new windows: for their frame, which Qt takes for 40 px, on both sides
# What the user can do something about; anything else is a mistake of ours and goes to the log with its trace.
_EXPECTED = (DarfixError, ValueError, TypeError, OSError, MemoryError)


def run_step(step: Step, inputs: Mapping[str, Any], parameters: Mapping[str, Literal], state: TaskState) -> Any:
    """Run a step in the thread of a widget.

    Returns
    -------
    (object, list of str)
        Result of the step and the warnings that it gave.
    """
    messages: list[str] = []
    shown = ""

    def progress(fraction: float, what: str) -> None:
        nonlocal shown
        if what != shown:
            shown = what
            state.set_status(what)
        state.set_progress_value(100 * fraction)

    with execution(progress=progress, cancelled=state.is_interruption_requested, on_warning=messages.append):
        return step(**inputs, **parameters), messages


def _handlers(name: str, signal: Input) -> dict[str, tuple[Callable[..., None], Callable[..., Any]]]:
    """Methods of a widget that take what comes in on an input, each with what makes it known to Orange."""

    def set_value(widget: StepWidget, value: Any) -> None:
        widget.received[name] = value

    def set_part(widget: StepWidget, index: int, value: Any) -> None:
        widget.received[name][index] = value

    def insert_part(widget: StepWidget, index: int, value: Any) -> None:
        widget.received[name].insert(index, value)

    def remove_part(widget: StepWidget, index: int) -> None:
        del widget.received[name][index]

    if not isinstance(signal, MultiInput):
        return {f"set_{name}": (set_value, signal)}
    return {
        f"set_{name}": (set_part, signal),
        f"insert_{name}": (insert_part, signal.insert),
        f"remove_{name}": (remove_part, signal.remove),
    }


class _StepWidgetType(type(OWWidget)):
    """Type of the widgets: finds the task of ewoks when it is asked for.

    ewoks looks for it in the class. It stands in no class, because Orange reads all attributes of a widget as soon as
    the class is made, and to import ewoks takes longer than to import the widgets.
    """

    def __getattr__(cls, name: str) -> Any:
        if name == "ewokstaskclass" and cls.step_id:
            from darfix_core.workflow import ewoks_graph, ewoks_tasks

            return getattr(ewoks_tasks, ewoks_graph.task_name(cls.step))
        raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")


class StepWidget(OWWidget, ConcurrentWidgetMixin, metaclass=_StepWidgetType, openclass=True):
    """A widget that runs one step. See the module's text.

    A concrete widget sets `step_id` and `icon`, and may replace `build_view`, `show_inputs`, `show_result` and
    `picture`. Its name, description, signals and settings follow from the step.
    """

    #: Id of the step; the class is no widget while it is empty.
    step_id: ClassVar[str] = ""
    #: Parameters that the widget edits by itself: they get no row in the form.
    own_parameters: ClassVar[tuple[str, ...]] = ()
    #: Whether new data on an input are always computed. Otherwise that, too, waits for the button.
    commits_on_input: ClassVar[bool] = True
    commit_label: ClassVar[str] = "Apply"
    #: Settings version -> function that brings the settings of that version to the next one, in place.
    migrations: ClassVar[Mapping[int, Callable[[dict[str, Any]], None]]] = {}

    #: Least width of the control area, px.
    control_width: ClassVar[int] = 280
    #: Size of the window until the user changes it.
    window_size: ClassVar[tuple[int, int]] = (1050, 650)

    step: ClassVar[Step]

    autocommit = Setting(True)

    class Error(OWWidget.Error):
        """What stands in the way of a result."""

        failed = Msg("{}")

    class Warning(OWWidget.Warning):
        """What the step found doubtful."""

        doubtful = Msg("{}")
        unreadable = Msg("A frame cannot be shown: {}")

    class Information(OWWidget.Information):
        """What the widget waits for."""

        cancelled = Msg("Cancelled.")
        waiting = Msg("{}")

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if not cls.step_id:
            return
        cls.step = step = get_step(cls.step_id)
        cls.name = cls.__dict__.get("name") or step.title
        cls.description = cls.__dict__.get("description") or step.summary.split(". ")[0].rstrip(".") + "."
        cls.priority = 10 * (1 + list(STEP_MODULES).index(step.id))
        for parameter in step.parameters.entries.values():
            # Kept in the workflow only: a new widget starts from the documented defaults.
            setattr(cls, parameter.name, Setting("" if parameter.required else parameter.default, schema_only=True))
        cls._declare_signals()

    @classmethod
    def _declare_signals(cls) -> None:
        """Inputs and outputs of the step as signals; the channel is the name of the input, capitalised."""
        inputs: dict[str, Input] = {}
        for number, declared in enumerate(cls.step.inputs.values()):
            kind = MultiInput if declared.many else Input
            inputs[declared.name] = signal = kind(declared.channel, declared.kind, default=number == 0)
            for name, (handler, register) in _handlers(declared.name, signal).items():
                handler.__name__ = name
                setattr(cls, name, register(handler))
        outputs = {name: Output(channel_name(name), kind) for name, kind in cls.step.outputs.items()}
        cls.Inputs, cls.Outputs = type("Inputs", (), inputs), type("Outputs", (), outputs)

    def __init__(self) -> None:
        OWWidget.__init__(self)
        ConcurrentWidgetMixin.__init__(self)
        #: What came in on each input; a list where it takes several, with None for what is still to come.
        self.received: dict[str, Any] = {name: [] if entry.many else None for name, entry in self.step.inputs.items()}
        self.produced: Any = None
        self.form = ParameterForm(
            (p for p in self.step.parameters.entries.values() if p.name not in self.own_parameters), self.editors()
        )
        self.form.edited.connect(self._form_edited)
        # The scroll area around takes its width from the layout; the minimum width of the area does not count.
        self.controlArea.layout().addItem(QSpacerItem(self.control_width, 0))
        self.build_controls()
        # What is being done stands at the node on the canvas, too; here it can be read beside the progress bar.
        self.doing = QLabel(wordWrap=True, visible=False, textFormat=Qt.PlainText)
        self.controlArea.layout().addWidget(self.doing)
        self.statusMessageChanged.connect(self._show_doing)
        self._show_parameters()
        self.build_view()
        self.commit_button = gui.auto_commit(self.buttonsArea, self, "autocommit", self.commit_label).button
        self.cancel_button = QPushButton("Cancel", autoDefault=False, visible=False)
        self.cancel_button.clicked.connect(self._cancel_clicked)
        self.buttonsArea.layout().addWidget(self.cancel_button)
        self.processingStateChanged.connect(self._running_changed)
        if not self.received:
            # Nothing will arrive on an input: a reopened workflow starts here, once it is complete.
            self._first = QTimer(self, singleShot=True)
            self._first.timeout.connect(self.first_commit)
            self._first.start(0)

    def sizeHint(self) -> QSize:
        """Size of a new window."""
        return QSize(*self.window_size)

    def setVisible(self, visible: bool) -> None:
        """Give a window that was never shown its size: Qt would take two thirds of a small screen at most."""
        if visible and not self.testAttribute(Qt.WA_Resized):
            room = self.screen().availableSize()
            self.resize(self.sizeHint().boundedTo(QSize(room.width() - _FRAME, room.height() - _FRAME)))
        super().setVisible(visible)

    # What a concrete widget replaces

    def editors(self) -> dict[str, Editor]:
        """Editors of parameters that need another one than their type has."""
        return {}

    def applies(self, name: str) -> bool:
        """Whether a parameter has a meaning as the others stand; one that has none is shown in grey."""
        return True

    def build_controls(self) -> None:
        """Fill the control area."""
        if self.form.editors:
            box = gui.vBox(self.controlArea, "Parameters")
            box.layout().addWidget(self.form)
        gui.rubber(self.controlArea)

    def build_view(self) -> None:
        """Fill the main area."""

    def runner(self) -> Callable[..., Any]:
        """Function that runs in the thread; like `run_step`."""
        return run_step

    def waits_for(self) -> str | None:
        """What is missing before the step can run, in words; None where nothing is."""
        for declared in self.step.inputs.values():
            value = self.received[declared.name]
            if not declared.optional and (value is None or value == []):
                return ""  # the canvas shows an unconnected input by itself
            if declared.many and any(part is None for part in value):
                return f"{declared.channel}: not all have arrived yet."
        for parameter in self.step.parameters.entries.values():
            if parameter.required and getattr(self, parameter.name) in ("", (), None):
                return f"{parameter_label(parameter.name)} is not given."
        return None

    def show_inputs(self) -> None:
        """Show what came in, before it is computed."""

    def show_result(self, result: Any) -> None:
        """Show the result of the step; None where there is none."""

    def picture(self) -> QWidget | None:
        """What the report shows."""
        return None

    def received_inputs(self) -> dict[str, Any]:
        """The inputs as the step takes them: several values as a tuple, without those that are still to come."""
        return {
            name: tuple(part for part in value if part is not None) if isinstance(value, list) else value
            for name, value in self.received.items()
        }

    # Parameters

    def parameters(self) -> dict[str, Literal]:
        """The parameters as they stand, for the step to check."""
        return {name: getattr(self, name) for name in self.step.parameters.entries}

    def resolved_parameters(self) -> dict[str, Literal]:
        """The parameters as the step gets them: input files found as the runner of saved workflows does."""
        folder = self.workflowEnv().get("basedir")
        return beside_workflow(self.step, self.parameters(), folder) if folder else self.parameters()

    def change_parameters(self, **values: Literal) -> None:
        """Set parameters as if the user had typed them."""
        for name, value in values.items():
            setattr(self, name, value)
        self._show_parameters()
        self.commit.deferred()

    def _show_parameters(self) -> None:
        for name in self.form.editors:
            self.form.set_value(name, getattr(self, name))
        self._enable_what_applies()

    def _enable_what_applies(self) -> None:
        for name, editor in self.form.editors.items():
            editor.setEnabled(self.applies(name))

    def _form_edited(self, name: str) -> None:
        setattr(self, name, self.form.value(name))
        self._enable_what_applies()
        self.commit.deferred()

    @classmethod
    def migrate_settings(cls, settings: dict[str, Any], version: int | None) -> None:
        """Bring the settings of an older workflow up to date; Orange calls this."""
        for older in range(version or 1, cls.settings_version):
            if older in cls.migrations:
                cls.migrations[older](settings)

    # Running

    def handleNewSignals(self) -> None:
        """Inputs have changed: the old result no longer belongs to them."""
        self.show_inputs()
        if self.commits_on_input:
            self.commit.now()
        else:
            self.commit.deferred()

    def first_commit(self) -> None:
        """Start of a widget without inputs."""
        self.commit.now()

    @gui.deferred
    def commit(self) -> None:
        """Run the step in the thread; one that is running is cancelled."""
        self._clear_messages()
        missing = self.waits_for()
        if missing is not None:
            self.drop_result(missing)
            return
        stop_followers(self)
        for name in self.step.outputs:
            getattr(self.Outputs, name).invalidate()
        self.start(self.runner(), self.step, self.received_inputs(), self.resolved_parameters())

    def on_done(self, result: Any) -> None:
        """The step has ended well."""
        value, messages = result
        if messages:
            self.Warning.doubtful("\n".join(messages))
        self._finish(value)

    def on_exception(self, ex: Exception) -> None:
        """The step has ended with an error."""
        if isinstance(ex, Cancelled):
            self.Information.cancelled()
        elif isinstance(ex, _EXPECTED):
            self.Error.failed(error_text(ex))
        else:
            log.error("%s failed", self.name, exc_info=ex)
            self.Error.failed(f"{type(ex).__name__}: {ex}")
        self._finish(None)
        self._allow_another_try()

    def on_partial_result(self, result: Any) -> None:
        """Nothing comes before the end, unless the runner of a concrete widget sends it."""

    def _finish(self, value: Any) -> None:
        self.produced = value
        results = {} if value is None else self.step.results(value)
        for name in self.step.outputs:
            getattr(self.Outputs, name).send(results.get(name))
        self.show_result(value)

    def drop_result(self, message: str = "") -> None:
        """Take the result back, and stop what would give another; say what is waited for."""
        self.cancel()
        stop_followers(self)
        self._clear_messages()
        if message:
            self.Information.waiting(message)
        self._finish(None)

    def update_message_state(self) -> None:
        """Show the messages that are active; Orange calls this."""
        if self.message_bar is not None:
            show_messages(self)

    def _clear_messages(self) -> None:
        self.Error.clear()
        self.Warning.clear()
        self.Information.clear()

    def _cancel_clicked(self) -> None:
        if self.task is not None:
            self.cancel()
            self.Information.cancelled()
            # Where the button beside it computes, no second one is needed.
            self.cancel_button.setText("Compute again")
            self.cancel_button.setVisible(self.autocommit)
            self._finish(None)
            self._allow_another_try()
        else:
            self.commit.now()

    def _allow_another_try(self) -> None:
        """Give the button back that a commit has greyed: what stood in the way may be gone by now."""
        if not self.autocommit:
            self.commit.deferred()

    def _running_changed(self) -> None:
        running = bool(self.processingState)
        self.cancel_button.setVisible(running)
        self.cancel_button.setText("Cancel")
        self._show_doing(self.statusMessage())

    def _show_doing(self, text: str) -> None:
        self.doing.setText(f"{text[:1].upper()}{text[1:]} …")
        self.doing.setVisible(bool(text and self.processingState))

    def onDeleteWidget(self) -> None:
        """Stop the threads of the step and of the views, and wait for them."""
        for task in self.findChildren(LatestTask):
            task.close()
        self.shutdown()
        super().onDeleteWidget()

    # Report

    def send_report(self) -> None:
        """Inputs, parameters, result and the picture."""
        write_report(self)
