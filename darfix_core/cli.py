"""The command ``darfix-core``."""

from __future__ import annotations

import argparse
import atexit
import contextlib
import functools
import gc
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from darfix_core import __version__
from darfix_core.commands.signals import Terminated, terminate_as_interrupt
from darfix_core.errors import Cancelled, DarfixError, DarfixWarning

if TYPE_CHECKING:
    from darfix_core.workflow.overrides import Overrides

_EPILOG = """
examples:
  darfix-core demo                              write a scan, analyse it, compare with the truth
  darfix-core info scan.h5                      what a file holds
  darfix-core check scan.h5 -o quality.pdf      what may spoil its maps
  darfix-core run flow.ows --input scan.h5 --scan 2.1 --output results
  darfix-core run flow.ows --input layer_*.h5 --output results
  darfix-core apply grain_plot scan.h5 -o maps.h5
  darfix-core rerun maps.h5 --input other.h5    the same steps on other data
  darfix-core canvas flow.ows                   open the workflow in Orange Canvas
"""


class _Parser(argparse.ArgumentParser):
    """Parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"darfix-core: error: {message}; see {self.prog} --help\n")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a positive integer, got {text!r}")
    return int(text)


# Commands are imported when they run: ``darfix-core --help`` starts at once.


def _info(options: argparse.Namespace) -> int:
    from darfix_core.commands.info import info

    return info(options.file, scan=options.scan, as_json=options.json, positions=options.positions)


def _check(options: argparse.Namespace) -> int:
    from darfix_core.commands.check import check

    return check(
        options.file,
        scan=options.scan,
        positions=options.positions,
        saturation=options.saturation,
        as_json=options.json,
        output=options.output,
        mask=options.mask,
        overwrite=options.overwrite,
        threads=options.threads,
    )


def _overrides(options: argparse.Namespace) -> Overrides:
    from darfix_core.workflow.overrides import Overrides

    return Overrides(
        options.input, options.scan, options.set, options.output, options.overwrite, positions=options.positions
    )


def _run(options: argparse.Namespace) -> int:
    from darfix_core.commands.run import run

    overrides = _overrides(options)
    return run(options.workflow, overrides, threads=options.threads, dry_run=options.dry_run, join=options.join)


def _demo(options: argparse.Namespace) -> int:
    from darfix_core.commands.demo import demo

    return demo(options.output, threads=options.threads)


def _convert(options: argparse.Namespace) -> int:
    from darfix_core.commands.convert import convert

    return convert(options.workflow, options.target, overwrite=options.overwrite)


def _apply(options: argparse.Namespace) -> int:
    from darfix_core.commands.apply import apply

    arguments = [text for text in options.arguments if text != "--debug"]
    options.debug |= len(arguments) < len(options.arguments)
    parser = _Parser(prog=f"darfix-core apply {options.step}", allow_abbrev=False)
    _computing_options(parser)
    return apply(options.step, arguments, parser)


def _rerun(options: argparse.Namespace) -> int:
    from darfix_core.commands.rerun import rerun

    return rerun(options.file, _overrides(options), threads=options.threads, dry_run=options.dry_run)


def _steps(options: argparse.Namespace) -> int:
    from darfix_core.commands.steps import steps

    return steps(options.step, as_json=options.json)


def _canvas(options: argparse.Namespace) -> int:
    from darfix_core.commands.canvas import canvas

    return canvas(options.workflow)


def make_parser() -> argparse.ArgumentParser:
    """Parser of the command line, with all commands and options."""
    parser = _Parser(
        prog="darfix-core",
        description="Analysis and simulation of dark-field X-ray microscopy.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"darfix-core {__version__}")
    parser.add_argument("--debug", action="store_true", help="show where in the program an error arose")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)

    def command(name: str, function: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        made.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        made.set_defaults(function=function)
        return made

    demo = command("demo", _demo, "write a synthetic scan, analyse it and compare with the truth")
    demo.add_argument("--output", metavar="DIR", help="folder to write to (default: darfix-demo)")
    _computing_options(demo)

    info = command("info", _info, "show the scans, detectors, motors and dimensions of a file")
    info.add_argument("file", nargs="+", help="HDF5 file; EDF, TIFF or npy file, files, folder or pattern")
    info.add_argument(
        "--scan",
        metavar="S",
        help="only this scan, such as 1.1 (1 for short), or several and what joins them: 1.1,3.1 or all",
    )
    _positions_option(info)
    info.add_argument("--json", action="store_true", help="write JSON, for programs")

    _check_options(command("check", _check, "look through a scan, and say what may spoil its maps"))

    _run_options(command("run", _run, "run a workflow that was saved in the canvas"))

    convert = command("convert", _convert, "write a workflow as a graph for ewoks, the workflow system of the ESRF")
    convert.add_argument("workflow", metavar="FLOW.ows", help="the workflow")
    convert.add_argument("target", metavar="FLOW.json", help="the file to write, for: ewoks execute FLOW.json")
    convert.add_argument("--overwrite", action="store_true", help="replace an existing file")

    apply = command("apply", _apply, "run a single step on files, and save what it gives")
    apply.usage = "darfix-core apply STEP INPUT... [--PARAMETER VALUE ...] -o FILE.h5"
    apply.epilog = "darfix-core apply STEP --help shows the parameters of a step, darfix-core steps all steps."
    apply.add_argument("step", metavar="STEP", help="step to run, such as roi")
    apply.add_argument("arguments", metavar="...", nargs=argparse.REMAINDER, help="inputs, parameters and output")

    _rerun_options(command("rerun", _rerun, "make stored maps, or a saved dataset, again: from the same or other data"))

    steps = command("steps", _steps, "list the steps, or describe one with its parameters")
    steps.add_argument("step", nargs="?", help="step to describe")
    steps.add_argument("--json", action="store_true", help="write JSON, for programs")

    canvas = command("canvas", _canvas, "start Orange Canvas")
    canvas.add_argument("workflow", nargs="?", metavar="FILE", help=".ows file to open")
    return parser


def _check_options(check: argparse.ArgumentParser) -> None:
    check.epilog = "exit status: 0 where no check is bad, 3 where one is; doubtful is not bad"
    check.add_argument("file", nargs="+", help="HDF5 files, each a scan of its own; or the files of one scan")
    check.add_argument("--scan", metavar="S", help="scan to check, such as 1.1 (1 for short)")
    _positions_option(check)
    check.add_argument("--saturation", metavar="COUNTS", type=float, help="counts at which the detector is full")
    check.add_argument("--json", action="store_true", help="write JSON, for programs")
    check.add_argument(
        "--output", "-o", metavar="PAGE", help="page of pictures to write (.png, .pdf, .svg), or the verdicts (.json)"
    )
    check.add_argument(
        "--mask", metavar="FILE", help="image of the dead, hot and saturated pixels to write (.npy, .tif, .edf)"
    )
    check.add_argument("--overwrite", action="store_true", help="replace files that exist")
    _computing_options(check)


def _positions_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--positions",
        metavar="FILE",
        help="table with the positions of the motors, such as motors.csv, for frames that come without",
    )


def _computing_options(command: argparse.ArgumentParser) -> None:
    """Who computes; `main` opens the execution."""
    command.add_argument("--threads", metavar="N", type=_positive, help="number of threads")
    command.add_argument(
        "--scheduler",
        metavar="WHERE",
        help="who computes: threads (default), local or local:N (worker processes), or a Dask scheduler, such as "
        "tcp://host:8786",
    )


class _Inputs(argparse.Action):
    """Files for ``--input``, as many as there are. A workflow that comes behind them is not one of them.

    Parameters
    ----------
    workflow : argparse.Action
        The argument that takes the workflow.
    """

    def __init__(self, *arguments: Any, workflow: argparse.Action, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._workflow = workflow

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        given = list(values or ())
        if namespace.workflow is None and len(given) > 1 and given[-1].endswith(".ows"):
            namespace.workflow = given.pop()
            # argparse looks for what is required after all actions have been called.
            self._workflow.required = False
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), *given])


def _run_options(run: argparse.ArgumentParser) -> None:
    workflow = run.add_argument("workflow", metavar="FLOW.ows", help="the workflow")
    run.add_argument(
        "--input",
        action=_Inputs,
        workflow=workflow,
        nargs="+",
        default=[],
        metavar="[NODE=]PATH",
        help="file for the node that reads one, or several or a pattern: HDF5 files are run one after the other, EDF, "
        "TIFF and npy files are one stack. Without it: what was saved, relative paths beside the workflow",
    )
    run.add_argument(
        "--scan",
        metavar="S",
        help="scan to read, such as 1.1 (1 for short), or several, each a run of its own: 1.1,3.1 or 1.1-7.1 or all",
    )
    _positions_option(run)
    run.add_argument("--join", action="store_true", help="join several files or scans to one dataset, in one run")
    run.add_argument(
        "--output",
        metavar="DIR",
        help="folder for all files that are written. Without it: where the nodes say, relative paths in the current "
        "folder. A workflow without Save Maps needs it: the maps at its ends are saved as NODE.h5. Several runs need "
        "it: each has a folder in it, DIR/FILE where there are several files, DIR/SCAN where --scan names several (a "
        "list, a range, all), DIR/FILE/SCAN for both; FILE is the name without its ending",
    )
    run.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NODE.PARAMETER=VALUE",
        help="change a parameter; the node by its title or number. May be given several times",
    )
    _computing_options(run)
    run.add_argument("--dry-run", action="store_true", help="check everything and show the plan, run nothing")
    run.add_argument("--overwrite", action="store_true", help="replace existing output files")


def _rerun_options(rerun: argparse.ArgumentParser) -> None:
    rerun.add_argument("file", metavar="FILE.h5", help="maps or a dataset that darfix-core has saved")
    rerun.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="[STEP=]PATH",
        help="file to read instead of the one that was read; or a saved dataset, to begin with instead of the result "
        "of a step. May be given several times",
    )
    rerun.add_argument("--scan", metavar="S", help="scan to read, such as 1.1 (1 for short)")
    _positions_option(rerun)
    rerun.add_argument(
        "--output", "-o", metavar="PATH", help="file, or folder, to write to (default: FILE_rerun.h5 beside the file)"
    )
    rerun.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="STEP.PARAMETER=VALUE",
        help="change a parameter. May be given several times",
    )
    _computing_options(rerun)
    rerun.add_argument("--dry-run", action="store_true", help="show the steps and what became of the files, and stop")
    rerun.add_argument("--overwrite", action="store_true", help="replace existing output files")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the name of the program; default: those of the process.

    Returns
    -------
    int
        0 when all went well, 2 for an error of the user or in the data, 130 when cancelled, 143 when
        cancelled by SIGTERM, 1 for a fault of the program; 3 where `check` has found something bad.
    """
    options = make_parser().parse_args(arguments)
    _end_swiftly()
    with warnings.catch_warnings():
        warnings.simplefilter("always", DarfixWarning)
        _show_warnings_as_lines()
        try:
            with terminate_as_interrupt(), _computing(options):
                status = int(options.function(options))
            sys.stdout.flush()
            return status
        except (Cancelled, KeyboardInterrupt) as stop:
            return _cancelled(stop)
        except BrokenPipeError:
            # The reader of the output, such as head, has left; Python would complain when it closes the stream.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except (DarfixError, OSError, ValueError, TypeError) as error:
            return _failed(error, str(error), 2, debug=options.debug)
        except Exception as error:  # noqa: BLE001  (the last resort: whatever it is, the user gets a line)
            message = f"{type(error).__name__}: {error} (a fault of the program; --debug shows where)"
            return _failed(error, message, 1, debug=options.debug)


@functools.cache
def _end_swiftly() -> None:
    """Let the process end without a search for garbage among all that was imported, which takes half a second."""
    atexit.register(gc.freeze)


def _computing(options: argparse.Namespace) -> contextlib.AbstractContextManager[object]:
    """Conditions of what a command computes, for those that compute."""
    if getattr(options, "scheduler", None) is None:
        return contextlib.nullcontext()
    from darfix_core.engine.execution import execution

    return execution(scheduler=options.scheduler)


def _cancelled(stop: BaseException) -> int:
    _complain("cancelled", "no unfinished file is left")
    return 143 if isinstance(stop, Terminated) else 130


def _interrupt_behind(error: BaseException) -> KeyboardInterrupt | None:
    """Ctrl-C that another package made an error of its own from, as numpy does while it is imported."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, KeyboardInterrupt):
        cause = cause.__cause__ or cause.__context__
    return cause


def _failed(error: Exception, message: str, status: int, *, debug: bool) -> int:
    interrupt = _interrupt_behind(error)
    if interrupt is not None:
        return _cancelled(interrupt)
    if debug:
        traceback.print_exception(error)
    _complain("error", message)
    return status


def _complain(kind: str, message: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"darfix-core: {kind}: {message}\n")


def _show_warnings_as_lines() -> None:
    """Warnings of darfix-core become a line each; those of other packages stay as they are."""
    others = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], filename: str, lineno: int, *rest: object) -> None:
        if issubclass(category, DarfixWarning):
            _complain("warning", str(message))
        else:
            others(message, category, filename, lineno)

    warnings.showwarning = show  # type: ignore[assignment]


if __name__ == "__main__":
    sys.exit(main())
