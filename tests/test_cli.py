from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from darfix_core import __version__
from darfix_core.cli import main, make_parser
from darfix_core.engine.execution import warn


def run_command(command, monkeypatch, *arguments):
    """Exit status of ``darfix-core steps`` with another function behind it."""
    monkeypatch.setattr("darfix_core.cli._steps", command)
    return main(["steps", *arguments])


def test_version(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"darfix-core {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND; see darfix-core --help"),
        (["rnu"], "invalid choice: 'rnu'"),
        (["run"], "the following arguments are required: FLOW.ows; see darfix-core run --help"),
        (["run", "x.ows", "--threads", "0"], "argument --threads: must be a positive integer, got '0'"),
        (["info"], "see darfix-core info --help"),
    ],
)
def test_usage_errors_are_one_line_and_status_2(capsys, arguments, message):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith("darfix-core: error: ")
    assert message in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("error", [ValueError("wrong value"), TypeError("wrong value"), OSError("wrong value")])
def test_errors_of_the_user_are_one_line(monkeypatch, capsys, error):
    def fail(options):
        raise error

    assert run_command(fail, monkeypatch) == 2
    assert capsys.readouterr().err == "darfix-core: error: wrong value\n"


def test_faults_of_the_program_have_status_1_and_a_way_to_the_trace(monkeypatch, capsys):
    def fail(options):
        raise KeyError("x")

    assert run_command(fail, monkeypatch) == 1
    assert (
        capsys.readouterr().err == "darfix-core: error: KeyError: 'x' (a fault of the program; --debug shows where)\n"
    )
    assert run_command(fail, monkeypatch, "--debug") == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupt_and_termination_have_their_status(monkeypatch, capsys, number, status):
    def fail(options):
        os.kill(os.getpid(), number)

    assert run_command(fail, monkeypatch) == status
    assert capsys.readouterr().err.startswith("darfix-core: cancelled")


def test_interrupt_that_became_another_error_is_one_still(monkeypatch, capsys):
    def interrupted(*arguments, **options):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise ImportError("numpy cannot be imported") from error

    monkeypatch.setattr("darfix_core.commands.steps.steps", interrupted)
    assert main(["steps"]) == 130
    assert capsys.readouterr().err == "darfix-core: cancelled: no unfinished file is left\n"


def test_warnings_are_lines(monkeypatch, capsys):
    def command(options):
        warn("the pedestal is high")
        return 0

    assert run_command(command, monkeypatch) == 0
    assert capsys.readouterr().err == "darfix-core: warning: the pedestal is high\n"


@pytest.mark.parametrize(
    ("arguments", "inputs"),
    [
        (["flow.ows"], []),
        (["flow.ows", "--input", "a.h5", "b.h5", "--input", "c.h5"], ["a.h5", "b.h5", "c.h5"]),
        (["--input", "a.h5", "flow.ows"], ["a.h5"]),
        (["--input", "a.h5", "b.h5", "flow.ows", "--threads", "2"], ["a.h5", "b.h5"]),
        (["--input", "a.h5", "--threads", "2", "flow.ows"], ["a.h5"]),
    ],
)
def test_files_and_the_workflow_are_told_apart(arguments, inputs):
    options = make_parser().parse_args(["run", *arguments])
    assert (options.workflow, options.input) == ("flow.ows", inputs)


def test_every_command_has_help():
    parser = make_parser()
    commands = next(action for action in parser._actions if action.metavar == "COMMAND").choices
    assert list(commands) == ["demo", "info", "check", "run", "convert", "apply", "rerun", "steps", "canvas"]
    for command in commands.values():
        assert command.description


def test_a_reader_that_leaves_early_is_no_error():
    code = "from darfix_core.cli import main; import sys; sys.exit(main(['steps', 'roi']))"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    err = process.stderr.read().decode()
    assert process.wait(60) == 0
    assert err == ""


def test_help_loads_no_heavy_module():
    code = """
import sys
from darfix_core.cli import make_parser
make_parser().format_help()
heavy = {"numpy", "h5py", "numba", "matplotlib", "rich", "scipy", "pydantic"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
